"""A project in Jira as a side: the Jira that installed the app, and another one with a token."""

import copy
from collections import deque
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.access import Tool
from app.sync.reconcile import Setting, reconcile
from app.sync.rooms import Rooms
from app.sync.rules import MappingRules, StatusRule
from app.sync.translate import WhoIsWho
from app.tools.catalogue import CATALOGUE
from app.tools.http import ToolHttp
from app.tools.items import Attachment, Draft, FieldKind, Item, Person
from app.tools.jira import JiraSide
from app.tools.jira_fields import as_kept
from app.tools.jira_http import ConnectHttp, TokenHttp
from app.tools.side import (
    NO_PARENT,
    AccessLost,
    ItemElsewhere,
    ItemGone,
    ItemRejected,
    Side,
    SideBusy,
    SideError,
    Unsure,
)
from connect import JiraTransport, Quota, Site
from sandbox.faults import Fault, FaultKind
from sandbox.issues.catalogue import DONE, TO_DO
from sandbox.issues.models import Issue
from sandbox.issues.workflow import Transition
from sandbox.main import create_app
from sandbox.running import Sandbox
from sandbox.seed_other import OLGA_EMAIL, OLGA_TOKEN, TOM, fresh_other_site
from sandbox.site import SiteState
from tests.sandbox.stub_app import APP_KEY, BASE_URL, StubApp
from tests.tools.side_kit import FreeBudget, no_sleep, pieces, whole

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TITLE = "Zahlung 💳 schlägt fehl — الدفع فشل"
SEVERITY, CUSTOMER, REGIONS = "customfield_10030", "customfield_10031", "customfield_10032"
GO_LIVE, DEPLOYED, CAUSE = "customfield_10033", "customfield_10034", "customfield_10035"
POINTS, REVIEWER = "customfield_10016", "customfield_10037"


@dataclass
class Place:
    """A side, and a look behind it."""

    side: JiraSide
    sandbox: Sandbox
    project: tuple[int, str]
    person: str
    quota: Quota

    @property
    def site(self) -> SiteState:
        return self.sandbox.site

    def anew(self) -> JiraSide:
        """The side as another worker opens it, which knows nothing yet."""
        return JiraSide(self.side._http, self.project[1])

    def fault(self, kind: FaultKind, path: str, **more: Any) -> None:
        self.sandbox.faults.add(Fault(kind, path, **more))

    def add(self, summary: str = "Something", at: int | None = None, **fields: Any) -> Issue:
        """An issue that somebody else makes."""
        held = {"summary": summary, "issuetype": "10002", "status": "10000", "priority": "3"}
        return self.site.issues.add(self.project, held | fields, self.person, at=at)

    def change(self, issue: Issue, summary: str) -> None:
        current = self.site.issues.find(issue.key)
        assert current is not None
        item = {"field": "summary", "fieldId": "summary", "toString": summary}
        self.site.issues.change(current, {"summary": summary}, self.person, [item])

    def index_everything(self) -> None:
        """Search knows now what it did not know before."""
        issues = self.site.issues
        issues.search_lag_ms = 0
        issues._to_index = deque((0.0, number, issue) for _, number, issue in issues._to_index)

    def mine(self, mark: UUID) -> list[str]:
        """Keys of the issues that bear this mark."""
        value = {"link": str(mark)}
        return [
            each.key for each in self.site.issues.all() if each.properties.get("getint") == value
        ]


@pytest.fixture(scope="session")
def other_site() -> SiteState:
    """Making an RSA key takes a moment."""
    return fresh_other_site("http://localhost:2991")


@pytest.fixture(params=["app", "token"])
async def place(
    request: pytest.FixtureRequest, opened_site: SiteState, other_site: SiteState
) -> AsyncIterator[Place]:
    """The same project, once seen by the app that is installed, once by a person's token."""
    by_app = request.param == "app"
    site = copy.deepcopy(opened_site if by_app else other_site)
    stub = StubApp(scopes=("READ", "WRITE", "DELETE"))
    app_http = httpx.AsyncClient(transport=httpx.ASGITransport(stub.asgi))
    program = create_app(site, app_http=app_http)
    sandbox: Sandbox = program.state.sandbox
    http = httpx.AsyncClient(transport=httpx.ASGITransport(program))
    async with app_http, http:
        if by_app:
            await sandbox.host.install(f"{BASE_URL}/atlassian-connect.json")
            quota = Quota()
            transport = JiraTransport(http, APP_KEY, quota, sleep=no_sleep)
            asked = Site("key", site.base_url, site.base_url, sandbox.host.addon.shared_secret)
            side = JiraSide(ConnectHttp(transport, asked), "PAY")
            yield Place(side, sandbox, (10001, "PAY"), site.people[1].account_id, quota)
        else:
            quota = Quota()
            yield Place(_by_token(http, site), sandbox, (10101, "ENG"), TOM, quota)


