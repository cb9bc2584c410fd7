"""A project in Azure DevOps as a side."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.access import Tool
from app.tools.azure import AzureSide
from app.tools.azure_fields import as_kept
from app.tools.azure_items import link_of, with_mark, without_mark
from app.tools.catalogue import CATALOGUE
from app.tools.http import ToolHttp
from app.tools.items import Attachment, Draft, FieldKind, Item, Person
from app.tools.side import (
    NO_PARENT,
    AccessLost,
    ItemElsewhere,
    ItemGone,
    ItemRejected,
    Side,
    SideBusy,
    Unsure,
)
from sandbox.azure import work
from sandbox.azure.main import create_app
from sandbox.azure.running import Azure
from sandbox.azure.seed import BOT, TOKEN
from sandbox.azure.state import AzureState, User
from sandbox.tools.faults import Fault, FaultKind
from tests.tools.side_kit import FreeBudget, no_sleep, pieces, whole

URL = "http://azure.test"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TITLE = "Zahlung 💳 schlägt fehl — الدفع فشل"
SEVERITY, BLOCKED = "Microsoft.VSTS.Common.Severity", "Custom.Blocked"
POINTS, CAUSE = "Microsoft.VSTS.Scheduling.StoryPoints", "Custom.RootCause"


@dataclass
class Place:
    """A side, and a look behind it."""

    azure: Azure
    http: httpx.AsyncClient

    def side(self, project: str = "Payments", token: str = TOKEN) -> AzureSide:
        headers = CATALOGUE[Tool.AZURE].probe.headers({"token": token})
        address = self.azure.state.url
        budget = FreeBudget()
        tool = ToolHttp(self.http, address, headers, budget, tool="Azure DevOps", sleep=no_sleep)
        return AzureSide(tool, project)

    def fault(self, kind: FaultKind, path: str, **more: Any) -> None:
        self.azure.faults.add(Fault(kind, path, **more))

    @property
    def somebody(self) -> User:
        return self.azure.state.users[0]

    def mine(self, mark: UUID) -> list[str]:
        """Ids of the items that bear this mark."""
        return [
            str(item.id)
            for item in self.azure.state.items.values()
            if any(relation.url == link_of(mark) for relation in item.relations)
        ]


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    """An organisation whose projects are empty."""
    state = AzureState.fresh(URL, items=0)
    out = httpx.AsyncClient()
    program = create_app(state, http=out)
    async with out, httpx.AsyncClient(transport=httpx.ASGITransport(program)) as http:
        yield Place(program.state.standin, http)


@pytest.fixture
def side(place: Place) -> AzureSide:
    return place.side()


def draft(kind: str = "Bug", **values: Any) -> Draft:
    return Draft(type=kind, values={"title": TITLE, **values}, mark=uuid4())


async def changed(
    side: Side, position: str | None = None, query: str = ""
) -> tuple[list[Item], str]:
    """A whole round."""
    items: list[Item] = []
    while True:
        found = await side.changes(position, query)
        items += found.items
        position = found.position
        if found.is_last:
            return items, position


def ids(items: list[Item]) -> list[str]:
    return [item.id for item in items]


async def test_what_is_written_is_what_is_read(place: Place, side: AzureSide) -> None:
    rich = "<p>Zeile <strong>fett</strong> 🎉</p><ul><li>مرحبا</li></ul>"
    who = place.somebody.unique_name
    values: dict[str, Any] = {
        "description": rich,
        "priority": "1",
        "labels": ("needs review", "b; c"),
        "assignee": Person(who),
        "due": date(2026, 12, 24),
        SEVERITY: "2 - High",
        "Custom.Customer": "Ünïcode & Söhne",
        BLOCKED: True,
    }
    wanted = draft(**values)
    made = await side.create(wanted)
    item = await side.read(made.id)
    assert item == made
    assert item.mark == wanted.mark
    assert item.values["title"] == TITLE
    assert item.values["description"] == as_kept(FieldKind.RICH, rich)
    assert item.values["labels"] == as_kept(FieldKind.LABELS, ("b; c", "needs review"))
    assert item.values["assignee"] == Person(who, place.somebody.display_name, who)
    for name in ("priority", "due", SEVERITY, "Custom.Customer", BLOCKED):
        assert item.values[name] == values[name], name
    assert (item.type, item.status, item.parent) == ("Bug", "New", None)
    assert item.key == f"#{item.id}"
    assert item.url == f"{URL}/acme/Payments/_workitems/edit/{item.id}"
    assert LONG_AGO < item.created_at <= item.updated_at


async def test_an_update_sets_these_fields_and_nothing_else(side: AzureSide) -> None:
    made = await side.create(draft(labels=("a", "b"), due=date(2026, 12, 24), priority="1"))
    item = await side.update(made.id, {"labels": ("b",), "due": None, "title": "New"})
    assert item.values["title"] == "New"
    assert item.values["labels"] == ("b",)
    assert "due" not in item.values
    assert item.values["priority"] == "1"
    assert item.updated_at > made.updated_at
    assert await side.read(made.id) == item


@pytest.mark.parametrize("hour", ["2026-12-23T13:00:00Z", "2026-12-24T00:00:00Z",
                                  "2026-12-24T11:00:00Z"])  # fmt: skip
async def test_a_due_date_is_the_day_that_was_meant_wherever_it_was_set(
    place: Place, side: AzureSide, hour: str
) -> None:
    made = await side.create(draft())
    place.azure.state.items[int(made.id)].fields["Microsoft.VSTS.Scheduling.DueDate"] = hour
    item = await side.read(made.id)
    assert item is not None
    assert item.values["due"] == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({SEVERITY: "s3cret"}, "“Severity” takes only the values of its list"),
        ({"assignee": Person("s3cret")}, "“Assigned To” takes only the values of its list"),
        ({"description": f"<p>{'s3cret' * 180_000}</p>"}, "“Description” is longer"),
        ({"title": " "}, "“Title” needs a value"),
        ({POINTS: "s3cret"}, "“Story Points” takes number"),
        ({"due": "s3cret"}, "“Due Date” takes date"),
        ({"nonsense": "s3cret"}, "no field “nonsense”"),
        ({"reporter": Person("s3cret")}, "no field “reporter”"),
    ],
)
async def test_a_refusal_names_the_field_and_quotes_nothing(
    place: Place, side: AzureSide, values: dict[str, Any], said: str
) -> None:
    kind = "User Story" if POINTS in values else "Bug"
    with pytest.raises(ItemRejected) as refused:
        await side.create(draft(kind, **values))
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert place.azure.state.items == {}


async def test_changes_come_page_by_page_and_an_unchanged_project_costs_one_call(
    place: Place, side: AzureSide
) -> None:
    place.azure.clock.fixed = LONG_AGO
    made = [(await side.create(draft(title=f"Number {n}"))).id for n in range(205)]
    place.azure.clock.fixed = None
    items, position = await changed(side)
    assert ids(items) == made
    place.azure.log.reset()
    assert (await changed(place.side(), position))[0] == []
    assert len(place.azure.log.entries) == 1
    await side.update(made[7], {"title": "Other"})
    items, _ = await changed(side, position)
    assert [item.values["title"] for item in items] == ["Other"]


async def test_what_changes_while_pages_are_read_is_not_lost(place: Place, side: AzureSide) -> None:
    made = [(await side.create(draft(title=f"Number {n}"))).id for n in range(203)]
    first = await side.changes(None, "")
    await side.update(made[3], {"title": "Changed meanwhile"})
    await side.delete(made[199])
    rest, position = await changed(side, first.position)
    assert ids([*first.items, *rest]) == made
    later, _ = await changed(side, position)
    assert made[3] in ids(later)


@pytest.mark.parametrize("skew_minutes", [-10, 0, 10])
async def test_changes_are_found_whatever_the_clock_and_however_late_queries_are(
    place: Place, side: AzureSide, skew_minutes: int
) -> None:
    place.azure.clock.skew = timedelta(minutes=skew_minutes)
    made = await side.create(draft())
    _, position = await changed(side)
    place.azure.lag = timedelta(minutes=1)
    await side.update(made.id, {"title": "Not known yet"})
    _, position = await changed(side, position)
    place.azure.lag = timedelta()
    items, _ = await changed(side, position)
    assert ids(items) == [made.id]


async def test_a_parent_is_set_changed_and_taken_away(side: AzureSide) -> None:
    first, second = await side.create(draft("Feature")), await side.create(draft("Feature"))
    child = await side.create(Draft("Bug", {"title": "x"}, uuid4(), parent=first.id))
    assert child.parent == first.id
    assert (await side.update(child.id, {}, second.id)).parent == second.id
    assert (await side.update(child.id, {}, NO_PARENT)).parent is None
    under = await side.update(second.id, {}, child.id)
    assert under.parent == child.id
    with pytest.raises(ItemRejected, match="a parent that can not be above it"):
        await side.update(child.id, {}, second.id)


async def test_an_item_tells_how_many_comments_it_has(side: AzureSide) -> None:
    made = await side.create(draft())
    assert made.comment_count == 0
    await side.add_comment(made.id, "<p>One</p>", uuid4())
    again = await side.read(made.id)
    assert again is not None
    assert again.comment_count == 1


async def test_a_filter_keeps_what_it_does_not_mean_out(place: Place, side: AzureSide) -> None:
    await side.create(draft(labels=("a",)))
    two = await side.create(draft(labels=("b",)))
    await place.side("Website").create(draft(labels=("b",)))
    query = "[System.Tags] CONTAINS 'b' ORDER BY [System.Title]"
    assert ids((await changed(side, query=query))[0]) == [two.id]
    assert await side.count(query) == 1
    assert await side.count("") == 2
    for wrong in ("[No.Such] = 1", "[System.Id] > 0) OR ([System.Id] > 0"):
        with pytest.raises(ItemRejected):
            await side.changes(None, wrong)
        with pytest.raises(ItemRejected):
            await side.count(wrong)


async def test_an_item_of_another_project_is_not_read(place: Place, side: AzureSide) -> None:
    other = await place.side("Website").create(draft())
    with pytest.raises(ItemElsewhere):
        await side.read(other.id)


async def test_what_was_deleted_is_missed_and_what_was_moved_is_not(
    place: Place, side: AzureSide
) -> None:
    kept, deleted = await side.create(draft()), await side.create(draft())
    moved = await place.side("Website").create(draft())
    await side.delete(deleted.id)
    assert await side.missing([kept.id, moved.id, deleted.id, "9999"]) == {deleted.id, "9999"}


@pytest.mark.parametrize("lag", [timedelta(), timedelta(hours=1)])
async def test_a_create_whose_answer_is_lost_is_found_again_and_once(
    place: Place, side: AzureSide, lag: timedelta
) -> None:
    await side.create(draft())
    place.azure.lag = lag
    wanted = draft()
    place.fault(FaultKind.LOST_ANSWER, "*/workitems/*", method="POST", remaining=1)
    with pytest.raises(Unsure):
        await side.create(wanted)
    since = datetime.now(UTC) - timedelta(minutes=30)
    found = await side.find_marked(wanted.mark, since)
    assert found is not None
    assert [found.id] == place.mine(wanted.mark)
    assert (found.mark, found.values["title"]) == (wanted.mark, TITLE)
    assert await side.find_marked(uuid4(), since) is None


async def test_asked_to_wait_nothing_happened(place: Place, side: AzureSide) -> None:
    await side.labels()
    place.fault(FaultKind.RATE_LIMIT, "*", retry_after=40)
    wanted = draft()
    for call in (side.create(wanted), side.changes(None, "")):
        with pytest.raises(SideBusy) as busy:
            await call
        assert busy.value.retry_after_s == pytest.approx(40, abs=2)
    assert place.mine(wanted.mark) == []


async def test_a_dropped_write_leaves_one_unsure_and_a_dropped_read_busy(
    place: Place, side: AzureSide
) -> None:
    made = await side.create(draft())
    place.fault(FaultKind.DROP, "*")
    with pytest.raises(Unsure):
        await side.update(made.id, {"title": "x"})
    with pytest.raises(SideBusy):
        await side.read(made.id)


async def test_a_revoked_token_is_lost_access(place: Place) -> None:
    with pytest.raises(AccessLost) as lost:
        await place.side(token="wrong-s3cret").changes(None, "")
    assert "s3cret" not in str(lost.value)


async def test_a_project_that_is_gone_is_lost_access(place: Place) -> None:
    with pytest.raises(AccessLost, match="no such project"):
        await place.side("Nowhere").schema()


async def test_a_right_that_is_missing_is_about_the_one_item(place: Place, side: AzureSide) -> None:
    made = await side.create(draft())
    place.fault(FaultKind.FORBIDDEN, "*", method="PATCH")
    with pytest.raises(ItemRejected, match="lacks the right"):
        await side.update(made.id, {"title": "x"})


async def test_a_web_page_in_place_of_data_does_no_harm(place: Place, side: AzureSide) -> None:
    made = await side.create(draft())
    place.fault(FaultKind.HTML, "*")
    with pytest.raises(Unsure):
        await side.update(made.id, {"title": "x"})


async def test_an_item_that_is_gone(side: AzureSide) -> None:
    made = await side.create(draft())
    await side.delete(made.id)
    await side.delete(made.id)
    assert await side.read(made.id) is None
    for call in (
        side.update(made.id, {"title": "x"}),
        side.update(made.id, {}, parent="1"),
        side.move(made.id, "Closed", {}),
        side.comments(made.id),
        side.add_comment(made.id, "<p>x</p>", uuid4()),
    ):
        with pytest.raises(ItemGone):
            await call


async def test_what_a_state_demands_is_given_with_it(place: Place) -> None:
    strict = place.side("Website")
    made = await strict.create(draft())
    with pytest.raises(ItemRejected, match="“Root Cause” needs a value"):
        await strict.move(made.id, "Closed", {})
    moved = await strict.move(made.id, "Closed", {CAUSE: "Code"})
    assert (moved.status, moved.values[CAUSE], moved.mark) == ("Closed", "Code", made.mark)
    with pytest.raises(ItemRejected, match="“State” takes only the values of its list"):
        await strict.move(made.id, "Nowhere", {})


async def test_an_item_can_be_made_in_a_state_and_under_a_parent(side: AzureSide) -> None:
    epic = await side.create(draft("Epic"))
    wanted = Draft("Feature", {"title": "Part"}, uuid4(), "Active", parent=epic.id)
    part = await side.create(wanted)
    assert (part.status, part.parent) == ("Active", epic.id)
    other = await side.create(draft("Epic"))
    moved = await side.update(part.id, {"title": "Moved"}, parent=other.id)
    assert (moved.parent, moved.values["title"], moved.mark) == (other.id, "Moved", wanted.mark)
    with pytest.raises(ItemRejected):
        await side.update(part.id, {}, parent=part.id)


async def test_a_parent_is_changed_even_if_somebody_else_writes_meanwhile(
    place: Place, side: AzureSide, monkeypatch: pytest.MonkeyPatch
) -> None:
    epic, other = await side.create(draft("Epic")), await side.create(draft("Epic"))
    part = await side.create(Draft("Feature", {"title": "Part"}, uuid4(), parent=epic.id))
    real = AzureSide._bean
    disturbed: list[str] = []

    async def read_then_disturbed(of: AzureSide, item_id: str) -> Any:
        bean = await real(of, item_id)
        if not disturbed:
            disturbed.append(item_id)
            item = place.azure.state.items[int(item_id)]
            work.add_comment(place.azure, item, place.somebody, "meanwhile")
        return bean

    monkeypatch.setattr(AzureSide, "_bean", read_then_disturbed)
    moved = await side.update(part.id, {}, parent=other.id)
    assert (moved.parent, disturbed) == (other.id, [part.id])


async def test_comments_keep_their_mark_and_their_order(place: Place, side: AzureSide) -> None:
    made = await side.create(draft())
    mark = uuid4()
    written = await side.add_comment(made.id, "<p>Grüße 👋 שלום</p>", mark)
    item = place.azure.state.items[int(made.id)]
    for number in range(230):
        work.add_comment(place.azure, item, place.somebody, f"number {number}")
    work.add_comment(place.azure, item, place.somebody, "**bold**", markup="markdown")
    comments = await side.comments(made.id)
    assert len(comments) == 232
    assert comments[0] == written
    assert (comments[0].mark, comments[0].body) == (mark, "<p>Grüße 👋 שלום</p>")
    assert comments[0].author.id == BOT
    assert (comments[230].body, comments[230].mark) == ("<p>number 229</p>", None)
    assert comments[230].author.email == place.somebody.unique_name
    assert "bold" in comments[231].body
    edited = await side.edit_comment(made.id, written.id, "<p>new</p>", mark)
    assert (edited.id, edited.mark, edited.body) == (written.id, mark, "<p>new</p>")
    await side.delete_comment(made.id, written.id)
    await side.delete_comment(made.id, written.id)
    assert len(await side.comments(made.id)) == 231


async def test_files_go_both_ways_in_pieces(side: AzureSide) -> None:
    made = await side.create(draft())
    content = bytes(range(256)) * 3000
    name = "Überblick 📎 & co.png"
    file = await side.attach(made.id, name, "image/png", len(content), pieces(content))
    assert (file.name, file.media_type) == (name, "image/png")
    item = await side.read(made.id)
    assert item is not None
    assert item.attachments == [file]
    assert item.mark == made.mark
    assert await whole(side.open_attachment(made.id, file)) == content
    gone = Attachment(str(uuid4()), "x", "text/plain", 1)
    with pytest.raises(ItemGone):
        await whole(side.open_attachment(made.id, gone))


async def test_the_schema_shows_what_can_be_mapped(place: Place, side: AzureSide) -> None:
    schema = await side.schema()
    bug = schema.type_named("Bug")
    assert bug is not None
    fields = {field.id: field for field in bug.fields}
    kinds = {name: field.kind for name, field in fields.items()}
    assert kinds["title"] is FieldKind.TEXT
    assert kinds["description"] is kinds["Microsoft.VSTS.TCM.ReproSteps"] is FieldKind.RICH
    assert (kinds["labels"], kinds["assignee"]) == (FieldKind.LABELS, FieldKind.PERSON)
    assert (kinds["due"], kinds[BLOCKED]) == (FieldKind.DATE, FieldKind.BOOLEAN)
    assert (kinds["priority"], kinds[SEVERITY]) == (FieldKind.OPTION, FieldKind.OPTION)
    assert fields["priority"].options == ["1", "2", "3", "4"]
    # Places in trees have a root, which Azure DevOps takes where none is given.
    assert [field.id for field in bug.fields if field.required] == ["title"]
    assert not fields["reporter"].writable
    assert "System.State" not in fields
    assert bug.statuses == ["New", "Active", "Resolved", "Closed"]
    assert "Active" in bug.moves["New"]
    assert place.somebody.unique_name in {person.id for person in schema.people}


async def test_people_are_known_from_items_where_teams_may_not_be_read(
    place: Place, side: AzureSide
) -> None:
    await side.create(draft(assignee=Person(place.somebody.unique_name)))
    place.fault(FaultKind.UNAUTHORIZED, "*/teams*")
    people = (await side.schema()).people
    assert {person.id for person in people} == {BOT, place.somebody.unique_name}


@pytest.mark.parametrize(
    "kept",
    [
        "{}",
        "<div>{}</div>",
        "{}<p>added by somebody</p>",
    ],
)
def test_the_mark_in_a_comment_is_found_whatever_an_editor_did_around_it(kept: str) -> None:
    mark = uuid4()
    content = kept.format(with_mark("<p>words</p>", mark)).replace(
        "<a ", '<a target="_blank" rel="noopener" '
    )
    found = without_mark(content)
    assert found[1] == mark
    assert "getint.app" not in found[0]
    assert "words" in found[0]
