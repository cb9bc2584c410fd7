"""Install, uninstall, enable, disable: what an attacker gets."""

import hmac
import json
import time
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from connect import jws, query_string_hash
from tests.connect import kit
from tests.connect.kit import (
    APP_KEY,
    APP_URL,
    KID,
    RSA_KEY,
    SECRET,
)
from tests.connect.lifecycle_app import (
    EVENTS,
    NEW_SECRET,
    App,
    assert_refused,
    body,
    token_for,
)

FOREIGN_KEY = generate_private_key(public_exponent=65537, key_size=2048)
NOW = int(time.time())
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
CONTEXT = {"qsh": "context-qsh"}
INSTALL_ATTACKS: list[Any] = [
    pytest.param({"key": FOREIGN_KEY}, "signature", id="foreign key"),
    pytest.param({"kid": "unknown-key"}, "unknown_key", id="unknown kid"),
    pytest.param({"kid": "../" + KID}, "key_id", id="kid with .."),
    pytest.param({"kid": "https://evil.example/k"}, "key_id", id="kid is a URL"),
    pytest.param({"kid": ""}, "key_id", id="kid is empty"),
    pytest.param({"aud": ["https://other.example.com"]}, "audience", id="another app"),
    pytest.param({"aud": [APP_URL + ".evil.example"]}, "audience", id="aud has ours as prefix"),
    pytest.param({"aud": [APP_KEY]}, "audience", id="aud is the app key"),
    pytest.param({"aud": None}, "audience", id="no aud"),
    pytest.param({"iss": "another-client"}, "issuer", id="iss is not the body's"),
    pytest.param({"iss": None}, "issuer", id="no iss"),
    pytest.param({"exp": None}, "malformed", id="no exp"),
    pytest.param({"iat": None}, "malformed", id="no iat"),
    pytest.param({"iat": NOW - 300, "exp": NOW - 60}, "expired", id="expired"),
    pytest.param({"exp": NOW + 9000}, "lifetime", id="lives too long"),
    pytest.param({"iat": NOW + 300, "exp": NOW + 400}, "not_yet_valid", id="of tomorrow"),
    pytest.param({"qsh": None}, "qsh", id="no qsh"),
    pytest.param(CONTEXT, "kind", id="context token"),
    pytest.param(
        {"qsh": query_string_hash("POST", "/connect/pages/admin", "")}, "qsh", id="another URL"
    ),
]


@pytest.mark.parametrize("event", ["installed", "uninstalled"])
@pytest.mark.parametrize(("change", "reason"), INSTALL_ATTACKS)
async def test_a_forged_install_or_uninstall_is_refused(
    installed_routes: App, event: str, change: dict[str, Any], reason: str
) -> None:
    sent = body(event) | ({"sharedSecret": NEW_SECRET} if event == "installed" else {})
    answer = await installed_routes.send(event, kit.install_token(event, **change), sent)
    assert_refused(answer, 401, reason)
    assert answer.headers["www-authenticate"] == "JWT"
    assert installed_routes.store.applied == []


@pytest.mark.parametrize("event", ["installed", "uninstalled"])
@pytest.mark.parametrize("secret", [SECRET, PUBLIC_PEM.decode()])
async def test_hs256_never_installs(installed_routes: App, event: str, secret: str) -> None:
    path = f"/connect/lifecycle/{event}"
    times = {"iat": int(time.time()), "exp": int(time.time()) + 60}
    claims = kit.page_claims("POST", path, "", aud=[APP_URL], **times)
    parts = [{"alg": "HS256", "typ": "JWT", "kid": KID}, claims]
    text = ".".join(jws.encode_bytes(json.dumps(part).encode()) for part in parts)
    # PyJWT refuses to sign with what looks like a public key; an attacker does not.
    token = f"{text}.{jws.encode_bytes(hmac.digest(secret.encode(), text.encode(), 'sha256'))}"
    assert_refused(await installed_routes.send(event, token, body(event)), 401, "algorithm")
    assert installed_routes.asked_keys == []


SITE_ATTACKS: list[Any] = [
    pytest.param({"secret": "x" * 40}, "signature", id="wrong secret"),
    pytest.param({"iss": "another-client"}, "issuer", id="another site's name"),
    pytest.param({"aud": ["https://other.example.com"]}, "audience", id="another app"),
    pytest.param({"exp": None}, "malformed", id="no exp"),
    pytest.param({"iat": NOW - 300, "exp": NOW - 60}, "expired", id="expired"),
    pytest.param({"exp": NOW + 9000}, "lifetime", id="lives too long"),
    pytest.param(CONTEXT, "kind", id="context token"),
    pytest.param(
        {"qsh": query_string_hash("GET", "/connect/lifecycle/enabled", "")}, "qsh", id="GET"
    ),
]


@pytest.mark.parametrize("event", ["enabled", "disabled"])
@pytest.mark.parametrize(("change", "reason"), SITE_ATTACKS)
async def test_a_forged_enable_or_disable_is_refused(
    installed_routes: App, event: str, change: dict[str, Any], reason: str
) -> None:
    answer = await installed_routes.send(event, kit.site_token(event, **change), body(event))
    assert_refused(answer, 401, reason)
    assert installed_routes.store.applied == []