def _by_token(
    http: httpx.AsyncClient,
    site: SiteState,
    token: str = OLGA_TOKEN,
    wanted: Collection[str] | None = None,
    project: str = "ENG",
) -> JiraSide:
    headers = CATALOGUE[Tool.JIRA].probe.headers({"email": OLGA_EMAIL, "token": token})
    tool = ToolHttp(http, site.base_url, headers, FreeBudget(), tool="Jira", sleep=no_sleep)
    return JiraSide(TokenHttp(tool), project, wanted=wanted)


def draft(**values: Any) -> Draft:
    return Draft(type="Task", values={"title": TITLE, **values}, mark=uuid4())


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


def keys(items: list[Item]) -> list[str]:
    return [item.key for item in items]


async def test_what_is_written_is_what_is_read(place: Place) -> None:
    rich = "<p>Zeile <strong>fett</strong> 🎉</p><ul><li><p>مرحبا</p></li></ul>"
    values = {
        "description": rich,
        "priority": "High",
        "labels": ("needs review", "b"),
        "assignee": Person(place.person),
        "due": date(2026, 12, 24),
        SEVERITY: "Major",
        CUSTOMER: "Ünïcode & Söhne",
        REGIONS: ("Europe", "المنطقة العربية"),
        GO_LIVE: date(2027, 1, 2),
        DEPLOYED: datetime(2026, 11, 23, 10, 30, 15, 123000, tzinfo=UTC),
        CAUSE: "<p>because</p>",
        POINTS: 5.0,
        REVIEWER: Person(place.person),
    }
    made = await place.side.create(draft(**values))
    item = await place.side.read(made.id)
    assert item == made
    assert item.values["title"] == TITLE
    assert item.values["description"] == as_kept(FieldKind.RICH, rich)
    assert item.values["labels"] == ("b", "needs_review")
    assert as_kept(FieldKind.LABELS, ("needs review",)) == ("needs_review",)
    assert item.values[CAUSE] == as_kept(FieldKind.RICH, "<p>because</p>")
    for name in ("assignee", REVIEWER):
        who = item.values[name]
        assert isinstance(who, Person)
        assert who.id == place.person
    for name in ("priority", "due", SEVERITY, CUSTOMER, REGIONS, GO_LIVE, DEPLOYED, POINTS):
        assert item.values[name] == values[name], name
    assert (item.type, item.status, item.parent) == ("Task", "To Do", None)
    assert item.url == f"{place.site.base_url}/browse/{item.key}"
    assert item.created_at == item.updated_at > LONG_AGO


async def test_an_update_sets_these_fields_and_nothing_else(place: Place) -> None:
    made = await place.side.create(draft(labels=("a",), due=date(2026, 12, 24), priority="High"))
    item = await place.side.update(made.id, {"labels": (), "due": None, "title": "New"})
    assert item.values["title"] == "New"
    assert "labels" not in item.values
    assert "due" not in item.values
    assert item.values["priority"] == "High"
    assert item.updated_at > made.updated_at
    again = await place.side.read(made.id)
    assert again is not None
    assert (again.values, again.updated_at, again.mark) == (item.values, item.updated_at, made.mark)


