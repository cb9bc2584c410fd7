"""Jira's news start runs; nobody else's do."""

from collections.abc import Callable

import httpx
import pytest

from connect import query_string_hash
from sandbox.running import Sandbox
from sandbox.tokens import CONTEXT_QSH, sign_page
from tests.integrations.kit import created
from tests.people import Visitor

PATH = "/connect/webhooks/changed"
PAY = "project=10001"


def token(sandbox: Sandbox, query: str = PAY, *, secret: str = "", qsh: str = "") -> str:
    site = sandbox.site
    assert site.addon is not None
    return sign_page(
        site.client_key,
        secret or site.addon.shared_secret,
        qsh=qsh or query_string_hash("POST", PATH, query),
    )


async def told(client: httpx.AsyncClient, proof: str | None, query: str = PAY) -> int:
    headers = {} if proof is None else {"Authorization": f"JWT {proof}"}
    return (await client.post(f"{PATH}?{query}", headers=headers)).status_code


async def test_a_change_starts_the_integrations_of_its_project_once(
    configured: Sandbox,
    client: httpx.AsyncClient,
    as_: Callable[..., Visitor],
    jobs: Callable[[], list[str]],
) -> None:
    await created(as_("gitlab"))
    for _ in range(3):
        assert await told(client, token(configured)) == 204
    assert jobs() == ["jira"]


@pytest.mark.parametrize("query", ["project=10002", "", "project=10001%27--"])
async def test_news_of_elsewhere_start_nothing(
    configured: Sandbox,
    client: httpx.AsyncClient,
    as_: Callable[..., Visitor],
    jobs: Callable[[], list[str]],
    query: str,
) -> None:
    await created(as_("gitlab"))
    assert await told(client, token(configured, query), query) == 204
    assert jobs() == []


async def test_news_that_jira_did_not_sign_are_refused(
    configured: Sandbox,
    client: httpx.AsyncClient,
    as_: Callable[..., Visitor],
    jobs: Callable[[], list[str]],
) -> None:
    await created(as_("gitlab"))
    for proof in (
        None,
        "no.token.atall",
        token(configured, secret="of somebody else, long enough to sign"),
        token(configured, "project=10002"),
        token(configured, qsh=CONTEXT_QSH),
    ):
        assert await told(client, proof) == 401
    assert jobs() == []


async def test_news_of_a_site_that_uninstalled_start_nothing(
    configured: Sandbox,
    client: httpx.AsyncClient,
    as_: Callable[..., Visitor],
    jobs: Callable[[], list[str]],
) -> None:
    await created(as_("gitlab"))
    proof = token(configured)
    await configured.host.uninstall()
    assert await told(client, proof) in {204, 401}
    assert jobs() == []
