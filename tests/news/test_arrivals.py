"""News of tools start runs; nobody else's do, and no news do more than that."""

import random
from collections.abc import Callable
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import event

from app.house import House
from app.runs.life import start_unchecked
from app.runs.models import Run
from sandbox.gitlab.seed import DEVELOPER_TOKEN
from sandbox.running import Sandbox
from tests.integrations.kit import edited
from tests.news.conftest import Kept
from tests.news.kit import ANOTHER, ISSUE, ByHand, given, of_gitlab
from tests.people import Visitor

As = Callable[..., Visitor]
Jobs = Callable[[], list[str]]


@pytest.fixture
async def its(as_: As, kept_with_gitlab: Kept) -> str:
    """Gia's integration, whose account in GitLab may not make webhooks."""
    return await kept_with_gitlab(as_("gitlab"), DEVELOPER_TOKEN)


@pytest.fixture
async def hook(its: str, as_: As, jobs: Jobs) -> ByHand:
    """What she enters there by hand."""
    return given(await as_("gitlab").post(f"/integrations/{its}/news/on"))


async def tell(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], body: bytes = ISSUE
) -> httpx.Response:
    return await client.post(path, headers=headers, content=body)


async def told(client: httpx.AsyncClient, hook: ByHand, body: bytes = ISSUE) -> int:
    answer = await tell(client, hook.path, of_gitlab(token=hook.secret), body)
    return answer.status_code


async def test_news_start_one_run_however_often_they_come(
    hook: ByHand, client: httpx.AsyncClient, jobs: Jobs
) -> None:
    same = of_gitlab(hook.secret)
    for headers in (same, same, of_gitlab(hook.secret), of_gitlab(token=hook.secret)):
        answer = await tell(client, hook.path, headers)
        assert (answer.status_code, answer.content) == (204, b"")
    assert jobs() == ["tool"]


async def test_disorder_among_news_is_harmless(
    hook: ByHand, client: httpx.AsyncClient, jobs: Jobs
) -> None:
    news = [of_gitlab(hook.secret, event=kind) for kind in ("Issue Hook", "Push Hook")] * 3
    random.Random(3).shuffle(news)  # noqa: S311 - disorder that can be repeated
    assert {(await tell(client, hook.path, each)).status_code for each in news} == {204}
    assert jobs() == ["tool"]


async def test_a_wrong_proof_and_an_address_that_nobody_has_get_the_same_answer(
    hook: ByHand, client: httpx.AsyncClient, jobs: Jobs
) -> None:
    right = of_gitlab(token=hook.secret)
    answers = [
        await tell(client, hook.path, of_gitlab()),
        await tell(client, hook.path, of_gitlab(token=ANOTHER)),
        await tell(client, hook.path, of_gitlab(ANOTHER)),
        await tell(client, hook.path, of_gitlab(hook.secret), b"{}"),
        await tell(client, "/hooks/nobodys", right),
        await tell(client, "/hooks/%00%ED%A0%80", right),
        await tell(client, hook.path[:-1], right),
        await tell(client, "/hooks/nobodys", of_gitlab()),
    ]
    assert {answer.status_code for answer in answers} == {401}
    told = [answer.json() for answer in answers]
    assert len({str({**each, "instance": ""}) for each in told}) == 1
    assert len({tuple(sorted(answer.headers)) for answer in answers}) == 1
    assert jobs() == []


async def test_both_take_the_same_few_steps(
    hook: ByHand, client: httpx.AsyncClient, house: House
) -> None:
    await tell(client, hook.path, of_gitlab(token=ANOTHER))  # what is known of the site is kept
    asked: list[str] = []
    event.listen(
        house.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _k, statement, *_: asked.append(statement),
    )
    await tell(client, hook.path, of_gitlab(token=ANOTHER))
    of_known = list(asked)
    asked.clear()
    await tell(client, "/hooks/nobodys", of_gitlab(token=ANOTHER))
    assert of_known == asked
    assert 0 < len(asked) < 8


async def test_news_of_other_things_and_other_projects_start_nothing(
    hook: ByHand, client: httpx.AsyncClient, jobs: Jobs
) -> None:
    for kind in ("Push Hook", "Merge Request Hook", "Note Hook", ""):
        answer = await tell(client, hook.path, of_gitlab(token=hook.secret, event=kind))
        assert answer.status_code == 204
    elsewhere = ISSUE.replace(b"acme/payments", b"acme/website").replace(b"1,", b"2,")
    assert await told(client, hook, elsewhere) == 204
    assert jobs() == []


async def test_after_it_is_switched_off_the_address_is_nobodys(
    its: str, hook: ByHand, client: httpx.AsyncClient, as_: As, jobs: Jobs
) -> None:
    assert (await as_("gitlab").post(f"/integrations/{its}/news/off")).status_code == 200
    assert await told(client, hook) == 401
    assert jobs() == []


async def test_a_new_secret_ends_the_old_one(
    its: str, hook: ByHand, client: httpx.AsyncClient, as_: As, jobs: Jobs
) -> None:
    anew = given(await as_("gitlab").post(f"/integrations/{its}/news/on"))
    for old in (hook, ByHand(hook.address, anew.secret), ByHand(anew.address, hook.secret)):
        assert await told(client, old) == 401
    assert jobs() == []
    assert await told(client, anew) == 204
    assert jobs() == ["tool"]