async def test_a_title_too_long_is_cut_and_that_is_said(place: Place) -> None:
    item = await place.side.create(draft(title="x" * 200 + "\n" + "y" * 200))
    assert item.values["title"] == as_kept(
        FieldKind.TEXT, "x" * 200 + "\n" + "y" * 200, is_title=True
    )
    assert len(str(item.values["title"])) == 255
    assert any("title was cut" in note for note in item.notes)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"priority": "s3cret"}, "“Priority”"),
        ({SEVERITY: "s3cret"}, "“Severity” has a value that Jira does not take"),
        ({"assignee": Person("s3cret")}, "“Assignee” names something that this Jira does not have"),
        ({CAUSE: f"<p>{'s3cret' * 6000}</p>"}, "“Root cause” is longer than Jira takes"),
        ({POINTS: "s3cret"}, "“Story point estimate” takes number"),
        ({"due": "s3cret"}, "“Due date” takes date"),
        ({"nonsense": "s3cret"}, "no field “nonsense”"),
    ],
)
async def test_a_refusal_names_the_field_and_quotes_nothing(
    place: Place, values: dict[str, Any], said: str
) -> None:
    with pytest.raises(ItemRejected) as refused:
        await place.side.create(draft(**values))
    assert said in str(refused.value)
    assert "s3cret" not in str(refused.value)
    assert list(place.site.issues.all()) == []


