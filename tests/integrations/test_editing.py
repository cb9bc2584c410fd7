"""Editing, pausing and deleting: by whom, and what happens to the second of two."""

import asyncio
from collections.abc import Callable

import psycopg
import pytest

from tests.integrations.kit import OPS, connected, created, edited, integration, words
from tests.people import Visitor

As = Callable[..., Visitor]
CHANGES = ("edit", "delete")


async def test_an_owner_edits_and_the_trail_has_old_and_new(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    form = await gitlab.get(f"/integrations/{its}/edit")
    assert form.status_code == 200
    assert 'name="version" value="1"' in form.text
    answer = await gitlab.post(f"/integrations/{its}", data=edited(name="Wages", jql=""))
    assert answer.status_code == 200
    assert superuser.execute("SELECT name, jql, version FROM integrations").fetchone() == (
        "Wages",
        "",
        2,
    )
    details = superuser.execute(
        "SELECT details FROM audit_entries WHERE action LIKE 'change%'"
    ).fetchone()
    assert details is not None
    assert details[0]["changes"] == {"name": ["Payroll", "Wages"], "jql": ["type = Bug", ""]}


async def test_saving_without_a_change_changes_nothing(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    assert (await gitlab.post(f"/integrations/{its}", data=edited())).status_code == 200
    assert superuser.execute("SELECT version FROM integrations").fetchone() == (1,)


@pytest.mark.parametrize("person", ["azure", "gitlab-colleague"])
async def test_others_see_it_with_disabled_buttons_and_are_refused(
    as_: As, person: str, ready: object
) -> None:
    its = await created(as_("admin"))
    other = as_("gitlab" if person == "gitlab-colleague" else person)
    page = await other.get(f"/integrations/{its}")
    assert page.status_code == 200
    assert "Only its owner and administrators can do this." in words(page)
    assert page.text.count('aria-disabled="true"') == 4
    start = await other.get(f"/integrations/{its}/start")
    assert start.text.count('aria-disabled="true"') == 2
    assert "Only its owner and administrators can do this." in words(start)
    listed = await other.get("/integrations")
    assert "Payroll" in words(listed)
    assert listed.text.count('aria-disabled="true"') == 4
    for path in CHANGES:
        assert (await other.get(f"/integrations/{its}/{path}")).status_code == 403
    for path in ("", "/pause", "/resume", "/delete", "/hand-over"):
        answer = await other.post(f"/integrations/{its}{path}", data=edited(name="Mine now"))
        assert answer.status_code == 403
    assert "Payroll" in words(await other.get("/integrations"))


async def test_a_member_of_no_tool_does_not_learn_that_it_exists(as_: As) -> None:
    its = await created(as_("gitlab"), project_id=OPS)
    assert (await as_("nobody").get(f"/integrations/{its}")).status_code == 403
    from_pay = as_("project", from_project="PAY")
    for method, path in (("GET", ""), ("GET", "/edit"), ("POST", ""), ("POST", "/delete")):
        answer = await from_pay.ask(method, f"/integrations/{its}{path}")
        assert answer.status_code == 404


async def test_the_second_of_two_editors_is_told_who_and_what_and_overwrites_nothing(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab, admin = as_("gitlab"), as_("admin")
    its = await created(gitlab)
    first = await admin.post(f"/integrations/{its}", data=edited(1, name="Wages"))
    assert first.status_code == 200
    second = await gitlab.post(f"/integrations/{its}", data=edited(1, name="Salaries"))
    assert second.status_code == 409
    assert "Alice Admin changed the name on" in words(second)
    assert "Nothing was overwritten" in words(second)
    assert superuser.execute("SELECT name, version FROM integrations").fetchone() == ("Wages", 2)
    third = await gitlab.post(f"/integrations/{its}", data=edited(2, name="Salaries"))
    assert third.status_code == 200


async def test_of_two_at_the_same_moment_one_wins(as_: As, superuser: psycopg.Connection) -> None:
    gitlab, admin = as_("gitlab"), as_("admin")
    its = await created(gitlab)
    answers = await asyncio.gather(
        *(
            visitor.post(f"/integrations/{its}", data=edited(1, name=name))
            for visitor, name in ((gitlab, "A"), (admin, "B"), (gitlab, "C"), (admin, "D"))
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert superuser.execute("SELECT version FROM integrations").fetchone() == (2,)


@pytest.mark.parametrize("version", ["0", "-1", "2", "99999999999999999999", "1.5", "", "x"])
async def test_no_other_version_lets_an_edit_through(as_: As, version: str) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    form = edited(name="Forced") | {"version": version}
    answer = await gitlab.post(f"/integrations/{its}", data=form)
    assert answer.status_code in {409, 422}
    assert "Payroll" in words(await gitlab.get("/integrations"))


async def test_an_owner_may_not_move_it_to_a_tool_that_they_could_not_create_with(
    as_: As,
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    answer = await gitlab.post(f"/integrations/{its}", data=edited(tool="azure"))
    assert answer.status_code == 403
    assert "Jira group for Azure DevOps" in words(answer)
    moved = await gitlab.post(f"/integrations/{its}", data=edited(project_id=OPS))
    assert moved.status_code == 200


async def test_a_connection_in_use_is_kept_when_its_owner_closes_it(as_: As) -> None:
    admin, gitlab = as_("admin"), as_("gitlab")
    theirs = await connected(admin, others_may="use")
    other = await connected(admin, others_may="view", name="Closed")
    its = await created(gitlab, connection_id=theirs)
    shut = {"others_may": "view", "version": "1"}
    assert (await admin.post(f"/connections/{theirs}/sharing", data=shut)).status_code == 200
    kept = edited(1, name="Wages", connection_id=theirs)
    assert (await gitlab.post(f"/integrations/{its}", data=kept)).status_code == 200
    switched = edited(2, connection_id=other)
    assert (await gitlab.post(f"/integrations/{its}", data=switched)).status_code == 403


@pytest.mark.parametrize("change", [{"tool_place": "their/secrets"}, {"direction": "to_jira"}])
async def test_a_connection_that_was_closed_is_not_turned_to_another_use(
    as_: As, change: dict[str, str]
) -> None:
    admin, gitlab = as_("admin"), as_("gitlab")
    theirs = await connected(admin, others_may="use")
    its = await created(gitlab, connection_id=theirs)
    turned = edited(1, connection_id=theirs, **change)
    shut = {"others_may": "view", "version": "1"}
    assert (await admin.post(f"/connections/{theirs}/sharing", data=shut)).status_code == 200
    refused = await gitlab.post(f"/integrations/{its}", data=turned)
    assert refused.status_code == 403
    assert "lets others see it, but not use it" in words(refused)
    without = turned | {"connection_id": ""}
    assert (await gitlab.post(f"/integrations/{its}", data=without)).status_code == 200


async def test_pausing_and_resuming_are_each_done_once(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    for path, state, version in (
        ("pause", "paused", 2),
        ("pause", "paused", 2),
        ("resume", "active", 3),
    ):
        answer = await gitlab.post(f"/integrations/{its}/{path}")
        assert answer.status_code == 200
        assert "getint:integrations-changed" in answer.headers["hx-trigger"]
        row = superuser.execute("SELECT state, version FROM integrations").fetchone()
        assert row == (state, version)
    assert "Active" in words(await gitlab.get("/integrations?state=active"))


async def test_deleting_names_what_is_lost_and_leaves_the_trail(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    dialog = words(await gitlab.get(f"/integrations/{its}/delete"))
    assert "Delete Payroll?" in dialog
    assert "It cannot be brought back." in dialog
    answer = await gitlab.post(f"/integrations/{its}/delete")
    assert answer.status_code == 200
    assert "getint:close-dialog" in answer.headers["hx-trigger"]
    assert (await gitlab.get(f"/integrations/{its}")).status_code == 404
    assert (await gitlab.post(f"/integrations/{its}/delete")).status_code == 404
    details = superuser.execute(
        "SELECT details->'deleted'->>'name' FROM audit_entries ORDER BY id DESC LIMIT 1"
    ).fetchone()
    assert details == ("Payroll",)


async def test_without_a_licence_it_stays_readable_and_unchanged(
    as_: As, house: object, superuser: psycopg.Connection, request: pytest.FixtureRequest
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    request.getfixturevalue("lapsed")
    page = await gitlab.get(f"/integrations/{its}")
    assert page.status_code == 200
    assert "no active licence" in words(page)
    for path in ("", "/pause", "/delete", "/hand-over"):
        answer = await gitlab.post(f"/integrations/{its}{path}", data=edited(name="X"))
        assert answer.status_code == 403
    assert superuser.execute("SELECT name FROM integrations").fetchone() == ("Payroll",)


async def test_a_mistake_in_an_edit_keeps_what_was_entered(as_: As) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    answer = await gitlab.post(
        f"/integrations/{its}", data=edited(name="Wages <b>", tool_place="", jql="x = 1")
    )
    assert answer.status_code == 422
    assert 'value="Wages &lt;b&gt;"' in answer.text
    assert "x = 1" in answer.text
    assert "The place is needed." in words(answer)


async def test_an_owner_is_not_asked_for_the_kind_again(as_: As) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    form = integration(name="Wages") | {"version": "1"}
    assert (await gitlab.post(f"/integrations/{its}", data=form)).status_code == 422


async def test_deleting_and_changing_at_the_same_moment_end_well(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab, admin = as_("gitlab"), as_("admin")
    its = await created(gitlab)
    answers = await asyncio.gather(
        gitlab.post(f"/integrations/{its}/delete"),
        admin.post(f"/integrations/{its}/delete"),
        gitlab.post(f"/integrations/{its}/pause"),
        admin.post(f"/integrations/{its}", data=edited(1, name="Wages")),
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 404, 409}


async def test_deleting_a_connection_while_it_is_being_chosen_ends_well(
    as_: As, superuser: psycopg.Connection
) -> None:
    admin = as_("admin")
    theirs = await connected(admin)
    form = integration(connection_id=theirs)
    deleted, made = await asyncio.gather(
        admin.post(f"/connections/{theirs}/delete"), admin.post("/integrations", data=form)
    )
    assert (deleted.status_code, made.status_code) in {(200, 422), (409, 200), (200, 409)}
    dangling = superuser.execute(
        "SELECT count(*) FROM integrations i WHERE connection_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM connections c WHERE c.id = i.connection_id)"
    ).fetchone()
    assert dangling == (0,)
