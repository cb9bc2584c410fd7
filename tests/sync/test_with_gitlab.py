"""A Jira site and a GitLab that nobody wrote for the engine, kept in step by it."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from fastapi import FastAPI
from psycopg.sql import SQL, Identifier
from sqlalchemy import select

from app.access import Tool
from app.house import House
from app.runs.vault import open_log
from app.sync.models import Link
from app.sync.sides import Sides, open_sides
from app.tools.items import Draft, Item, Person, Values
from sandbox.gitlab.main import create_app as create_gitlab
from sandbox.gitlab.seed import OWNER_TOKEN, PAYMENTS, fresh_gitlab
from sandbox.running import Sandbox
from sandbox.seed_issues import seed_first_site
from sandbox.tools.faults import Fault, FaultKind
from tests.people import ACCOUNTS
from tests.servers import free_port, serving
from tests.sync.kept_kit import LABELLED, Far, Kept, keep

TEXT = "<h2>Plan \U0001f680</h2><p>a <strong>b</strong> مرحبا</p><ul><li>one</li><li>two</li></ul>"


@pytest.fixture
async def sides(kept: Kept) -> AsyncIterator[Sides]:
    """Both sides, as people's hands."""
    async with open_sides(kept.house, kept.facts, kept.integration) as found:
        yield found


@pytest.fixture
def gitlab() -> FastAPI:
    port = free_port()
    program = create_gitlab(fresh_gitlab(f"http://localhost:{port}", 0))
    program.state.port = port
    return program


@pytest.fixture
async def kept(configured: Sandbox, house: House, gitlab: FastAPI) -> AsyncIterator[Kept]:
    seed_first_site(configured.site)  # its workflow is learnt from what is there
    with serving(gitlab, gitlab.state.port) as address:
        facts = await house.directory.find(configured.site.client_key)
        assert facts is not None
        far = Far(Tool.GITLAB, address, PAYMENTS, {"token": OWNER_TOKEN}, (("Task", "Issue"),))
        yield await keep(house, facts, far)


async def _links(kept: Kept) -> Sequence[Link]:
    async with kept.house.database.of_instance(kept.facts.instance_id) as session:
        return (
            await session.scalars(select(Link).where(Link.integration_id == kept.integration.id))
        ).all()


async def _only(side: object) -> Item:
    (found,) = (await side.changes(None, "")).items  # type: ignore[attr-defined]
    item: Item = found
    return item


async def test_an_issue_travels_to_gitlab_and_edits_travel_both_ways(
    kept: Kept, sides: Sides
) -> None:
    made = await sides.jira.create(
        Draft("Task", {**LABELLED, "title": "Pay the bill", "description": TEXT}, mark=uuid4())
    )
    assert (await kept.run()).kind == "finished"
    there = await _only(sides.tool)
    assert (there.values["title"], there.values["description"]) == ("Pay the bill", TEXT)
    assert (kept.last.created, kept.last.failed) == (1, 0)

    await sides.tool.update(there.id, {"title": "Pay it today"})
    await sides.tool.add_comment(there.id, "<p>Done soon</p>", uuid4())
    await sides.tool.move(there.id, "closed", {})
    await kept.run()
    here = await sides.jira.read(made.id)
    assert here is not None
    assert here.values["title"] == "Pay it today"
    assert here.status == "Done"


async def test_a_run_without_changes_writes_nothing(kept: Kept, sides: Sides) -> None:
    await sides.jira.create(
        Draft("Task", {**LABELLED, "title": "Once", "description": TEXT}, mark=uuid4())
    )
    await kept.run()
    await kept.run()
    before = await _only(sides.tool)
    await kept.run()
    assert (kept.last.created, kept.last.updated, kept.last.failed) == (0, 0, 0)
    assert (await _only(sides.tool)).updated_at == before.updated_at


async def test_an_unchanged_run_asks_each_side_for_its_changes_and_for_nothing_else(
    kept: Kept, sides: Sides, configured: Sandbox, gitlab: FastAPI
) -> None:
    gia = {"assignee": Person(ACCOUNTS["gitlab"])}  # who has to be looked up over there
    await sides.jira.create(Draft("Task", {**LABELLED, **gia, "title": "Once"}, mark=uuid4()))
    await kept.run()
    await kept.run()
    logs = configured.log, gitlab.state.standin.log
    for log in logs:
        log.reset()
    await kept.run()
    asked = [
        f"{each.method} {each.path.partition('?')[0].rpartition('/')[2]}"
        for log in logs
        for each in log.entries
        if each.direction == "from app" or log is logs[1]
    ]
    assert asked == ["POST jql", "GET issues"]


async def test_a_field_that_is_mapped_from_now_on_is_known_at_once(
    kept: Kept, sides: Sides, configured: Sandbox, superuser: psycopg.Connection
) -> None:
    await sides.jira.create(Draft("Task", {**LABELLED, "title": "Once"}, mark=uuid4()))
    for more, asked in ((0, 1), (0, 0), (1, 1)):
        superuser.execute("UPDATE type_mappings SET version = version + %s", (more,))
        configured.log.reset()
        await kept.run()
        assert len(configured.log.matching("from app", "/rest/api/3/field")) == asked


