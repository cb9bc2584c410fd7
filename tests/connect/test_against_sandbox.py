"""connect/ and the sandbox were written apart from one protocol: they understand each other."""

import itertools
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI

from connect import (
    AllowedHosts,
    Claims,
    Gone,
    InstallKeys,
    JiraClient,
    Quota,
    Site,
    TokenProblem,
    TokenRefused,
    descriptor_router,
    fact_from_addon,
    lifecycle_router,
    parse_token,
    unverified_issuer,
    verify_context_token,
    verify_page_token,
)
from sandbox.host import Host
from sandbox.main import create_app
from sandbox.site import SiteState
from tests.connect.kit import MemoryStore

APP_KEY = "com.getint.jira"
APP_URL = "http://localhost:8000"
SITE_URL = "http://localhost:2990"
DESCRIPTOR = Path(__file__).resolve().parents[2] / "atlassian-connect.json"
ALICE, GIA = "5b10a2844c20165700ede21a", "Gia Gitlab"


@dataclass
class Pair:
    """A site and an app in one process, the app installed."""

    host: Host
    store: MemoryStore
    client: JiraClient
    quota: Quota

    @property
    def site(self) -> Site:
        return self.store.sites[self.host.site.client_key]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    api = FastAPI()
    app_http = httpx.AsyncClient(transport=httpx.ASGITransport(api))
    jira = create_app(SiteState.fresh(SITE_URL), app_http=app_http)
    jira_http = httpx.AsyncClient(transport=httpx.ASGITransport(jira))
    store = MemoryStore()
    keys = InstallKeys(f"{SITE_URL}/install-keys", jira_http)
    hosts = AllowedHosts([], allow_http_loopback=True)
    api.include_router(descriptor_router(DESCRIPTOR, base_url=APP_URL, app_key=APP_KEY))
    api.include_router(
        lifecycle_router(
            app_key=APP_KEY, app_base_url=APP_URL, allowed_hosts=hosts, keys=keys, store=store
        )
    )
    quota = Quota()
    host: Host = jira.state.sandbox.host
    async with app_http, jira_http:
        await host.install(f"{APP_URL}/atlassian-connect.json")
        yield Pair(host, store, JiraClient(jira_http, APP_KEY, quota), quota)


def events(pair: Pair) -> list[str]:
    return [event.event_type for event in pair.store.applied]


async def test_the_whole_life_of_an_installation(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Within one second the site would sign the same token again, and a token counts once.
    seconds = itertools.count(int(time.time()) + 1)
    monkeypatch.setattr("sandbox.tokens.time", SimpleNamespace(time=lambda: next(seconds)))
    assert events(pair) == ["installed", "enabled"]
    first = pair.site
    await pair.host.rotate_secret()
    assert pair.site.secret != first.secret
    await pair.host.rename()
    assert pair.site.base_url != first.base_url
    await pair.host.uninstall()
    assert sorted(events(pair)[-2:]) == ["disabled", "uninstalled"]
    await pair.host.install(f"{APP_URL}/atlassian-connect.json")
    assert events(pair)[-2:] == ["installed", "enabled"]


async def test_a_framed_page_opens_and_only_there(pair: Pair) -> None:
    url = urlsplit(pair.host.frame_url(ALICE, "getint-project", "PAY"))
    token = dict(part.split("=", 1) for part in url.query.split("&"))["jwt"]
    parsed = parse_token(token)
    assert unverified_issuer(parsed) == pair.site.client_key

    def opened(path: str) -> Claims:
        return verify_page_token(
            parsed, pair.site, method="GET", path=path, query=url.query, app_base_url=APP_URL
        )

    assert opened(url.path).account_id == ALICE
    with pytest.raises(TokenRefused) as refused:
        opened("/connect/pages/admin")
    assert refused.value.reason is TokenProblem.QSH


async def test_a_context_token_says_who_and_which_project(pair: Pair) -> None:
    token = pair.host.context_token(ALICE, "PAY")
    claims = verify_context_token(
        parse_token(token), pair.site, app_base_url=APP_URL, app_key=APP_KEY
    )
    assert (claims.account_id, claims.project_key) == (ALICE, "PAY")


async def test_the_client_learns_what_the_site_knows(pair: Pair) -> None:
    site, client = pair.site, pair.client
    (gia,) = await client.search_users(site, GIA)
    assert (await client.permissions(site, ALICE)).is_admin
    assert not (await client.permissions(site, gia.account_id, project_id="10001")).is_admin
    (pia,) = await client.search_users(site, "Pia")
    of_pia = await client.permissions(site, pia.account_id, project_id="10001")
    assert (of_pia.is_admin, of_pia.administers_project) == (False, True)
    elsewhere = await client.permissions(site, pia.account_id, project_id="10002")
    assert not elsewhere.administers_project
    groups = await client.groups_of(site, gia.account_id)
    (bound,) = await client.groups_named(site, ["getint-jira-gitlab", "getint-jira-wrike"])
    assert bound in groups
    assert await client.groups_by_id(site, [bound.id]) == (bound,)
    assert await client.users(site, [gia.account_id]) == (gia,)
    found = await client.projects(site, query="PAY")
    assert [project.key for project in found.values] == ["PAY"]
    assert await client.project(site, "10001") == found.values[0]
    assert (await client.server_info(site)).base_url == site.base_url
    with pytest.raises(Gone):
        await client.project(site, "NOPE")
    assert pair.quota.calls(site.client_key) == 14


@pytest.mark.parametrize("licence", ["none", "trial", "paid", "lapsed"])
async def test_the_licence_is_read_as_it_is_set(pair: Pair, licence: str) -> None:
    from datetime import UTC, datetime

    states = {"none": "none", "trial": "evaluation", "paid": "active", "lapsed": "lapsed"}
    pair.host.set_licence(licence)
    addon = await pair.client.licence(pair.site)
    assert fact_from_addon(addon, datetime.now(UTC)).state == states[licence]
