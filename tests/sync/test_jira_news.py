"""Jira's news start runs; nobody else's do."""

from collections.abc import Callable

import httpx
import psycopg
import pytest

from connect import query_string_hash
from sandbox.running import Sandbox
from sandbox.tokens import CONTEXT_QSH, sign_page
from tests.integrations.kit import created
from tests.people import Visitor

PATH = "/connect/webhooks/changed"
DELETED = "/connect/webhooks/deleted"
PAY = "project=10001"


def token(
    sandbox: Sandbox, query: str = PAY, *, path: str = PATH, secret: str = "", qsh: str = ""
) -> str:
    site = sandbox.site
    assert site.addon is not None
    return sign_page(
        site.client_key,
        secret or site.addon.shared_secret,
        qsh=qsh or query_string_hash("POST", path, query),
    )


async def told(
    client: httpx.AsyncClient, proof: str | None, query: str = PAY, path: str = PATH
) -> int:
    headers = {} if proof is None else {"Authorization": f"JWT {proof}"}
    return (await client.post(f"{path}?{query}", headers=headers)).status_code


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


async def test_a_deletion_is_looked_into_where_the_issue_is_linked_and_ends_nothing_itself(
    configured: Sandbox,
    client: httpx.AsyncClient,
    as_: Callable[..., Visitor],
    jobs: Callable[[], list[str]],
    superuser: psycopg.Connection,
) -> None:
    its = await created(as_("gitlab"))
    superuser.execute(
        "INSERT INTO links (id, instance_id, integration_id, state, jira_id, jira_key, jira_url,"
        " jira_prints, tool_id, tool_key, tool_url, tool_prints, attempts) SELECT"
        " gen_random_uuid(), instance_id, id, 'linked', '7', '', '', '{}', '9', '', '', '{}', 0"
        " FROM integrations WHERE id = %s",
        (its,),
    )
    for query, wakes in (
        ("project=10001&issue=8", []),
        ("project=10002&issue=7", []),
        ("project=10001&issue=7%27", []),
        ("project=10001&issue=7", ["jira"]),
        ("project=10001&issue=7", ["jira"]),
    ):
        proof = token(configured, query, path=DELETED)
        assert await told(client, proof, query, DELETED) == 204
        assert jobs() == wakes
    changed = token(configured, "project=10001&issue=7")
    assert await told(client, changed, "project=10001&issue=7", DELETED) == 401
    link = superuser.execute("SELECT state, missing_on, missing_since FROM links").fetchone()
    assert link == ("linked", "jira", None)