async def test_the_log_tells_what_moved_and_nothing_of_it_is_stored_in_the_clear(
    kept: Kept, sides: Sides, superuser: psycopg.Connection
) -> None:
    await sides.jira.create(Draft("Task", {**LABELLED, "title": "Salaries"}, mark=uuid4()))
    await kept.run()
    reader = open_log(kept.house.database, kept.last, kept.facts.key, datetime.now(UTC))
    lines = [line async for chunk in reader.chunks() for line in chunk.lines]
    assert {line.event for line in lines} >= {"created"}
    for table in ("links", "runs", "log_chunks", "positions", "linked_comments"):
        rows = superuser.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()
        assert "Salaries" not in repr(rows)


async def test_credentials_that_are_revoked_hold_the_run_and_say_so(
    kept: Kept, sides: Sides, gitlab: FastAPI
) -> None:
    await sides.jira.create(Draft("Task", {**LABELLED, "title": "Late"}, mark=uuid4()))
    gitlab.state.standin.faults.add(Fault(FaultKind.UNAUTHORIZED, remaining=99))
    outcome = await kept.run()
    assert outcome.kind == "held"
    assert "GitLab" in outcome.reason
    gitlab.state.standin.faults.clear()
    assert (await kept.run()).kind == "finished"
    assert (await _only(sides.tool)).values["title"] == "Late"


async def test_credentials_that_are_revoked_half_way_hold_the_run_until_there_are_new_ones(
    kept: Kept, sides: Sides, gitlab: FastAPI
) -> None:
    for number in range(3):
        values: Values = {**LABELLED, "title": str(number)}
        await sides.jira.create(Draft("Task", values, mark=uuid4()))
    made = Fault(FaultKind.UNAUTHORIZED, path="*/issues", method="POST", skip=1)
    gitlab.state.standin.faults.add(made)
    assert (await kept.run()).kind == "held"
    gitlab.state.standin.faults.clear()
    assert (await kept.run()).kind == "finished"
    found = (await sides.tool.changes(None, "")).items
    assert sorted(str(item.values["title"]) for item in found) == ["0", "1", "2"]


async def test_a_tool_that_answers_with_a_web_page_ends_the_run_with_that_reason(
    kept: Kept, sides: Sides, gitlab: FastAPI
) -> None:
    await sides.jira.create(Draft("Task", {**LABELLED, "title": "Late"}, mark=uuid4()))
    gitlab.state.standin.faults.add(Fault(FaultKind.HTML))
    outcome = await kept.run()
    assert outcome.kind == "failed"
    assert "web page" in outcome.reason
    gitlab.state.standin.faults.clear()
    assert (await kept.run()).kind == "finished"
    assert (await _only(sides.tool)).values["title"] == "Late"


async def test_a_bad_mapping_holds_the_run_with_a_reason_and_once_mended_items_arrive(
    kept: Kept, sides: Sides, superuser: psycopg.Connection
) -> None:
    await sides.jira.create(Draft("Task", {**LABELLED, "title": "Late"}, mark=uuid4()))
    rename = (
        "UPDATE type_mappings SET version = version + 1,"
        " rules = replace(rules::text, %s, %s)::jsonb WHERE integration_id = %s"
    )
    superuser.execute(rename, ('"tool": "title"', '"tool": "subject"', kept.integration.id))
    outcome = await kept.run()
    assert outcome.kind == "held"
    assert "GitLab demands “Title”, and nothing fills it" in outcome.reason
    superuser.execute(rename, ('"tool": "subject"', '"tool": "title"', kept.integration.id))
    assert (await kept.run()).kind == "finished"
    assert (await _only(sides.tool)).values["title"] == "Late"


async def test_forty_thousand_characters_are_all_in_gitlab_and_begin_in_jira(
    kept: Kept, sides: Sides
) -> None:
    whole = "".join(f"<p>{number} {'wörd ' * 20}</p>" for number in range(400))
    values: Values = {"title": "Long", "description": whole}
    there = await sides.tool.create(Draft("Issue", values, mark=uuid4()))
    await kept.run()
    assert (kept.last.created, kept.last.failed) == (1, 0)
    (link,) = await _links(kept)
    here = await sides.jira.read(str(link.jira_id))
    assert here is not None
    assert str(here.values["description"]).startswith("<p>0 wörd")
    assert f'href="{there.url}"' in str(here.values["description"])
    await sides.jira.update(here.id, {"description": "<p>cut off</p>"})
    await kept.run()
    after = await sides.tool.read(there.id)
    assert after is not None
    assert after.values["description"] == there.values["description"]


async def test_a_create_that_was_not_answered_is_there_once(
    kept: Kept, sides: Sides, gitlab: FastAPI
) -> None:
    await sides.jira.create(Draft("Task", {**LABELLED, "title": "Once"}, mark=uuid4()))
    gitlab.state.standin.faults.add(
        Fault(FaultKind.LOST_ANSWER, path="*/issues", method="POST", remaining=1)
    )
    await kept.run()
    await kept.run()
    assert (await _only(sides.tool)).values["title"] == "Once"
