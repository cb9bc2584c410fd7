"""What the list shows to whom, filtered and a page at a time."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.listing import ROWS
from tests.integrations.conftest import Foreign
from tests.integrations.kit import OPS, PAY, created, integration, names, words
from tests.people import Visitor

As = Callable[..., Visitor]


def many(superuser: psycopg.Connection, instance_id: UUID, count: int, *, owner: str) -> None:
    """Rows straight into the table; every third has the same time as the one before."""
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " project_id, project_key, direction, jql, state, owner, version, created_at)"
        " SELECT gen_random_uuid(), i.id, i.jira_workspace_id, 'integration', 'No ' || n,"
        " 'gitlab', 'a/b', %s, 'PAY', 'both', '', 'active', %s, 1,"
        " now() - make_interval(secs => n - n %% 3)"
        " FROM instances i, generate_series(1, %s) n WHERE i.id = %s",
        (PAY, owner, count, instance_id),
    )


async def several(as_: As) -> None:
    admin = as_("admin")
    await created(admin, name="Payroll", project_id=PAY)
    await created(admin, name="Tickets", project_id=OPS, tool="azure", tool_place="Fab")
    await created(as_("gitlab"), name="Site 100%", project_id=OPS, kind="migration")


async def test_each_person_finds_what_the_table_says(as_: As, foreign: Foreign) -> None:
    await several(as_)
    everything = ["Site 100%", "Tickets", "Payroll"]
    assert names(await as_("admin").get("/integrations")) == everything
    assert names(await as_("gitlab").get("/integrations")) == everything
    assert names(await as_("azure").get("/integrations")) == everything
    from_pay = as_("project", from_project="PAY")
    assert names(await from_pay.get("/integrations")) == ["Payroll"]
    assert (await as_("project").get("/integrations")).status_code == 403
    assert (await as_("nobody").get("/integrations")).status_code == 403


async def test_from_project_settings_even_an_admin_sees_that_project_only(as_: As) -> None:
    await several(as_)
    answer = await as_("admin", from_project="PAY").get("/integrations")
    assert names(answer) == ["Payroll"]
    assert "Of the Jira project PAY" in words(answer)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=PAY", ["Payroll"]),
        ("q=100%25", ["Site 100%"]),
        ("q=%25", ["Site 100%"]),
        ("q=_", []),
        ("q=%27%3B--", []),
        ("tool=azure", ["Tickets"]),
        ("project=ops", ["Site 100%", "Tickets"]),
        ("kind=migration", ["Site 100%"]),
        ("state=paused", []),
        ("mine=yes", ["Tickets", "Payroll"]),
        ("mine=yes&project=PAY", ["Payroll"]),
        ("q=&tool=&project=", ["Site 100%", "Tickets", "Payroll"]),
    ],
)
async def test_filters_find_what_they_say(as_: As, query: str, found: list[str]) -> None:
    await several(as_)
    answer = await as_("admin").get(f"/integrations?{query}")
    assert names(answer) == found
    assert ("Nothing matches" in words(answer)) is (not found)


async def test_no_integrations_is_told_apart_from_no_match(as_: As) -> None:
    empty = words(await as_("gitlab").get("/integrations"))
    assert "No integrations yet" in empty
    assert "Create an integration" in empty
    assert "Create a migration" in empty
    filtered = words(await as_("gitlab").get("/integrations?q=x"))
    assert "Nothing matches" in filtered
    assert "Clear filters" in filtered


async def test_paging_shows_every_row_once_there_and_back(
    as_: As, superuser: psycopg.Connection, instance_id: UUID
) -> None:
    total = ROWS * 2 + 3
    many(superuser, instance_id, total, owner="jira:x")
    visitor, seen, pages = as_("gitlab"), list[str](), list[list[str]]()
    address: str | None = "/integrations?tool=gitlab"
    while address:
        answer = await visitor.get(address)
        pages.append(names(answer))
        seen += pages[-1]
        here, address = answer, _link(answer.text, "Next")
    assert [len(page) for page in pages] == [ROWS, ROWS, 3]
    assert len(set(seen)) == total
    back = _link(here.text, "Previous")
    assert back is not None
    middle = await visitor.get(back)
    assert names(middle) == pages[1]
    first = await visitor.get(_link(middle.text, "Previous") or "")
    assert names(first) == pages[0]
    assert _link(first.text, "Previous") is None


def _link(html: str, label: str) -> str | None:
    found = re.search(rf'href="([^"]+)"[^>]*>{label}<', html)
    return found[1].replace("&amp;", "&") if found else None


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=" + "A" * 32,
        "after=" + "_" * 32,
        "before=" + "A" * 31,
        "after=%00",
        "after=é",
        "tool=sap",
        "tool=gitlab%00",
        "kind=all",
        "state=deleted",
        "mine=no",
        "q=%00",
        "q=" + "x" * 121,
        "project=a%0Ab",
        "q=%ED%A0%80",
    ],
)
async def test_odd_addresses_never_fail_on_our_side(as_: As, query: str) -> None:
    answer = await as_("admin").get(f"/integrations?{query}")
    assert answer.status_code in {200, 422}


async def test_a_cursor_of_somebody_else_shows_nothing_more(
    as_: As, superuser: psycopg.Connection, instance_id: UUID
) -> None:
    many(superuser, instance_id, ROWS + 5, owner="jira:x")
    page = await as_("admin").get("/integrations")
    link = _link(page.text, "Next")
    assert link is not None
    from_ops = as_("admin", from_project="OPS")
    assert names(await from_ops.get(link)) == []
    assert (await as_("nobody").get(link)).status_code == 403


@given(st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1)), st.uuids())  # noqa: DTZ001
def test_a_cursor_comes_back_as_it_went(moment: datetime, row_id: UUID) -> None:
    position = Position(moment.replace(tzinfo=UTC), row_id)
    assert position_of(cursor_of(position)) == position


@given(st.text(max_size=64))
def test_any_other_text_is_no_cursor_or_a_position_in_our_times(text: str) -> None:
    try:
        position = position_of(text)
    except InvalidInput:
        return
    assert 1970 <= position.created_at.year < 2200


async def test_what_people_entered_is_text_wherever_it_is_shown(as_: As) -> None:
    odd = "<script>alert(1)</script>\"'&{{7*7}}"
    its = await created(as_("gitlab"), name=odd, jql=odd)
    for path in ("", f"/{its}", f"/{its}/edit", f"/{its}/delete", f"/{its}/hand-over"):
        page = await as_("gitlab").get(f"/integrations{path}")
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "{{7*7}}" in words(page)
        assert "alert(1)" in page.text


async def test_rows_of_others_are_listed_with_their_owner(as_: As) -> None:
    await as_("gitlab").post("/integrations", data=integration())
    row = words(await as_("azure").get("/integrations"))
    assert "Gia Gitlab" in row
