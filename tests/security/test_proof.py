"""No route opens to a token that is missing, forged, of another kind, or of another site."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from connect import query_string_hash
from sandbox.running import Sandbox
from tests.people import ACCOUNTS, APP_URL, Visitor
from tests.security.forging import claims, foreign_pem, forged, signed_by_rsa
from tests.security.walk import LIFECYCLE, SIGNED_BY_SITE, context_routes, page_routes

CONTEXT_QSH = "context-qsh"


async def _statuses(
    client: httpx.AsyncClient, method: str, url: str, tokens: dict[str, str]
) -> dict[str, int]:
    found = {}
    for attack, token in tokens.items():
        headers = {"Authorization": f"JWT {token}"} if attack != "nothing" else {}
        found[attack] = (await client.request(method, url, headers=headers)).status_code
    return found


async def test_no_context_route_opens_to_a_forged_token(
    app: FastAPI, client: httpx.AsyncClient, configured: Sandbox
) -> None:
    tokens = {"nothing": "", **forged(configured, CONTEXT_QSH)}
    routes = context_routes(app)
    assert len(routes) > 20
    for route in routes:
        statuses = await _statuses(client, route.method, route.url, tokens)
        assert set(statuses.values()) == {401}, (str(route), statuses)


async def test_no_context_route_takes_a_page_token_or_a_token_in_its_address(
    app: FastAPI, client: httpx.AsyncClient, configured: Sandbox, as_: Callable[..., Visitor]
) -> None:
    good = as_("admin").token()
    for route in context_routes(app):
        qsh = query_string_hash(route.method, route.url, "")
        page = {"page token": _signed(configured, qsh)}
        assert await _statuses(client, route.method, route.url, page) == {"page token": 401}
        in_address = await client.request(route.method, f"{route.url}?jwt={good}")
        assert in_address.status_code == 401, str(route)
        both = await client.request(
            route.method, f"{route.url}?jwt={good}", headers={"Authorization": f"JWT {good}"}
        )
        assert both.status_code == 401, str(route)


async def test_no_page_opens_to_a_forged_token(
    app: FastAPI, client: httpx.AsyncClient, configured: Sandbox
) -> None:
    routes = page_routes(app)
    assert len(routes) >= 3
    for route in routes:
        tokens = forged(configured, query_string_hash("GET", route.path, ""))
        for attack, token in tokens.items():
            response = await client.get(route.path, params={"jwt": token})
            assert response.status_code == 401, (str(route), attack)
        assert (await client.get(route.path)).status_code == 401


async def test_no_page_opens_to_a_context_token_or_one_of_another_address(
    app: FastAPI, client: httpx.AsyncClient, configured: Sandbox, as_: Callable[..., Visitor]
) -> None:
    for route in page_routes(app):
        for token in (
            as_("admin").token(),
            _signed(configured, query_string_hash("GET", "/elsewhere", "")),
            _signed(configured, query_string_hash("POST", route.path, "")),
            _signed(configured, query_string_hash("GET", route.path, "lic=active")),
        ):
            response = await client.get(route.path, params={"jwt": token})
            assert response.status_code == 401, str(route)
        good = _signed(configured, query_string_hash("GET", route.path, ""))
        twice = await client.get(
            route.path, params={"jwt": good}, headers={"Authorization": f"JWT {good}"}
        )
        assert twice.status_code == 401, str(route)


async def test_a_signed_address_can_not_be_changed_afterwards(
    client: httpx.AsyncClient, configured: Sandbox
) -> None:
    url = configured.host.frame_url(ACCOUNTS["project"], "getint-project", "PAY")
    assert (await client.get(url)).status_code == 200
    for changed in (
        url.replace("projectId=10001", "projectId=10002"),
        url.replace("lic=active", "lic=none"),
        url + "&extra=1",
        url.replace("/project?", "/admin?"),
    ):
        assert changed != url
        assert (await client.get(changed)).status_code == 401


@pytest.mark.parametrize("path", sorted(LIFECYCLE | SIGNED_BY_SITE))
async def test_lifecycle_takes_no_token_of_another_kind(
    path: str, client: httpx.AsyncClient, configured: Sandbox
) -> None:
    event = path.rsplit("/", 1)[1]
    body = configured.host.payload(configured.host.addon, event)
    body["sharedSecret"] = "a secret of the attacker's own choice"
    qsh = query_string_hash("POST", path, "")
    of_atlassian = path in LIFECYCLE
    tokens = forged(configured, qsh)
    if of_atlassian:
        tokens["HS256 with the site's secret"] = _signed(configured, qsh)
        said = claims(configured, qsh=qsh, aud=[APP_URL])
        tokens["kid that leaves its folder"] = signed_by_rsa(
            configured, configured.site.install_key_pem, said, kid="../../etc/passwd"
        )
        tokens["kid that nobody knows"] = signed_by_rsa(
            configured, foreign_pem(), said, kid="00000000-0000-4000-8000-000000000000"
        )
        tokens["no audience"] = signed_by_rsa(
            configured, configured.site.install_key_pem, claims(configured, qsh=qsh)
        )
    tokens["context token"] = _signed(configured, CONTEXT_QSH)
    for attack, token in tokens.items():
        response = await client.post(path, json=body, headers={"Authorization": f"JWT {token}"})
        assert response.status_code == 401, attack
        assert response.headers["content-type"] == "application/problem+json"
    assert (await client.post(path, json=body)).status_code == 401


async def test_a_replayed_install_changes_nothing(
    client: httpx.AsyncClient, configured: Sandbox, as_: Callable[..., Visitor]
) -> None:
    body = configured.host.payload(configured.host.addon, "installed")
    qsh = query_string_hash("POST", "/connect/lifecycle/installed", "")
    said = claims(configured, qsh=qsh, aud=[APP_URL])
    token = signed_by_rsa(configured, configured.site.install_key_pem, said)
    headers = {"Authorization": f"JWT {token}"}
    first = await client.post("/connect/lifecycle/installed", json=body, headers=headers)
    assert first.status_code == 204
    stolen = {**body, "sharedSecret": "a secret of the attacker's own choice"}
    second = await client.post("/connect/lifecycle/installed", json=stolen, headers=headers)
    assert second.status_code == 401
    assert (await as_("admin").open("general")).status_code == 200


async def test_an_install_for_another_site_than_the_token_names_is_refused(
    client: httpx.AsyncClient, configured: Sandbox
) -> None:
    body = configured.host.payload(configured.host.addon, "installed")
    qsh = query_string_hash("POST", "/connect/lifecycle/installed", "")
    said = claims(configured, qsh=qsh, aud=[APP_URL])
    for changed in (
        {"clientKey": "somebody-else"},
        {"key": "another.app"},
        {"eventType": "uninstalled"},
        {"baseUrl": "https://evil.example.com"},
        {"baseUrl": "https://acme.atlassian.net.evil.example.com"},
    ):
        token = signed_by_rsa(configured, configured.site.install_key_pem, said)
        response = await client.post(
            "/connect/lifecycle/installed",
            json={**body, **changed},
            headers={"Authorization": f"JWT {token}"},
        )
        assert response.status_code == 401, changed


async def test_a_token_of_one_site_opens_nothing_of_another(
    client: httpx.AsyncClient, configured: Sandbox, other_site: Sandbox
) -> None:
    mixed = _signed(configured, CONTEXT_QSH, iss=other_site.site.client_key)
    response = await client.get("/integrations", headers={"Authorization": f"JWT {mixed}"})
    assert response.status_code == 401


def _signed(sandbox: Sandbox, qsh: str, **changed: object) -> str:
    import jwt

    return jwt.encode(
        claims(sandbox, qsh=qsh, **changed), sandbox.host.addon.shared_secret, algorithm="HS256"
    )