@pytest.mark.parametrize("event", ["enabled", "disabled"])
async def test_rs256_neither_enables_nor_disables(installed_routes: App, event: str) -> None:
    answer = await installed_routes.send(event, kit.install_token(event), body(event))
    assert_refused(answer, 401, "algorithm")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "com.other.app"}, "app_key"),
        ({"baseUrl": "https://evil.example"}, "host"),
        ({"baseUrl": "http://one.atlassian.net"}, "host"),
        ({"baseUrl": "https://one.atlassian.net@evil.example"}, "host"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused(
    installed_routes: App, event: str, change: dict[str, str], reason: str
) -> None:
    answer = await installed_routes.send(event, token_for(event, sub="d"), body(event, **change))
    assert_refused(answer, 401, reason)
    assert installed_routes.store.applied == []


@pytest.mark.parametrize("event", EVENTS)
async def test_the_body_can_not_name_another_site(installed_routes: App, event: str) -> None:
    installed_routes.store.sites["victim"] = kit.site(client_key="victim", secret=NEW_SECRET)
    answer = await installed_routes.send(
        event, token_for(event, sub="e"), body(event, clientKey="victim")
    )
    assert answer.status_code == 401
    assert answer.json()["reason"] in {"issuer", "signature"}
    assert installed_routes.store.applied == []


@pytest.mark.parametrize("event", EVENTS)
async def test_the_event_must_be_the_routes(installed_routes: App, event: str) -> None:
    for other in EVENTS:
        if other != event:
            sent = body(other, sharedSecret=SECRET)
            answer = await installed_routes.send(event, token_for(event, sub=f"f{other}"), sent)
            assert_refused(answer, 401, "event")


@pytest.mark.parametrize("event", EVENTS)
async def test_no_token_no_answer(installed_routes: App, event: str) -> None:
    assert_refused(await installed_routes.send(event, None, body(event)), 401, "missing")
    assert_refused(await installed_routes.send(event, "nonsense", body(event)), 401, "malformed")
    by_query = await installed_routes.send(event, None, body(event), f"?jwt={token_for(event)}")
    assert_refused(by_query, 401, "missing")


BAD_BODIES: list[tuple[bytes | dict[str, Any], str]] = [
    (b"", ""),
    (b"{", ""),
    (b"[]", ""),
    (b"\xff", ""),
    (b"[" * 60_000, ""),
    (body("installed", sharedSecret=None), ""),
    (body("installed", baseUrl=None), ""),
    (body("installed", sharedSecret="short"), "sharedSecret"),
    (body("installed", sharedSecret=NEW_SECRET * 4), "sharedSecret"),
    (body("installed", clientKey=""), "clientKey"),
    (body("installed", clientKey="a\0b"), "clientKey"),
    (body("installed", clientKey=None), "clientKey"),
    (body("installed", eventType="exploded"), "eventType"),
]


@pytest.mark.parametrize(("sent", "field"), BAD_BODIES)
async def test_a_body_that_is_no_event_is_a_bad_request(
    routes: App, sent: bytes | dict[str, Any], field: str
) -> None:
    answer = await routes.send("installed", kit.install_token("installed"), sent)
    assert_refused(answer, 400)
    assert field in answer.json()["detail"]
    assert routes.asked_keys == []


@pytest.mark.parametrize(("event", "other"), [("installed", "enabled"), ("enabled", "installed")])
async def test_a_token_of_the_wrong_kind_is_refused_before_the_body_is_read(
    routes: App, event: str, other: str
) -> None:
    assert_refused(await routes.send(event, token_for(other), b"{"), 401, "algorithm")


async def test_too_large_a_body_is_not_read(routes: App) -> None:
    answer = await routes.send("installed", kit.install_token("installed"), b" " * 65_537)
    assert_refused(answer, 413)


async def test_nul_in_a_description_does_no_harm(routes: App) -> None:
    sent = body("installed", description="a\0b")
    assert (await routes.send("installed", kit.install_token("installed"), sent)).status_code == 204
    assert routes.store.applied[0].description == "ab"


async def test_a_silent_key_server_is_cannot_tell(routes: App) -> None:
    routes.key_server_up = False
    answer = await routes.send("installed", kit.install_token("installed"), body("installed"))
    assert_refused(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    routes.key_server_up = True
    answer = await routes.send("installed", kit.install_token("installed"), body("installed"))
    assert answer.status_code == 204


CHEAP: list[dict[str, Any]] = [
    {"aud": ["https://other.example.com"]},
    {"exp": None},
    {"qsh": "0" * 64},
    {"iss": "x"},
    {"iat": NOW - 300, "exp": NOW - 60},
]


@pytest.mark.parametrize("change", CHEAP, ids="-".join)
async def test_no_key_is_fetched_for_an_implausible_token(
    routes: App, change: dict[str, Any]
) -> None:
    await routes.send("installed", kit.install_token("installed", **change), body("installed"))
    assert routes.asked_keys == []
