"""GitLab's issues as a side, against the stand-in."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import pytest

from app.tools.addresses import AddressRule
from app.tools.gitlab import GitLabSide
from app.tools.http import ToolHttp
from app.tools.items import (
    ASSIGNEE,
    DESCRIPTION,
    DUE,
    LABELS,
    REPORTER,
    TITLE,
    Attachment,
    Draft,
    FieldKind,
    Person,
    Value,
    Values,
)
from app.tools.side import AccessLost, ItemGone, ItemRejected, SideBusy, SideError, Unsure
from app.tools.transport import new_tool_client
from sandbox.gitlab.main import create_app
from sandbox.gitlab.seed import DEVELOPER_TOKEN, OWNER_TOKEN, READER_TOKEN
from sandbox.gitlab.state import GitLabState, Note
from sandbox.tools.faults import Fault, FaultKind
from tests.servers import free_port, serving
from tests.tools.gitlab_kit import BOT, GIA, Town, all_changes, town_with
from tests.tools.side_kit import FreeBudget, no_sleep, pieces, whole

GUEST = 10
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with town_with(12) as found:
        yield found


def draft(values: Values = MappingProxyType({})) -> Draft:
    return Draft("Issue", {TITLE: "T", **values}, uuid4())


# ---- making, reading, changing


async def test_what_is_made_comes_back_as_it_was_given(town: Town) -> None:
    values: dict[str, Value] = {
        TITLE: "مرحبا שלום 🎉 <b> & Łódź",
        DESCRIPTION: "<p>עברית <strong>fett</strong> 👩‍👩‍👧 &lt;!-- no mark --&gt;</p>",
        LABELS: ("Bug", "größer"),
        ASSIGNEE: Person(str(GIA), "Gia Gitlab"),
        DUE: date(2027, 2, 28),
        "weight": 5.0,
        "milestone": "Release 1.0",
        "confidential": True,
    }
    made = await town.side().create(Draft("Incident", values, mark := uuid4()))
    assert await town.side().read(made.id) == made
    assert {**made.values, ASSIGNEE: values[ASSIGNEE]} == {
        **values,
        REPORTER: Person(str(BOT), "Getint"),
    }
    assert (made.type, made.status, made.key, made.mark) == (
        "Incident",
        "opened",
        f"#{made.id}",
        mark,
    )
    assert made.url.endswith(f"/acme/payments/-/issues/{made.id}")


async def test_the_mark_is_in_gitlab_where_nobody_sees_it_and_in_no_value(town: Town) -> None:
    wanted = draft({DESCRIPTION: "<p>Words</p>"})
    made = await town.side().create(wanted)
    assert town.issue(made.id).description == f"Words\n\n<!-- getint:{wanted.mark} -->"
    assert "getint" not in str(made.values)


async def test_an_item_may_be_made_closed(town: Town) -> None:
    made = await town.side().create(Draft("Task", {TITLE: "T"}, uuid4(), status="closed"))
    assert (made.status, made.type) == ("closed", "Task")


async def test_an_update_changes_what_it_names_and_nothing_else(town: Town) -> None:
    side = town.side()
    made = await side.create(draft({DESCRIPTION: "<p>a</p>", LABELS: ("one", "two")}))
    updated = await side.update(made.id, {TITLE: "New"})
    assert updated.values == {**made.values, TITLE: "New"}
    assert updated.mark == made.mark
    updated = await side.update(made.id, {DESCRIPTION: "<p>b</p>"})
    assert updated.values == {**made.values, TITLE: "New", DESCRIPTION: "<p>b</p>"}
    assert updated.mark == made.mark


@pytest.mark.parametrize("field", [DESCRIPTION, LABELS, ASSIGNEE, DUE, "weight", "milestone"])
async def test_a_field_can_be_emptied(town: Town, field: str) -> None:
    side = town.side()
    given: dict[str, Value] = {
        DESCRIPTION: "<p>a</p>",
        LABELS: ("one",),
        ASSIGNEE: Person(str(GIA)),
        DUE: date(2027, 1, 1),
        "weight": 1.0,
        "milestone": "Release 1.0",
    }
    made = await side.create(draft(given))
    assert field in made.values
    emptied = await side.update(made.id, {field: None})
    assert field not in emptied.values
    assert emptied.mark == made.mark


async def test_closing_and_opening_again(town: Town) -> None:
    side = town.side()
    made = await side.create(draft())
    closed = await side.move(made.id, "closed", {LABELS: ("done",)})
    assert (closed.status, closed.values[LABELS]) == ("closed", ("done",))
    assert (await side.move(made.id, "closed", {})).updated_at == closed.updated_at
    assert (await side.move(made.id, "opened", {})).status == "opened"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({TITLE: ""}, "title"),
        ({TITLE: "x" * 256}, "too long"),
        ({"colour": "red"}, "colour"),
        ({REPORTER: Person("12")}, "reporter"),
        ({"milestone": "Release 99"}, "milestone"),
        ({"weight": 1.5}, "weight"),
        ({"weight": "heavy"}, "weight"),
        ({DUE: "tomorrow"}, "due"),
        ({ASSIGNEE: Person("jira:5b10")}, "assignee"),
    ],
)
async def test_what_gitlab_will_not_take_is_refused_in_words(
    town: Town, values: dict[str, Value], words: str
) -> None:
    side = town.side()
    made = await side.create(draft())
    with pytest.raises(ItemRejected, match=words):
        await side.update(made.id, values)


async def test_a_type_and_a_status_that_gitlab_does_not_have_are_refused(town: Town) -> None:
    with pytest.raises(ItemRejected):
        await town.side().create(Draft("Epic", {TITLE: "T"}, uuid4()))
    with pytest.raises(ItemRejected):
        await town.side().move("1", "In Progress", {})


async def test_a_parent_is_left_out_and_that_is_said(town: Town) -> None:
    made = await town.side().create(Draft("Task", {TITLE: "T"}, uuid4(), parent="1"))
    assert "parent" in made.notes[0]
    assert "parent" in (await town.side().update(made.id, {}, parent="1")).notes[0]


async def test_more_than_one_assignee_is_said(town: Town) -> None:
    town.issue("1").assignee_ids = [11, GIA]
    item = await town.side().read("1")
    assert item is not None
    assert "2 people" in item.notes[-1]


ORDERS = "<p>/close</p><p>Text<br>/confidential</p><pre><code>/label ~bug\n```\n/close</code></pre>"


async def test_no_words_of_the_other_side_are_obeyed_as_orders(town: Town) -> None:
    side = town.side()
    made = await side.create(draft({DESCRIPTION: ORDERS}))
    comment = await side.add_comment(made.id, ORDERS, uuid4())
    updated = await side.update(made.id, {DESCRIPTION: ORDERS + "<p>more</p>"})
    assert made.values[DESCRIPTION] == comment.body == ORDERS
    assert updated.values[DESCRIPTION] == ORDERS + "<p>more</p>"
    issue = town.issue(made.id)
    assert (issue.state, issue.confidential, issue.labels) == ("opened", False, [])


async def test_the_schema_is_what_the_project_has(town: Town) -> None:
    schema = await town.side().schema()
    assert [each.name for each in schema.types] == ["Issue", "Incident", "Task"]
    issue = schema.type_named("Issue")
    assert issue is not None
    assert list(issue.statuses) == ["opened", "closed"]
    fields = {field.id: field for field in issue.fields}
    assert fields[TITLE].required
    assert not fields[REPORTER].writable
    assert fields["milestone"].options == ["Release 1.0", "Release 2.0"]
    assert fields["weight"].kind is FieldKind.NUMBER
    people = {person.id: person for person in schema.people}
    assert people["11"].email == "alice@example.com"
    assert people[str(GIA)].email is None


# ---- never twice, never lost


@pytest.mark.parametrize("kind", [FaultKind.LOST_ANSWER, FaultKind.DROP])
async def test_a_create_without_an_answer_is_unsure_and_the_mark_tells(
    town: Town, kind: FaultKind
) -> None:
    side, wanted = town.side(), draft()
    before = len(town.project.issues)
    town.fail(kind, "*/issues", method="POST")
    with pytest.raises(Unsure):
        await side.create(wanted)
    was_made = kind is FaultKind.LOST_ANSWER
    assert len(town.project.issues) == before + was_made
    found = await side.find_marked(wanted.mark, datetime.now(UTC) - timedelta(minutes=30))
    assert (found is not None) == was_made
    if found is not None:
        assert (found.mark, found.values[TITLE]) == (wanted.mark, "T")


async def test_a_mark_is_found_among_many_and_only_since_the_moment(town: Town) -> None:
    now = datetime.now(UTC)
    mark = uuid4()
    for minute in range(250):
        town.put(now + timedelta(seconds=minute))
    town.put(now + timedelta(hours=1), description=f"Words\n\n<!-- getint:{mark} -->")
    found = await town.side().find_marked(mark, now)
    assert found is not None
    assert found.values[DESCRIPTION] == "<p>Words</p>"
    assert await town.side().find_marked(mark, now + timedelta(hours=2)) is None
    assert await town.side().find_marked(uuid4(), now) is None


async def test_an_update_that_was_lost_can_be_made_again(town: Town) -> None:
    side = town.side()
    town.fail(FaultKind.LOST_ANSWER, "*/issues/1", method="PUT")
    with pytest.raises(Unsure):
        await side.update("1", {TITLE: "New"})
    assert (await side.update("1", {TITLE: "New"})).values[TITLE] == "New"


# ---- troubles


async def test_being_asked_to_wait_is_passed_on_and_nothing_was_made(town: Town) -> None:
    before = len(town.project.issues)
    town.fail(FaultKind.RATE_LIMIT, method="POST", remaining=None, retry_after=17)
    with pytest.raises(SideBusy) as busy:
        await town.side().create(draft())
    assert (busy.value.retry_after_s, town.budget.pauses[0]) == (17, 17)
    assert len(town.project.issues) == before


@pytest.mark.parametrize(
    "kind", [FaultKind.ERROR, FaultKind.BAD_GATEWAY, FaultKind.UNAVAILABLE, FaultKind.DROP]
)
async def test_a_passing_trouble_of_a_read_is_not_noticed(town: Town, kind: FaultKind) -> None:
    town.fail(kind)
    assert await town.side().read("1") is not None


async def test_a_page_instead_of_data_is_told(town: Town) -> None:
    town.fail(FaultKind.HTML, remaining=None)
    with pytest.raises(SideError, match="web page"):
        await town.side().changes(None, "")


@pytest.mark.parametrize("call", ["read", "changes", "comments", "create", "delete"])
async def test_a_revoked_token_ends_the_run_and_nothing_seems_gone(town: Town, call: str) -> None:
    town.gitlab.state.tokens[OWNER_TOKEN].revoked = True
    with pytest.raises(AccessLost):
        await _do(town, call)


@pytest.mark.parametrize("call", ["read", "changes", "comments", "create", "delete"])
async def test_a_member_who_was_removed_has_lost_access_and_nothing_seems_gone(
    town: Town, call: str
) -> None:
    del town.project.members[BOT]
    with pytest.raises(AccessLost):
        await _do(town, call)


async def test_what_a_lower_role_does_not_see_is_not_taken_for_deleted(town: Town) -> None:
    town.project.members[BOT] = GUEST
    with pytest.raises(AccessLost):
        await town.side().read("9999")


async def test_a_token_that_may_only_read_cannot_work(town: Town) -> None:
    with pytest.raises(AccessLost, match="insufficient_scope"):
        await town.side(READER_TOKEN).update("1", {TITLE: "New"})


async def test_what_one_right_less_forbids_fails_this_item_alone(town: Town) -> None:
    with pytest.raises(ItemRejected, match="403"):
        await town.side(DEVELOPER_TOKEN).delete("1")


async def test_an_item_that_was_deleted_meanwhile(town: Town) -> None:
    side = town.side()
    made = await side.create(draft())
    await side.delete(made.id)
    assert await side.read(made.id) is None
    await side.delete(made.id)
    for trial in (
        side.update(made.id, {TITLE: "New"}),
        side.update(made.id, {DESCRIPTION: "<p>New</p>"}),
        side.move(made.id, "closed", {}),
        side.comments(made.id),
        side.add_comment(made.id, "<p>x</p>", uuid4()),
    ):
        with pytest.raises(ItemGone):
            await trial


async def test_what_was_deleted_is_missed_and_nothing_else(town: Town) -> None:
    side = town.side()
    kept = [(await side.create(draft())).id for _ in range(30)]
    deleted = await side.create(draft())
    await side.delete(deleted.id)
    assert await side.missing([*kept, deleted.id]) == {deleted.id}


async def test_an_id_that_is_none_is_gone(town: Town) -> None:
    assert await town.side().read("../../users") is None
    await town.side().delete("1/notes")


async def _do(town: Town, call: str) -> object:
    side = town.side()
    if call == "changes":
        return await side.changes(None, "")
    if call == "create":
        return await side.create(draft())
    return await getattr(side, call)("1")


# ---- comments


async def test_comments_are_those_of_people_oldest_first(town: Town) -> None:
    side = town.side()
    made = await side.create(draft())
    issue = town.issue(made.id)
    for number, flags in enumerate(({}, {"system": True}, {"internal": True}, {})):
        at = LONG_AGO + timedelta(days=number)
        issue.notes[9000 + number] = Note(9000 + number, f"No {number} 🎉", GIA, at, at, **flags)
    mark = uuid4()
    added = await side.add_comment(made.id, "<p>שלום <em>dort</em></p>", mark)
    found = await side.comments(made.id)
    assert [comment.body for comment in found] == [
        "<p>No 0 🎉</p>",
        "<p>No 3 🎉</p>",
        "<p>שלום <em>dort</em></p>",
    ]
    assert [comment.mark for comment in found] == [None, None, mark]
    assert found[0].author == Person(str(GIA), "Gia Gitlab")
    assert found[2] == added


async def test_an_item_tells_how_many_comments_it_has(town: Town) -> None:
    side = town.side()
    made = await side.create(draft())
    assert made.comment_count == 0
    await side.add_comment(made.id, "<p>One</p>", uuid4())
    again = await side.read(made.id)
    assert again is not None
    assert again.comment_count == 1


async def test_a_comment_is_changed_and_taken_away(town: Town) -> None:
    side, mark = town.side(), uuid4()
    added = await side.add_comment("1", "<p>a</p>", mark)
    edited = await side.edit_comment("1", added.id, "<p>b</p>", mark)
    assert (edited.id, edited.body, edited.mark) == (added.id, "<p>b</p>", mark)
    await side.delete_comment("1", added.id)
    await side.delete_comment("1", added.id)
    with pytest.raises(ItemGone):
        await side.edit_comment("1", added.id, "<p>c</p>", mark)


async def test_a_comment_without_an_answer_is_found_by_its_mark(town: Town) -> None:
    side, mark = town.side(), uuid4()
    town.fail(FaultKind.LOST_ANSWER, "*/notes", method="POST")
    with pytest.raises(Unsure):
        await side.add_comment("1", "<p>a</p>", mark)
    assert [comment.mark for comment in await side.comments("1")].count(mark) == 1


async def test_all_of_many_comments_come_although_one_is_deleted_meanwhile(town: Town) -> None:
    side = town.side()
    made = await side.create(draft())
    notes = town.issue(made.id).notes
    for number in range(250):
        at = LONG_AGO + timedelta(seconds=number)
        notes[9000 + number] = Note(9000 + number, str(number), GIA, at, at)
    asked = 0

    async def delete_one_after_the_first_page(request: Any) -> None:
        nonlocal asked
        if request.url.path.endswith("/notes"):
            asked += 1
            if asked == 2:
                del notes[9005]

    town.client.event_hooks["request"].append(delete_one_after_the_first_page)
    found = [int(comment.id) for comment in await side.comments(made.id)]
    assert sorted(found) == [9000 + number for number in range(250) if number != 5]


# ---- files


async def test_files_are_those_that_the_issue_and_its_notes_link_to(town: Town) -> None:
    side = town.side()
    made = await side.create(draft())
    ours = await side.attach(made.id, "müde [1] (2).png", "image/png", 4, pieces(b"\x89PNG"))
    theirs = await _uploaded(town, "log.txt", b"line\n" * 500)
    issue = town.issue(made.id)
    issue.description = f"See [the log](/uploads/{theirs}) and [none](/uploads/{'0' * 32}/x.txt)."
    at = issue.updated_at
    web = f"http://gitlab.test/acme/payments/uploads/{theirs}"
    issue.notes[9000] = Note(9000, f"Again: <{web}>, /uploads/none", GIA, at, at)
    item = await side.read(made.id)
    assert item is not None
    assert list(item.attachments) == [
        Attachment(theirs, "log.txt", "text/plain", 2500),
        Attachment(ours.id, "müde [1] (2).png", "image/png", 4),
    ]
    assert await whole(side.open_attachment(item.id, item.attachments[0])) == b"line\n" * 500
    assert await whole(side.open_attachment(item.id, item.attachments[1])) == b"\x89PNG"


async def test_attaching_leaves_the_description_and_says_nothing_that_is_copied_back(
    town: Town,
) -> None:
    side = town.side()
    made = await side.create(draft({DESCRIPTION: "<p>Words</p>"}))
    await side.attach(made.id, "a.bin", "application/octet-stream", 3, pieces(b"abc"))
    item = await side.read(made.id)
    assert item is not None
    assert item.values == made.values
    comments = await side.comments(made.id)
    assert [comment.mark is not None for comment in comments] == [True]


async def test_pictures_of_the_item_are_its_own_on_both_sides_and_survive_an_edit(
    town: Town,
) -> None:
    side = town.side()
    made = await side.create(draft())
    picture = await _uploaded(town, "shot.png", b"\x89PNG")
    link = f"[more](/uploads/{picture})"
    town.issue(made.id).description = f"Look:\n\n![shot](/uploads/{picture})\n\n{link}"
    item = await side.read(made.id)
    assert item is not None
    html = str(item.values[DESCRIPTION])
    assert '<img src="attachment:shot.png" alt="shot">' in html
    assert f'href="http://gitlab.test/acme/payments/uploads/{picture}"' in html
    edited = await side.update(made.id, {DESCRIPTION: html + "<p>Edited.</p>"})
    assert edited.values[DESCRIPTION] == html + "<p>Edited.</p>"
    assert f"![shot](/uploads/{picture})" in str(town.issue(made.id).description)


async def test_a_file_that_gitlab_does_not_take_is_refused(town: Town) -> None:
    with pytest.raises(ItemRejected):
        await town.side().attach("1", "a", "text/plain", 5, pieces(b"too long by far"))


async def test_files_that_can_not_be_listed_stop_no_other_item(town: Town) -> None:
    town.fail(FaultKind.HTML, "*/issues/1/notes", remaining=None)
    town.issue("1").notes[9000] = Note(9000, "x", GIA, LONG_AGO, LONG_AGO)
    items, _ = await all_changes(town.side())
    assert len(items) == len(town.project.issues)
    broken = next(item for item in items if item.id == "1")
    assert "files" in broken.notes[-1]


async def _uploaded(town: Town, name: str, content: bytes) -> str:
    answer = await town.client.post(
        "http://gitlab.test/api/v4/projects/acme%2Fpayments/uploads",
        files={"file": (name, content)},
        headers={"PRIVATE-TOKEN": DEVELOPER_TOKEN},
    )
    return str(answer.json()["url"]).removeprefix("/uploads/")


# ---- over a real connection


async def test_all_of_it_over_a_connection_as_the_product_makes_them() -> None:
    port = free_port()
    app = create_app(GitLabState.fresh(f"http://localhost:{port}", issues=3), date_header=False)
    with serving(app, port) as url:
        async with new_tool_client(AddressRule.allowing([], loopback=True)) as client:
            headers = {"PRIVATE-TOKEN": OWNER_TOKEN}
            http = ToolHttp(client, url, headers, FreeBudget(), tool="GitLab", sleep=no_sleep)
            side, wanted = GitLabSide(http, "acme/payments"), draft()
            fault = Fault(FaultKind.LOST_ANSWER, "*/issues", method="POST", remaining=1)
            app.state.standin.faults.add(fault)
            with pytest.raises(Unsure):
                await side.create(wanted)
            made = await side.find_marked(wanted.mark, datetime.now(UTC) - timedelta(minutes=30))
            assert made is not None
            content = bytes(range(256)) * 8000
            file = await side.attach(
                made.id, "a.bin", "application/x", len(content), pieces(content)
            )
            assert await whole(side.open_attachment(made.id, file)) == content
            found = await side.read(made.id)
            assert found is not None
            assert [(each.name, each.size) for each in found.attachments] == [
                ("a.bin", len(content))
            ]
            items, position = await all_changes(side)
            assert len(items) == 4
            assert (await all_changes(side, position))[0] == []
