"""Install, uninstall, enable, disable: who may say so, and what an attacker gets."""

import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI, Request

from connect import (
    AllowedHosts,
    InstallKeys,
    LifecycleStore,
    lifecycle_router,
    query_string_hash,
)
from tests.connect import kit
from tests.connect.kit import (
    APP_KEY,
    APP_URL,
    CLIENT_KEY,
    KID,
    OLD_SECRET,
    RSA_KEY,
    SECRET,
    MemoryStore,
)

NEW_SECRET = "n" * 40
BASE_URL = "https://one.atlassian.net"


class App:
    """The routes behind ASGI, with a key server that counts."""

    def __init__(self, app_url: str = APP_URL, mount: str = "") -> None:
        self.store = MemoryStore()
        self.asked_keys: list[str] = []
        self.key_server_up = True
        keys = InstallKeys(
            "https://keys.example.com",
            httpx.AsyncClient(transport=httpx.MockTransport(self._key_server)),
        )
        api = FastAPI()
        api.include_router(
            lifecycle_router(
                app_key=APP_KEY,
                app_base_url=app_url,
                allowed_hosts=AllowedHosts(["*.atlassian.net"], allow_http_loopback=False),
                keys=keys,
                store=self.store,
            ),
            prefix=mount,
        )
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=api), base_url="https://app.example.com"
        )

    def _key_server(self, request: httpx.Request) -> httpx.Response:
        self.asked_keys.append(request.url.path)
        if not self.key_server_up:
            raise httpx.ConnectTimeout("slow", request=request)
        if request.url.path != f"/{KID}":
            return httpx.Response(404)
        public = RSA_KEY.public_key()
        return httpx.Response(
            200, content=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        )

    async def send(
        self, event: str, token: str | None, body: dict[str, Any] | bytes, query: str = ""
    ) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if token is None else {"Authorization": f"JWT {token}"}
        return await self.http.post(
            f"/connect/lifecycle/{event}{query}", content=content, headers=headers
        )


@pytest.fixture
async def app() -> AsyncIterator[App]:
    app = App()
    yield app
    await app.http.aclose()


@pytest.fixture
async def installed(app: App) -> App:
    answer = await app.send("installed", kit.install_token("installed"), body("installed"))
    assert answer.status_code == 204
    app.asked_keys.clear()
    app.store.applied.clear()
    return app


def body(event: str, **changes: Any) -> dict[str, Any]:
    fields = {
        "key": APP_KEY,
        "clientKey": CLIENT_KEY,
        "eventType": event,
        "baseUrl": BASE_URL,
        "displayUrl": "https://jira.customer.example",
        "productType": "jira",
        "description": "Atlassian Jira at https://one.atlassian.net",
        "someNewField": {"nobody": ["knows"]},
    }
    if event == "installed":
        fields["sharedSecret"] = SECRET
    return {name: value for name, value in (fields | changes).items() if value is not None}


def token_for(event: str, **changes: Any) -> str:
    if event in {"installed", "uninstalled"}:
        return kit.install_token(event, **changes)
    return kit.site_token(event, **changes)


def assert_refused(answer: httpx.Response, status: int, reason: str | None = None) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no-store" in answer.headers["cache-control"]
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem.get("reason") == reason
    assert SECRET not in answer.text
    assert NEW_SECRET not in answer.text


EVENTS = ["installed", "uninstalled", "enabled", "disabled"]


@pytest.mark.parametrize("event", EVENTS)
async def test_jira_is_heard(installed: App, event: str) -> None:
    answer = await installed.send(event, token_for(event, sub="a"), body(event))
    assert (answer.status_code, answer.content) == (204, b"")
    assert [applied.event_type for applied in installed.store.applied] == [event]


async def test_an_install_keeps_what_it_says(app: App) -> None:
    sent = body("installed", cloudId="c-1", installationId="ari:cloud:ecosystem::installation/1")
    await app.send("installed", kit.install_token("installed"), sent)
    (event,) = app.store.applied
    assert event.shared_secret is not None
    assert event.shared_secret.get_secret_value() == SECRET
    assert (event.client_key, event.base_url) == (CLIENT_KEY, BASE_URL)
    assert event.display_url == "https://jira.customer.example"
    assert (event.cloud_id, event.product_type) == ("c-1", "jira")
    assert SECRET not in repr(event) + str(event) + str(event.model_dump())


async def test_a_token_is_remembered_until_it_can_not_be_used(app: App) -> None:
    expires_at = int(time.time()) + 100
    await app.send("installed", kit.install_token("installed", exp=expires_at), body("installed"))
    assert list(app.store.used.values()) == [expires_at + 30]


