"""Install, uninstall, enable, disable: what Jira says and what comes of it."""

import time
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI, Request

from connect import (
    AllowedHosts,
    InstallKeys,
    LifecycleStore,
    lifecycle_router,
)
from tests.connect import kit
from tests.connect.kit import (
    APP_KEY,
    APP_URL,
    CLIENT_KEY,
    OLD_SECRET,
    SECRET,
    MemoryStore,
)
from tests.connect.lifecycle_app import (
    BASE_URL,
    EVENTS,
    NEW_SECRET,
    App,
    assert_refused,
    body,
    token_for,
)


@pytest.mark.parametrize("event", EVENTS)
async def test_jira_is_heard(installed_routes: App, event: str) -> None:
    answer = await installed_routes.send(event, token_for(event, sub="a"), body(event))
    assert (answer.status_code, answer.content) == (204, b"")
    assert [applied.event_type for applied in installed_routes.store.applied] == [event]


async def test_an_install_keeps_what_it_says(routes: App) -> None:
    sent = body("installed", cloudId="c-1", installationId="ari:cloud:ecosystem::installation/1")
    await routes.send("installed", kit.install_token("installed"), sent)
    (event,) = routes.store.applied
    assert event.shared_secret is not None
    assert event.shared_secret.get_secret_value() == SECRET
    assert (event.client_key, event.base_url) == (CLIENT_KEY, BASE_URL)
    assert event.display_url == "https://jira.customer.example"
    assert (event.cloud_id, event.product_type) == ("c-1", "jira")
    assert SECRET not in repr(event) + str(event) + str(event.model_dump())


async def test_a_token_is_remembered_until_it_can_not_be_used(routes: App) -> None:
    expires_at = int(time.time()) + 100
    await routes.send(
        "installed", kit.install_token("installed", exp=expires_at), body("installed")
    )
    assert list(routes.store.used.values()) == [expires_at + 30]


async def test_only_the_essential_fields_are_needed(routes: App) -> None:
    least = {"key": APP_KEY, "clientKey": CLIENT_KEY, "eventType": "installed"}
    whole = least | {"baseUrl": BASE_URL, "sharedSecret": SECRET}
    answer = await routes.send("installed", kit.install_token("installed"), whole)
    assert answer.status_code == 204
    uninstalled = least | {"eventType": "uninstalled"}
    answer = await routes.send("uninstalled", kit.install_token("uninstalled"), uninstalled)
    assert answer.status_code == 204


async def test_a_strange_display_url_is_dropped(routes: App) -> None:
    sent = body("installed", displayUrl="https://a.example;script-src")
    await routes.send("installed", kit.install_token("installed"), sent)
    assert routes.store.applied[0].display_url is None


async def test_after_a_new_install_only_the_new_secret_enables(installed_routes: App) -> None:
    renewed = body("installed", sharedSecret=NEW_SECRET)
    await installed_routes.send("installed", kit.install_token("installed", sub="b"), renewed)
    old = await installed_routes.send("enabled", kit.site_token("enabled", SECRET), body("enabled"))
    assert_refused(old, 401, "signature")
    new = await installed_routes.send(
        "enabled", kit.site_token("enabled", NEW_SECRET), body("enabled")
    )
    assert new.status_code == 204


async def test_the_previous_secret_neither_enables_nor_disables(installed_routes: App) -> None:
    from datetime import UTC, datetime, timedelta

    installed_routes.store.sites[CLIENT_KEY] = kit.site(
        previous_secret=OLD_SECRET, previous_secret_until=datetime.now(UTC) + timedelta(minutes=9)
    )
    for event in ("enabled", "disabled"):
        token = kit.site_token(event, OLD_SECRET)
        assert_refused(await installed_routes.send(event, token, body(event)), 401, "signature")


async def test_uninstalled_for_a_site_never_seen_is_done(routes: App) -> None:
    answer = await routes.send("uninstalled", kit.install_token("uninstalled"), body("uninstalled"))
    assert answer.status_code == 204
    assert routes.store.applied == []


@pytest.mark.parametrize("event", ["enabled", "disabled"])
async def test_a_site_never_seen_can_not_prove_itself(routes: App, event: str) -> None:
    assert_refused(
        await routes.send(event, kit.site_token(event), body(event)), 401, "unknown_site"
    )


@pytest.mark.parametrize("event", EVENTS)
async def test_a_token_counts_once(installed_routes: App, event: str) -> None:
    token = token_for(event, sub="c")
    assert (await installed_routes.send(event, token, body(event))).status_code == 204
    again = body(event) | ({"sharedSecret": NEW_SECRET} if event == "installed" else {})
    assert_refused(await installed_routes.send(event, token, again), 401, "replayed")
    assert installed_routes.store.sites[CLIENT_KEY].secret == SECRET


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
