"""Who may create what, and what is refused on the way."""

from collections.abc import Callable

import psycopg
import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from tests.integrations.kit import OPS, PAY, connected, created, flag, integration, words
from tests.people import Visitor

As = Callable[..., Visitor]


async def test_a_member_of_a_tool_creates_and_owns(as_: As, superuser: psycopg.Connection) -> None:
    gitlab = as_("gitlab")
    answer = await gitlab.post("/integrations", data=integration(kind="migration"))
    assert answer.status_code == 200
    assert flag(answer)["title"] == "Payroll was created"
    row = superuser.execute(
        "SELECT owner, kind, tool, project_id, project_key, state, jql FROM integrations"
    ).fetchone()
    assert row == (gitlab.account, "migration", "gitlab", PAY, "PAY", "active", "type = Bug")


@pytest.mark.parametrize(
    ("person", "from_project", "changes", "status"),
    [
        ("admin", None, {"tool": "asana", "tool_place": "1201"}, 200),
        ("admin", "PAY", {}, 200),
        ("gitlab", None, {}, 200),
        ("gitlab", None, {"tool": "azure"}, 403),
        ("azure", None, {}, 403),
        ("azure", None, {"tool": "azure"}, 200),
        ("project", "PAY", {}, 200),
        ("project", "PAY", {"tool": "azure"}, 200),
        ("project", "PAY", {"project_id": ""}, 200),
        ("project", "PAY", {"project_id": OPS}, 422),
        ("project", "OPS", {"project_id": OPS}, 403),
        ("project", None, {}, 403),
        ("nobody", None, {}, 403),
        ("nobody", "PAY", {}, 403),
    ],
)
async def test_creating_is_as_the_table_says(
    as_: As,
    superuser: psycopg.Connection,
    *,
    person: str,
    from_project: str | None,
    changes: dict[str, str],
    status: int,
) -> None:
    visitor = as_(person, from_project=from_project)
    answer = await visitor.post("/integrations", data=integration(**changes))
    assert answer.status_code == status, words(answer)
    count = superuser.execute("SELECT count(*) FROM integrations").fetchone()
    assert count == (1 if status == 200 else 0,)


async def test_the_form_shows_every_tool_and_why_one_cannot_be_chosen(as_: As) -> None:
    page = await as_("gitlab").get("/integrations/new?kind=migration")
    assert page.status_code == 200
    assert page.text.count('name="tool"') == 14
    assert page.text.count("card-choice-off") == 13
    assert "You are not a member of the Jira group for Azure DevOps." in words(page)
    assert "Membership of getint-jira-azure." in words(page)
    assert 'value="migration" checked' in page.text


async def test_a_project_admin_may_choose_any_tool_but_only_their_project(as_: As) -> None:
    page = await as_("project", from_project="PAY").get("/integrations/new")
    assert "card-choice-off" not in page.text
    assert "so it is always this one" in words(page)
    assert "Operations" not in words(page)


async def test_the_form_is_refused_to_whoever_may_create_nothing(as_: As) -> None:
    for path in ("/integrations/new", "/integrations/projects"):
        answer = await as_("project").get(path)
        assert answer.status_code == 403


async def test_only_projects_that_the_visitor_may_browse_are_found_and_accepted(
    as_: As, ready: Sandbox
) -> None:
    gitlab = as_("gitlab")
    found = words(await gitlab.get("/integrations/projects?project_q=op"))
    assert "Operations (OPS)" in found
    assert "Payments" not in found
    ready.site.remove_member("site-users", gitlab.account_id)
    assert "Operations" not in words(await gitlab.get("/integrations/projects?project_q=op"))
    answer = await gitlab.post("/integrations", data=integration())
    assert answer.status_code == 422
    assert "among those that you can browse" in words(answer)


async def test_a_project_that_does_not_exist_is_refused(as_: As) -> None:
    answer = await as_("admin").post("/integrations", data=integration(project_id="999999"))
    assert answer.status_code == 422