async def test_only_the_essential_fields_are_needed(app: App) -> None:
    least = {"key": APP_KEY, "clientKey": CLIENT_KEY, "eventType": "installed"}
    whole = least | {"baseUrl": BASE_URL, "sharedSecret": SECRET}
    answer = await app.send("installed", kit.install_token("installed"), whole)
    assert answer.status_code == 204
    uninstalled = least | {"eventType": "uninstalled"}
    answer = await app.send("uninstalled", kit.install_token("uninstalled"), uninstalled)
    assert answer.status_code == 204


async def test_a_strange_display_url_is_dropped(app: App) -> None:
    sent = body("installed", displayUrl="https://a.example;script-src")
    await app.send("installed", kit.install_token("installed"), sent)
    assert app.store.applied[0].display_url is None


async def test_after_a_new_install_only_the_new_secret_enables(installed: App) -> None:
    renewed = body("installed", sharedSecret=NEW_SECRET)
    await installed.send("installed", kit.install_token("installed", sub="b"), renewed)
    old = await installed.send("enabled", kit.site_token("enabled", SECRET), body("enabled"))
    assert_refused(old, 401, "signature")
    new = await installed.send("enabled", kit.site_token("enabled", NEW_SECRET), body("enabled"))
    assert new.status_code == 204


async def test_the_previous_secret_neither_enables_nor_disables(installed: App) -> None:
    from datetime import UTC, datetime, timedelta

    installed.store.sites[CLIENT_KEY] = kit.site(
        previous_secret=OLD_SECRET, previous_secret_until=datetime.now(UTC) + timedelta(minutes=9)
    )
    for event in ("enabled", "disabled"):
        token = kit.site_token(event, OLD_SECRET)
        assert_refused(await installed.send(event, token, body(event)), 401, "signature")


async def test_uninstalled_for_a_site_never_seen_is_done(app: App) -> None:
    answer = await app.send("uninstalled", kit.install_token("uninstalled"), body("uninstalled"))
    assert answer.status_code == 204
    assert app.store.applied == []


@pytest.mark.parametrize("event", ["enabled", "disabled"])
async def test_a_site_never_seen_can_not_prove_itself(app: App, event: str) -> None:
    assert_refused(await app.send(event, kit.site_token(event), body(event)), 401, "unknown_site")


@pytest.mark.parametrize("event", EVENTS)
async def test_a_token_counts_once(installed: App, event: str) -> None:
    token = token_for(event, sub="c")
    assert (await installed.send(event, token, body(event))).status_code == 204
    again = body(event) | ({"sharedSecret": NEW_SECRET} if event == "installed" else {})
    assert_refused(await installed.send(event, token, again), 401, "replayed")
    assert installed.store.sites[CLIENT_KEY].secret == SECRET


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
    installed: App, event: str, change: dict[str, Any], reason: str
) -> None:
    sent = body(event) | ({"sharedSecret": NEW_SECRET} if event == "installed" else {})
    answer = await installed.send(event, kit.install_token(event, **change), sent)
    assert_refused(answer, 401, reason)
    assert answer.headers["www-authenticate"] == "JWT"
    assert installed.store.applied == []


@pytest.mark.parametrize("event", ["installed", "uninstalled"])
@pytest.mark.parametrize("secret", [SECRET, PUBLIC_PEM.decode()])
async def test_hs256_never_installs(installed: App, event: str, secret: str) -> None:
    import hashlib
    import hmac

    from connect import jws

    header = jws.encode({"alg": "HS256", "typ": "JWT", "kid": KID})
    path = f"/connect/lifecycle/{event}"
    times = {"iat": int(time.time()), "exp": int(time.time()) + 60}
    payload = jws.encode(kit.page_claims("POST", path, "", aud=[APP_URL], **times))
    text = f"{header}.{payload}"
    mac = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    token = f"{text}.{jws.encode_bytes(mac)}"
    assert_refused(await installed.send(event, token, body(event)), 401, "algorithm")
    assert installed.asked_keys == []


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
    installed: App, event: str, change: dict[str, Any], reason: str
) -> None:
    answer = await installed.send(event, kit.site_token(event, **change), body(event))
    assert_refused(answer, 401, reason)
    assert installed.store.applied == []


@pytest.mark.parametrize("event", ["enabled", "disabled"])
async def test_rs256_neither_enables_nor_disables(installed: App, event: str) -> None:
    answer = await installed.send(event, kit.install_token(event), body(event))
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
    installed: App, event: str, change: dict[str, str], reason: str
) -> None:
    answer = await installed.send(event, token_for(event, sub="d"), body(event, **change))
    assert_refused(answer, 401, reason)
    assert installed.store.applied == []