async def test_while_it_is_paused_nothing_starts(
    its: str, hook: ByHand, client: httpx.AsyncClient, as_: As, jobs: Jobs
) -> None:
    await as_("gitlab").post(f"/integrations/{its}/pause")
    assert await told(client, hook) == 204
    assert jobs() == []


async def test_where_nothing_is_brought_to_jira_nothing_starts(
    its: str, hook: ByHand, client: httpx.AsyncClient, jobs: Jobs, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE integrations SET direction = 'to_tool'")
    assert await told(client, hook) == 204
    assert jobs() == []


@pytest.mark.parametrize("ending", ["uninstall", "disable"])
async def test_once_the_app_is_gone_nothing_starts(
    ending: str,
    hook: ByHand,
    client: httpx.AsyncClient,
    jobs: Jobs,
    configured: Sandbox,
    superuser: psycopg.Connection,
) -> None:
    await (configured.host.uninstall() if ending == "uninstall" else configured.host.disable())
    assert await told(client, hook) == 204
    assert jobs() == []
    assert superuser.execute("SELECT heard_at FROM tool_news").fetchone() == (None,)


async def test_before_its_owner_ran_it_once_news_start_no_run(
    its: str, hook: ByHand, client: httpx.AsyncClient, house: House, superuser: psycopg.Connection
) -> None:
    superuser.execute(
        "INSERT INTO type_mappings (id, instance_id, integration_id, position, enabled, jira_type,"
        " tool_type, rules, version) SELECT gen_random_uuid(), instance_id, id, 0, true, 'Task',"
        " 'Issue', '{}', 1 FROM integrations"
    )
    row = superuser.execute("SELECT id FROM instances").fetchone()
    assert row
    assert await told(client, hook) == 204

    async def started() -> Run | None:
        async with house.database.of_instance(row[0]) as session:
            return await start_unchecked(session, row[0], UUID(its), "tool")

    assert await started() is None
    superuser.execute(
        "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created, updated,"
        " skipped, failed) SELECT gen_random_uuid(), instance_id, id, 'hand',"
        " 'done', '{}', 0, 0, 0, 0 FROM integrations"
    )
    run = await started()
    assert run is not None
    assert run.trigger == "tool"


async def test_a_body_that_is_too_large_is_refused_unread(
    hook: ByHand, client: httpx.AsyncClient, jobs: Jobs
) -> None:
    assert await told(client, hook, b" " * 300_000) == 413
    assert jobs() == []


async def test_a_flood_asks_no_jira_and_writes_next_to_nothing(
    hook: ByHand,
    client: httpx.AsyncClient,
    configured: Sandbox,
    jobs: Jobs,
    superuser: psycopg.Connection,
) -> None:
    await told(client, hook)
    asked = len(configured.log.entries)
    first = superuser.execute("SELECT xmin, heard_at FROM tool_news").fetchone()
    for number in range(50):
        await tell(client, f"/hooks/made-up-{number}", of_gitlab(token=ANOTHER))
        assert await told(client, hook) == 204
    assert superuser.execute("SELECT xmin, heard_at FROM tool_news").fetchone() == first
    assert len(configured.log.entries) == asked
    assert jobs() == ["tool"]


async def test_of_what_is_told_nothing_is_kept_and_neither_address_nor_secret_is_logged(
    hook: ByHand,
    client: httpx.AsyncClient,
    superuser: psycopg.Connection,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    body = ISSUE.replace(b'"issue"', b'"issue", "title": "Salaries"')
    await told(client, hook, body)
    await tell(client, hook.path, of_gitlab(token=ANOTHER), body)
    kept = [
        superuser.execute("SELECT * FROM tool_news").fetchall(),
        superuser.execute("SELECT * FROM procrastinate_jobs").fetchall(),
        superuser.execute("SELECT * FROM audit_entries").fetchall(),
    ]
    ours = [record for record in caplog.records if record.name.startswith("app")]
    said = repr(kept) + "".join(capfd.readouterr()) + repr([it.getMessage() for it in ours])
    key = hook.path.rpartition("/")[2]
    for secret in ("Salaries", hook.secret, hook.secret.removeprefix("whsec_"), key):
        assert secret not in said


async def test_who_may_edit_it_sees_when_it_was_heard_last(
    its: str, hook: ByHand, client: httpx.AsyncClient, as_: As
) -> None:
    assert "Nothing yet" in (await as_("gitlab").get(f"/integrations/{its}/news")).text
    await told(client, hook)
    page = (await as_("gitlab").get(f"/integrations/{its}/news")).text
    assert "Nothing yet" not in page
    assert hook.secret not in page
    assert hook.path not in page


async def test_a_place_that_was_changed_is_not_told_of_by_the_old_webhook(
    its: str, hook: ByHand, client: httpx.AsyncClient, as_: As, jobs: Jobs
) -> None:
    form = edited(tool_place="acme/website")
    answer = await as_("gitlab").post(f"/integrations/{its}", data=form)
    assert answer.status_code == 200
    assert "Remove it there" in answer.headers["hx-trigger"]
    assert await told(client, hook) == 401
    assert jobs() == []
