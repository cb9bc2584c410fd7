"""Agents sign in at the vendor's identity provider: a real one, in a process of its own."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from app.encryption import ConsoleKeys
from app.signing_in.provider import Client, IdentityProvider, NotVouchedFor
from app.support.console.main import create_console
from app.support.console.settings import ConsoleSettings
from tests.signing_in.provider_kit import Provider, running_provider
from tests.support.console.conftest import NewBrowser
from tests.support.console.kit import CONSOLE_URL, EMAIL, AgentBrowser, Operator

CALLBACK = "/sign-in/provider/back"


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
async def at_console(
    provider: Provider, console_settings: ConsoleSettings, new_browser: NewBrowser
) -> AsyncIterator[AgentBrowser]:
    """A browser at a console that has the provider."""
    client = provider.register(f"{CONSOLE_URL}{CALLBACK}")
    settings = ConsoleSettings(
        **console_settings.model_dump(
            exclude={"support_oidc_issuer", "support_oidc_client_id", "support_oidc_client_secret"}
        ),
        support_oidc_issuer=provider.url,
        support_oidc_client_id=client.id,
        support_oidc_client_secret=client.secret,
    )
    app = create_console(settings)
    async with app.router.lifespan_context(app):
        yield new_browser(app)


async def _begun(browser: AgentBrowser) -> str:
    answer = await browser.open("/sign-in/provider")
    assert answer.status_code == 303
    address: str = answer.headers["location"]
    return address


async def _come_back(browser: AgentBrowser, provider: Provider, subject: str) -> httpx.Response:
    back = urlsplit(provider.sign_in(await _begun(browser), subject))
    return await browser.open(f"{back.path}?{back.query}")


def _subjects(superuser: psycopg.Connection[Any]) -> list[tuple[Any, ...]]:
    return superuser.execute(
        "SELECT email, oidc_subject FROM support_agents ORDER BY email"
    ).fetchall()


async def test_whom_the_provider_vouches_for_signs_in_and_is_known_by_subject_from_then_on(
    at_console: AgentBrowser,
    provider: Provider,
    operator: Operator,
    superuser: psycopg.Connection[Any],
) -> None:
    operator.create_by_provider()
    provider.knows("sam-1", email=EMAIL.title(), email_verified=True)
    assert "your identity provider" in (await at_console.open("/sign-in")).text
    answer = await _come_back(at_console, provider, "sam-1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await at_console.open("/")).status_code == 200
    provider.knows("sam-1", email="married@vendor.example", email_verified=True)
    assert (await _come_back(at_console, provider, "sam-1")).status_code == 303
    provider.knows("thief", email=EMAIL, email_verified=True)
    assert (await _come_back(at_console, provider, "thief")).status_code == 422
    assert _subjects(superuser) == [(EMAIL, "sam-1")]


async def test_nobody_signs_up_at_the_provider_nor_with_an_unverified_address_nor_disabled(
    at_console: AgentBrowser,
    provider: Provider,
    operator: Operator,
    superuser: psycopg.Connection[Any],
) -> None:
    operator.create_by_provider()
    provider.knows("stranger", email="stranger@vendor.example", email_verified=True)
    provider.knows("unverified", email=EMAIL, email_verified=False)
    provider.knows("unsaid", email=EMAIL)
    provider.knows("text", email=EMAIL, email_verified="true")
    for subject in ("stranger", "unverified", "unsaid", "text"):
        answer = await _come_back(at_console, provider, subject)
        assert (answer.status_code, at_console.token) == (422, ""), subject
    operator.disable()
    provider.knows("sam-2", email=EMAIL, email_verified=True)
    assert (await _come_back(at_console, provider, "sam-2")).status_code == 422
    assert _subjects(superuser) == [(EMAIL, None)]


async def test_an_answer_counts_in_the_browser_that_began_and_once(
    at_console: AgentBrowser, provider: Provider, operator: Operator
) -> None:
    operator.create_by_provider()
    provider.knows("sam-3", email=EMAIL, email_verified=True)
    address = await _begun(at_console)
    back = urlsplit(provider.sign_in(address, "sam-3"))
    here = f"{back.path}?{back.query}"
    begun = dict(at_console.http.cookies)
    at_console.http.cookies.clear()
    assert (await at_console.open(here)).status_code == 422, "another browser"
    await _begun(at_console)
    assert (await at_console.open(here)).status_code == 422, "another sign-in"
    at_console.http.cookies.clear()
    for name, value in begun.items():
        at_console.http.cookies.set(name, value, domain="support.example.com", path="/")
    assert (await at_console.open(f"{here}&iss=https://evil.example")).status_code == 422
    for name, value in begun.items():
        at_console.http.cookies.set(name, value, domain="support.example.com", path="/")
    assert (await at_console.open(here)).status_code == 303
    for name, value in begun.items():
        at_console.http.cookies.set(name, value, domain="support.example.com", path="/")
    assert (await at_console.open(here)).status_code == 422, "a code counts once"


async def test_the_provider_is_asked_with_pkce_state_and_nonce(at_console: AgentBrowser) -> None:
    asked = parse_qs(urlsplit(await _begun(at_console)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 43 for name in ("code_challenge", "state", "nonce"))
    assert asked["redirect_uri"] == [f"{CONSOLE_URL}{CALLBACK}"]


async def test_without_a_provider_there_is_no_way_to_one(new_browser: NewBrowser) -> None:
    for path in ("/sign-in/provider", CALLBACK):
        assert (await new_browser().open(path)).status_code == 404
    assert "/sign-in/provider" not in (await new_browser().open("/sign-in")).text


RIGHT: dict[str, Any] = {"sub": "sam", "email": EMAIL, "email_verified": True}
KEY, STRANGERS_KEY = RSAKey.generate_key(2048), RSAKey.generate_key(2048)


@pytest.mark.parametrize(
    "forged",
    ["alg none", "HMAC with the secret", "a stranger's key", "issuer", "audience", "nonce", "old"],
)
async def test_an_id_token_that_is_not_the_providers_for_us_now_is_refused(
    forged: str,
) -> None:
    client = Client("https://idp.example.com", "console", "secret" * 8, f"{CONSOLE_URL}{CALLBACK}")
    begun: dict[str, str] = {}

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if name == "openid-configuration":
            its = {"issuer": client.issuer} | {
                each: f"{client.issuer}/{each}"
                for each in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            }
            return httpx.Response(200, json=its)
        if name == "jwks_uri":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        return httpx.Response(200, json={"id_token": _forged(forged, client, begun["nonce"])})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        provider = IdentityProvider(client, ConsoleKeys([b"k" * 32]), http)
        address, cookie = await provider.begin()
        asked = parse_qs(urlsplit(address).query)
        begun["nonce"] = asked["nonce"][0]
        given = {"state": asked["state"][0], "code": "code"}
        with pytest.raises(NotVouchedFor):
            await provider.complete(given, cookie)
        forged = ""
        assert (await provider.complete(given, cookie)).verified_email == EMAIL


def _forged(what: str, client: Client, nonce: str) -> str:
    now = int(time.time())
    claims = {
        **RIGHT,
        "iss": "https://evil.example.com" if what == "issuer" else client.issuer,
        "aud": "another" if what == "audience" else client.id,
        "nonce": "another" if what == "nonce" else nonce,
        "iat": now - 7200 if what == "old" else now,
        "exp": now - 3600 if what == "old" else now + 300,
    }
    if what == "alg none":
        parts = ({"alg": "none"}, claims)
        encoded = (urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode() for it in parts)
        return ".".join([*encoded, ""])
    if what == "HMAC with the secret":
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(client.secret))
    key = STRANGERS_KEY if what == "a stranger's key" else KEY
    return jwt.encode({"alg": "RS256"}, claims, key)