async def test_changes_come_page_by_page_and_an_unchanged_project_costs_two_calls(
    place: Place,
) -> None:
    long_ago = int(LONG_AGO.timestamp() * 1000)
    made = [place.add(f"Number {n}", at=long_ago + n // 70) for n in range(130)]
    items, position = await changed(place.side)
    assert keys(items) == [issue.key for issue in made]
    place.sandbox.log.reset()
    assert (await changed(place.anew(), position))[0] == []
    assert len(place.sandbox.log.matching(path="/rest/")) == 2
    place.change(made[7], "Other")
    items, _ = await changed(place.side, position)
    assert keys(items) == [made[7].key]
    assert items[0].values["title"] == "Other"


async def test_what_changes_while_pages_are_read_is_not_lost(place: Place) -> None:
    made = [place.add(f"Number {n}") for n in range(120)]
    first = await place.side.changes(None, "")
    place.change(made[3], "Changed meanwhile")
    place.site.issues.delete(made[49], place.person)
    rest, position = await changed(place.side, first.position)
    assert keys([*first.items, *rest]) == [issue.key for issue in made]
    later, _ = await changed(place.side, position)
    assert made[3].key in keys(later)


@pytest.mark.parametrize("skew_minutes", [-10, 0, 10])
async def test_changes_are_found_whatever_the_clock_and_however_late_search_is(
    place: Place, skew_minutes: int
) -> None:
    place.site.issues.clock_skew_ms = skew_minutes * 60_000
    first, late = place.add("First", at=1), place.add("Late", at=1)
    _, position = await changed(place.side)
    place.change(first, "Known at once")
    place.site.issues.search_lag_ms = 3_600_000
    place.change(late, "Not known yet")
    items, position = await changed(place.side, position)
    assert keys(items) == [first.key]
    place.index_everything()
    items, _ = await changed(place.side, position)
    assert late.key in keys(items)


async def test_a_filter_keeps_what_it_does_not_mean_out(place: Place) -> None:
    place.add("One", labels=["a"])
    two = place.add("Two", labels=["b"])
    place.site.issues.add((10002 if place.project[0] == 10001 else 10102, "X"),
                          {"summary": "Elsewhere", "issuetype": "10002", "status": "10000",
                           "labels": ["b"]}, place.person)  # fmt: skip
    items, _ = await changed(place.side, query="labels = b ORDER BY created")
    assert keys(items) == [two.key]
    assert await place.side.count("labels = b") == 1
    for query in ("nonsense = 1", "labels = b) OR (labels = a"):
        with pytest.raises(ItemRejected):
            await place.side.changes(None, query)


async def test_an_issue_of_another_project_is_not_read(place: Place) -> None:
    project = 10002 if place.project[0] == 10001 else 10102
    fields = {"summary": "Elsewhere", "issuetype": "10002", "status": "10000"}
    other = place.site.issues.add((project, "X"), fields, place.person)
    with pytest.raises(ItemElsewhere):
        await place.side.read(str(other.id))


async def test_what_was_deleted_is_missed_and_what_was_moved_is_not(place: Place) -> None:
    kept, deleted = place.add("Kept"), place.add("Deleted")
    project = 10002 if place.project[0] == 10001 else 10102
    moved = place.site.issues.add(
        (project, "X"), {"summary": "x", "issuetype": "10002", "status": "10000"}, place.person
    )
    await place.side.delete(str(deleted.id))
    wanted = [str(each.id) for each in (kept, moved, deleted)]
    assert await place.side.missing([*wanted, "99999"]) == {str(deleted.id), "99999"}


@pytest.mark.parametrize("search_lag_ms", [0, 3_600_000])
async def test_a_create_whose_answer_is_lost_is_found_again_and_once(
    place: Place, search_lag_ms: int
) -> None:
    place.add("Of somebody else")
    place.site.issues.search_lag_ms = search_lag_ms
    wanted = draft()
    place.fault(FaultKind.AFTER_WRITE, "*/issue", method="POST", remaining=1)
    with pytest.raises(Unsure):
        await place.side.create(wanted)
    since = datetime.now(UTC) - timedelta(minutes=30)
    found = await place.side.find_marked(wanted.mark, since)
    assert found is not None
    assert [found.key] == place.mine(wanted.mark)
    assert (found.mark, found.values["title"]) == (wanted.mark, TITLE)
    assert await place.side.find_marked(uuid4(), since) is None


async def test_a_create_that_is_made_but_not_read_back_is_unsure(place: Place) -> None:
    await place.side.create(draft())
    wanted = draft()
    place.fault(FaultKind.ERROR, "*/issue/*", method="GET")
    with pytest.raises(Unsure):
        await place.side.create(wanted)
    assert len(place.mine(wanted.mark)) == 1


async def test_asked_to_wait_nothing_happened(place: Place) -> None:
    place.fault(FaultKind.BURST, "*", retry_after=40)
    wanted = draft()
    for call in (place.side.create(wanted), place.side.changes(None, "")):
        with pytest.raises(SideBusy) as busy:
            await call
        assert busy.value.retry_after_s == pytest.approx(40, abs=2)
    assert place.mine(wanted.mark) == []


async def test_a_dropped_write_leaves_one_unsure_and_a_dropped_read_busy(place: Place) -> None:
    made = await place.side.create(draft())
    place.fault(FaultKind.DROP, "*")
    with pytest.raises(Unsure):
        await place.side.update(made.id, {"title": "x"})
    with pytest.raises(SideBusy):
        await place.side.read(made.id)


@pytest.mark.parametrize(
    ("kind", "error"),
    [(FaultKind.UNAUTHORIZED, AccessLost), (FaultKind.FORBIDDEN, AccessLost)],
)
async def test_lost_access_is_told_from_a_busy_jira(
    place: Place, kind: FaultKind, error: type[SideError]
) -> None:
    place.fault(kind, "*")
    with pytest.raises(error):
        await place.side.changes(None, "")


async def test_a_right_that_is_missing_is_about_the_one_item(place: Place) -> None:
    made = await place.side.create(draft())
    place.fault(FaultKind.FORBIDDEN, "*", method="PUT")
    with pytest.raises(ItemRejected, match="lacks the permission"):
        await place.side.update(made.id, {"title": "x"})


async def test_a_revoked_token_and_a_project_that_is_gone_are_lost_access(
    other_site: SiteState,
) -> None:
    site = copy.deepcopy(other_site)
    program = create_app(site, app_http=httpx.AsyncClient())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(program)) as http:
        with pytest.raises(AccessLost) as lost:
            await _by_token(http, site, token="wrong-s3cret").schema()
        with pytest.raises(AccessLost, match="no such project"):
            await _by_token(http, site, project="NONE").changes(None, "")
    assert "s3cret" not in str(lost.value)


async def test_an_item_that_is_gone(place: Place) -> None:
    made = await place.side.create(draft())
    await place.side.delete(made.id)
    await place.side.delete(made.id)
    assert await place.side.read(made.id) is None
    for call in (
        place.side.update(made.id, {"title": "x"}),
        place.side.move(made.id, "Done", {}),
        place.side.comments(made.id),
        place.side.add_comment(made.id, "<p>x</p>", uuid4()),
    ):
        with pytest.raises(ItemGone):
            await call


async def test_a_way_through_the_workflow_is_found_and_its_fields_are_given(place: Place) -> None:
    # Ways out of a status are known from issues that are in it.
    place.add("Under way", status="3")
    place.add("In review", status="10001")
    made = await place.side.create(draft())
    with pytest.raises(ItemRejected, match="asks for “Resolution” on the way to “Done”"):
        await place.side.move(made.id, "Done", {})
    stayed = await place.side.read(made.id)
    assert stayed is not None
    assert stayed.status == "To Do"
    moved = await place.side.move(made.id, "Done", {"resolution": "Won't Do"})
    assert (moved.status, moved.values["resolution"]) == ("Done", "Won't Do")
    back = await place.side.move(made.id, "to do", {})
    assert (back.status, back.mark) == ("To Do", made.mark)


async def test_what_a_move_demands_is_given_as_what_its_fields_hold(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = Transition("41", "Finish", (TO_DO,), DONE, ("duedate", POINTS, REVIEWER, "resolution"))
    monkeypatch.setattr("sandbox.rest.transitions.available_from", lambda _status: [asks])
    rule = StatusRule(
        jira="Done",
        tool="closed",
        jira_demands={
            "due": "2026-12-24",
            POINTS: "3.5",
            REVIEWER: place.person,
            "resolution": "Done",
        },
        jira_kinds={
            "due": FieldKind.DATE,
            POINTS: FieldKind.NUMBER,
            REVIEWER: FieldKind.PERSON,
            "resolution": FieldKind.OPTION,
        },
    )
    made = await place.side.create(draft())
    closed = replace(made, status="closed")
    setting = Setting(
        rules=MappingRules(statuses=(rule,), hierarchy=False),
        direction="to_jira",
        conflict_rule="tool",
        fingerprint=lambda raw: raw.hex(),
        people=WhoIsWho(),
        as_kept=lambda _side, _kind, value: value,
        rooms=Rooms({}),
        parent_on=lambda _side, _parent: None,
    )
    writes = reconcile(setting, made, closed, ({}, {})).jira
    assert writes.demands == {
        "due": date(2026, 12, 24),
        POINTS: 3.5,
        REVIEWER: Person(place.person),
        "resolution": "Done",
    }
    moved = await place.side.move(made.id, str(writes.status), writes.demands)
    assert moved.status == "Done"
    assert (moved.values["due"], moved.values[POINTS]) == (date(2026, 12, 24), 3.5)


async def test_where_no_way_is_known_that_is_said_and_nothing_moves(place: Place) -> None:
    made = await place.side.create(draft())
    with pytest.raises(ItemRejected, match="no way from “To Do” to “Nowhere”"):
        await place.side.move(made.id, "Nowhere", {})
    stayed = await place.side.read(made.id)
    assert stayed is not None
    assert stayed.status == "To Do"


async def test_an_item_can_be_made_in_a_status_and_under_a_parent(place: Place) -> None:
    story = place.add("Story", issuetype="10001")
    wanted = Draft("Sub-task", {"title": "Part"}, uuid4(), "In Progress", parent=str(story.id))
    part = await place.side.create(wanted)
    assert (part.status, part.parent, part.type) == ("In Progress", str(story.id), "Sub-task")
    other = place.add("Other story", issuetype="10001")
    moved = await place.side.update(part.id, {}, parent=str(other.id))
    assert moved.parent == str(other.id)
    with pytest.raises(ItemRejected, match="“Parent” can not be above"):
        await place.side.update(part.id, {}, parent=str(part.id))


async def test_a_parent_can_be_taken_away_but_not_from_a_sub_task(place: Place) -> None:
    epic, story = place.add("Epic", issuetype="10000"), place.add("Story", issuetype="10001")
    under = await place.side.update(str(story.id), {}, parent=str(epic.id))
    assert under.parent == str(epic.id)
    assert (await place.side.update(under.id, {"title": "Free"}, NO_PARENT)).parent is None
    part = await place.side.create(Draft("Sub-task", {"title": "x"}, uuid4(), parent=under.id))
    with pytest.raises(ItemRejected, match="“Parent”"):
        await place.side.update(part.id, {}, NO_PARENT)


async def test_comments_keep_their_mark_and_their_order(place: Place) -> None:
    made = await place.side.create(draft())
    mark = uuid4()
    written = await place.side.add_comment(made.id, "<p>Grüße 👋 שלום</p>", mark)
    issue = place.site.issues.find(made.key)
    assert issue is not None
    for number in range(230):
        issue = place.site.issues.find(made.key)
        assert issue is not None
        text = {"type": "text", "text": f"number {number}"}
        body = {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [text]}]}
        place.site.issues.comment(issue, place.person, body, {})
    comments = await place.side.comments(made.id)
    assert len(comments) == 231
    assert comments[0] == written
    assert (comments[0].mark, comments[0].body) == (mark, "<p>Grüße 👋 שלום</p>")
    assert comments[230].body == "<p>number 229</p>"
    assert comments[230].author.id == place.person
    assert comments[230].mark is None
    edited = await place.side.edit_comment(made.id, written.id, "<p>new</p>", mark)
    assert (edited.id, edited.mark, edited.body) == (written.id, mark, "<p>new</p>")
    assert (await place.side.comments(made.id))[0].mark == mark
    await place.side.delete_comment(made.id, written.id)
    await place.side.delete_comment(made.id, written.id)
    assert len(await place.side.comments(made.id)) == 230