@pytest.mark.parametrize("event", EVENTS)
async def test_the_body_can_not_name_another_site(installed: App, event: str) -> None:
    installed.store.sites["victim"] = kit.site(client_key="victim", secret=NEW_SECRET)
    answer = await installed.send(event, token_for(event, sub="e"), body(event, clientKey="victim"))
    assert answer.status_code == 401
    assert answer.json()["reason"] in {"issuer", "signature"}
    assert installed.store.applied == []


@pytest.mark.parametrize("event", EVENTS)
async def test_the_event_must_be_the_routes(installed: App, event: str) -> None:
    for other in EVENTS:
        if other != event:
            sent = body(other, sharedSecret=SECRET)
            answer = await installed.send(event, token_for(event, sub=f"f{other}"), sent)
            assert_refused(answer, 401, "event")


@pytest.mark.parametrize("event", EVENTS)
async def test_no_token_no_answer(installed: App, event: str) -> None:
    assert_refused(await installed.send(event, None, body(event)), 401, "missing")
    assert_refused(await installed.send(event, "nonsense", body(event)), 401, "malformed")
    by_query = await installed.send(event, None, body(event), f"?jwt={token_for(event)}")
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
    app: App, sent: bytes | dict[str, Any], field: str
) -> None:
    answer = await app.send("installed", kit.install_token("installed"), sent)
    assert_refused(answer, 400)
    assert field in answer.json()["detail"]
    assert app.asked_keys == []


@pytest.mark.parametrize(("event", "other"), [("installed", "enabled"), ("enabled", "installed")])
async def test_a_token_of_the_wrong_kind_is_refused_before_the_body_is_read(
    app: App, event: str, other: str
) -> None:
    assert_refused(await app.send(event, token_for(other), b"{"), 401, "algorithm")


async def test_too_large_a_body_is_not_read(app: App) -> None:
    answer = await app.send("installed", kit.install_token("installed"), b" " * 65_537)
    assert_refused(answer, 413)


async def test_nul_in_a_description_does_no_harm(app: App) -> None:
    sent = body("installed", description="a\0b")
    assert (await app.send("installed", kit.install_token("installed"), sent)).status_code == 204
    assert app.store.applied[0].description == "ab"


async def test_a_silent_key_server_is_cannot_tell(app: App) -> None:
    app.key_server_up = False
    answer = await app.send("installed", kit.install_token("installed"), body("installed"))
    assert_refused(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    app.key_server_up = True
    answer = await app.send("installed", kit.install_token("installed"), body("installed"))
    assert answer.status_code == 204


CHEAP: list[dict[str, Any]] = [
    {"aud": ["https://other.example.com"]},
    {"exp": None},
    {"qsh": "0" * 64},
    {"iss": "x"},
    {"iat": NOW - 300, "exp": NOW - 60},
]


@pytest.mark.parametrize("change", CHEAP, ids=str)
async def test_no_key_is_fetched_for_an_implausible_token(app: App, change: dict[str, Any]) -> None:
    await app.send("installed", kit.install_token("installed", **change), body("installed"))
    assert app.asked_keys == []


@pytest.mark.parametrize("mount", ["", "/getint"])
async def test_a_base_url_with_a_path_is_not_part_of_the_hash(mount: str) -> None:
    url = "https://app.example.com/getint"
    app = App(url, mount)
    token = kit.install_token("installed", aud=[url + "/"])
    answer = await app.http.post(
        f"{mount}/connect/lifecycle/installed",
        json=body("installed"),
        headers={"Authorization": f"JWT {token}"},
    )
    assert answer.status_code == 204


async def test_the_store_may_be_made_for_each_request() -> None:
    stores: list[MemoryStore] = []

    def store_of(request: Request) -> LifecycleStore:
        stores.append(MemoryStore())
        return stores[-1]

    made: Callable[[Request], LifecycleStore] = store_of
    keys = InstallKeys("https://keys.example.com", httpx.AsyncClient())
    api = FastAPI()
    api.include_router(
        lifecycle_router(
            app_key=APP_KEY,
            app_base_url=APP_URL,
            allowed_hosts=AllowedHosts(["*.atlassian.net"], allow_http_loopback=False),
            keys=keys,
            store=made,
        )
    )
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app=api), base_url=APP_URL)
    for _ in range(2):
        headers = {"Authorization": f"JWT {kit.site_token('enabled')}"}
        await http.post("/connect/lifecycle/enabled", json=body("enabled"), headers=headers)
    assert len(stores) == 2