async def test_while_jira_is_away_the_form_still_opens_and_saving_says_so(
    as_: As, ready: Sandbox
) -> None:
    gitlab = as_("gitlab")
    await gitlab.get("/integrations")  # so that the standing is known
    ready.faults.add(Fault(FaultKind.ERROR, path="/rest/api/3/project*"))
    page = await gitlab.get("/integrations/new")
    assert page.status_code == 200
    assert "Projects cannot be listed" in words(page)
    answer = await gitlab.post("/integrations", data=integration())
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "", "A name is needed."),
        ("name", " \t ", "A name is needed."),
        ("name", "x" * 121, "A name can have at most 120 characters."),
        ("name", "a\x00b", "signs only"),
        ("name", "a\nb", "signs only"),
        ("name", "a\u202eb", "signs only"),
        ("tool", "", "Choose one of the options."),
        ("tool", "GITLAB", "Choose one of the options."),
        ("kind", "both", "Choose one of the options."),
        ("direction", "sideways", "Choose one of the options."),
        ("jql", "x" * 2001, "The filter can have at most 2000 characters."),
        ("jql", "a\x00", "signs that cannot be stored"),
        ("tool_place", "", "The place is needed."),
        ("tool_place", "no-group", "write it like group/project"),
        ("project_id", "", "A Jira project is needed."),
        ("project_id", "PAY", "cannot be used"),
        ("project_id", "9" * 19, "cannot be used"),
        ("project_id", "-1", "cannot be used"),
        ("connection_id", "nonsense", "Choose one of the options."),
        ("connection_id", "00000000-0000-4000-8000-000000000000", "no such connection"),
    ],
)
async def test_each_mistake_is_told_at_its_field_and_what_was_entered_stays(
    as_: As, superuser: psycopg.Connection, field: str, value: str, said: str
) -> None:
    answer = await as_("gitlab").post("/integrations", data=integration(**{field: value}))
    assert answer.status_code == 422
    assert "Getint-Problem" not in answer.headers
    assert said in words(answer)
    if field != "name":
        assert 'value="Payroll"' in answer.text
    assert superuser.execute("SELECT count(*) FROM integrations").fetchone() == (0,)


async def test_a_connection_of_another_tool_is_refused(as_: As) -> None:
    admin = as_("admin")
    theirs = await connected(admin, tool="azure", address="https://dev.azure.com/acme")
    answer = await admin.post("/integrations", data=integration(connection_id=theirs))
    assert answer.status_code == 422


@pytest.mark.parametrize(("level", "status"), [("view", 403), ("use", 200), ("edit", 200)])
async def test_a_connection_is_used_as_its_owner_allows(as_: As, level: str, status: int) -> None:
    theirs = await connected(as_("admin"), others_may=level)
    part = await as_("gitlab").get("/integrations/tool-part?tool=gitlab")
    assert ("lets others see it, but not use it" in words(part)) is (status == 403)
    answer = await as_("gitlab").post("/integrations", data=integration(connection_id=theirs))
    assert answer.status_code == status


async def test_without_a_licence_nothing_is_created_and_the_button_says_why(
    as_: As, lapsed: None
) -> None:
    admin = as_("admin")
    page = await admin.get("/integrations")
    assert page.status_code == 200
    assert "no active licence" in words(page)
    assert (await admin.get("/integrations/new")).status_code == 403
    answer = await admin.post("/integrations", data=integration())
    assert answer.status_code == 403
    assert "no active licence" in words(answer)


async def test_creating_is_in_the_trail_with_what_was_set(
    as_: As, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    made = await created(gitlab)
    rows = superuser.execute(
        "SELECT account, action, thing_kind, thing_id, details FROM audit_entries"
        " WHERE thing_kind = 'integration'"
    ).fetchall()
    assert len(rows) == 1
    account, action, _, thing_id, details = rows[0]
    assert (account, thing_id) == (gitlab.account, made)
    assert action == "create an integration or migration"
    assert details["name"] == "Payroll"
    assert details["project_key"] == "PAY"