async def test_a_list_and_a_creation_tell_how_many_comments_there_are(place: Place) -> None:
    made = await place.side.create(draft())
    assert made.comment_count == 0
    for number in range(25):  # more than a search gives
        await place.side.add_comment(made.id, f"<p>{number}</p>", uuid4())
    items, _ = await changed(place.side)
    assert [item.comment_count for item in items if item.id == made.id] == [25]


async def test_files_go_both_ways_in_pieces(place: Place) -> None:
    made = await place.side.create(draft())
    content = bytes(range(256)) * 3000
    name = 'Überblick "2026" 📎.bin'
    file = await place.side.attach(made.id, name, "image/png", len(content), pieces(content))
    assert (file.media_type, file.size) == ("image/png", len(content))
    item = await place.side.read(made.id)
    assert item is not None
    assert item.attachments == [file]
    assert await whole(place.side.open_attachment(made.id, file)) == content
    gone = Attachment("99999", "x", "text/plain", 1)
    with pytest.raises(ItemGone):
        await whole(place.side.open_attachment(made.id, gone))


async def test_a_file_too_large_is_refused(place: Place) -> None:
    made = await place.side.create(draft())
    place.sandbox.upload_limit = 100
    with pytest.raises(ItemRejected):
        await place.side.attach(made.id, "a", "text/plain", 101, pieces(b"x" * 101))
    item = await place.side.read(made.id)
    assert item is not None
    assert item.attachments == []


