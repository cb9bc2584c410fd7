"""What a load balancer and an operator ask."""

from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app.database import Database
from app.house import House
from sandbox.running import Sandbox
from tests.people import Visitor

TOKEN = "the operator's own"


@pytest.fixture
def watched(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The app with METRICS_TOKEN set."""
    monkeypatch.setitem(house.settings.__dict__, "metrics_token", SecretStr(TOKEN))
    return house


async def test_a_process_that_works_is_live_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == 200
    ready = await client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"database": True, "changes": True}


async def test_without_a_database_it_lives_but_is_not_ready(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(_: Database) -> bool:
        return False

    monkeypatch.setattr(Database, "is_reachable", unreachable)
    assert (await client.get("/health/live")).status_code == 200
    ready = await client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["database"] is False


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer wrong", "Bearer the operator's"])
async def test_metrics_are_not_there_without_the_operators_token(
    sent: str, client: httpx.AsyncClient, watched: House
) -> None:
    headers = {"Authorization": sent} if sent else {}
    assert (await client.get("/metrics", headers=headers)).status_code == 404


async def test_without_the_setting_metrics_do_not_exist(client: httpx.AsyncClient) -> None:
    for sent in ("Bearer", "Bearer ", "Bearer None"):
        assert (await client.get("/metrics", headers={"Authorization": sent})).status_code == 404


async def test_an_empty_setting_opens_nothing(
    client: httpx.AsyncClient, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(house.settings.__dict__, "metrics_token", SecretStr(""))
    for headers in ({}, {"Authorization": "Bearer "}):
        assert (await client.get("/metrics", headers=headers)).status_code == 404


async def test_metrics_tell_of_requests_refusals_and_jira_but_of_no_customer(
    app: FastAPI,
    client: httpx.AsyncClient,
    watched: House,
    configured: Sandbox,
    as_: Callable[..., Visitor],
) -> None:
    nora = as_("nobody")
    assert (await nora.get("/integrations")).status_code == 403
    assert (await client.get("/integrations")).status_code == 401
    found = await client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert found.status_code == 200
    for line in (
        'getint_request_seconds_count{status="4xx"}',
        'getint_tokens_refused_total{reason="missing"}',
        'getint_refusals_total{reason="NO_ACCESS"}',
        "getint_jira_points",
    ):
        assert line in found.text
    for private in (nora.account_id, configured.site.client_key, configured.site.base_url):
        assert private not in found.text