async def test_the_schema_shows_what_can_be_mapped(place: Place) -> None:
    place.add("Under way", status="3")
    place.add("In review", status="10001")
    schema = await place.side.schema()
    assert {kind.name for kind in schema.types} == {"Epic", "Story", "Task", "Bug", "Sub-task"}
    task = schema.type_named("Task")
    assert task is not None
    assert task.statuses == ["To Do", "In Progress", "In Review", "Done"]
    kinds = {field.id: field.kind for field in task.fields}
    assert kinds["title"] is FieldKind.TEXT
    assert kinds["description"] is kinds[CAUSE] is FieldKind.RICH
    assert kinds["labels"] is FieldKind.LABELS
    assert kinds["assignee"] is kinds[REVIEWER] is FieldKind.PERSON
    assert (kinds["due"], kinds[DEPLOYED]) == (FieldKind.DATE, FieldKind.TIME)
    assert (kinds[SEVERITY], kinds[REGIONS]) == (FieldKind.OPTION, FieldKind.OPTIONS)
    fields = {field.id: field for field in task.fields}
    assert fields["title"].required
    assert not fields["priority"].required
    assert fields["priority"].options == ["Highest", "High", "Medium", "Low", "Lowest"]
    assert fields[SEVERITY].options == ["Critical", "Major", "Minor", "Cosmetic"]
    assert task.moves["In Review"] == ["In Progress", "Done"] or set(task.moves["In Review"]) == {
        "To Do", "In Progress", "Done",
    }  # fmt: skip
    (resolution,) = task.demanded["Done"]
    assert (resolution.id, resolution.kind) == ("resolution", FieldKind.OPTION)
    assert "Won't Do" in resolution.options
    assert place.person in {person.id for person in schema.people}


async def test_only_wanted_fields_are_asked_for(other_site: SiteState) -> None:
    site = copy.deepcopy(other_site)
    program = create_app(site, app_http=httpx.AsyncClient())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(program)) as http:
        side = _by_token(http, site, wanted={"title", POINTS})
        made = await side.create(Draft("Task", {"title": "x", POINTS: 3.0}, uuid4()))
        assert set(made.values) == {"title", POINTS}


async def test_what_is_left_of_a_low_quota_is_not_for_runs(place: Place) -> None:
    if place.sandbox.site.addon is None:
        pytest.skip("only the app has a quota")
    await place.side.create(draft())
    place.quota.spend("others", 60_000)
    with pytest.raises(SideBusy):
        await place.side.changes(None, "")
