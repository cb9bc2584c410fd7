"""Settings > Access: groups, what binds them, and what a person could do."""

import re
from collections.abc import Callable
from html import unescape
from uuid import UUID, uuid4

import psycopg
import pytest

from app.access import Action, Tool
from app.house import House
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from sandbox.seed import GIA, GROUP_IDS, NORA, PIA
from tests.people import Visitor

As = Callable[..., Visitor]
ACCESS = "/settings/access"
GITLAB = "getint-jira-gitlab"


def row_of(page: str, label: str) -> str:
    """The text of a table row by its first cell."""
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.S):
        words = " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split())
        if words.startswith(label):
            return words
    raise AssertionError(f"no row {label}")


def bindings(superuser: psycopg.Connection) -> list[tuple[str, str, bool]]:
    return superuser.execute(
        "SELECT tool, group_id, is_standard FROM group_bindings ORDER BY tool, is_standard"
    ).fetchall()


async def access_page(as_: As) -> str:
    answer = await as_("admin").get(ACCESS)
    assert answer.status_code == 200
    return answer.text


async def test_all_fourteen_groups_are_shown_with_their_exact_names_to_copy(
    configured: Sandbox, as_: As
) -> None:
    page = await access_page(as_)
    for tool in Tool:
        assert f'data-copy="getint-jira-{tool}"' in page
    assert "Exists" in row_of(page, "GitLab")
    assert "Not created yet" in row_of(page, "Wrike")
    assert f'href="{configured.site.base_url}/admin/groups"' in page


async def test_a_created_group_is_shown_after_check_again_and_remembered(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    await access_page(as_)
    group = configured.site.create_group("getint-jira-wrike")
    answer = await as_("admin").post(f"{ACCESS}/check-again")
    assert "Exists" in row_of(answer.text, "Wrike")
    assert ("wrike", group.group_id, True) in bindings(superuser)


async def test_a_renamed_group_is_shown_under_its_name_of_today(
    configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    await admin.post(f"{ACCESS}/check-again")
    configured.site.rename_group(GITLAB, "developers")
    configured.site.create_group(GITLAB)
    page = (await admin.post(f"{ACCESS}/check-again")).text
    row = row_of(page, "GitLab")
    assert "Renamed" in row
    assert "Now called developers" in row
    assert "Another group has the old name now; it does not count" in row


async def test_a_new_group_takes_the_place_of_a_deleted_one_only_when_told_to(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    admin = as_("admin")
    await admin.post(f"{ACCESS}/check-again")
    configured.site.delete_group(GITLAB)
    assert "Deleted in Jira" in row_of((await admin.post(f"{ACCESS}/check-again")).text, "GitLab")
    group = configured.site.create_group(GITLAB)
    configured.site.add_member(GITLAB, NORA)
    page = (await admin.post(f"{ACCESS}/check-again")).text
    assert "Replaced in Jira" in row_of(page, "GitLab")
    assert "/settings/access/tools/gitlab/take-over" in page
    assert (await as_("nobody").get("/help")).status_code == 403
    taken = await admin.post(f"{ACCESS}/tools/gitlab/take-over")
    assert "Exists" in row_of(taken.text, "GitLab")
    assert ("gitlab", group.group_id, True) in bindings(superuser)
    assert (await as_("nobody").get("/help")).status_code == 200


@pytest.mark.parametrize("tool", ["gitlab", "wrike"])
async def test_a_group_that_exists_can_not_be_taken_over(
    configured: Sandbox, as_: As, superuser: psycopg.Connection, tool: str
) -> None:
    admin = as_("admin")
    await admin.post(f"{ACCESS}/check-again")
    before = bindings(superuser)
    assert (await admin.post(f"{ACCESS}/tools/{tool}/take-over")).status_code == 409
    assert bindings(superuser) == before


async def test_a_further_group_gives_its_members_the_tool_until_it_is_unbound(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    admin, nobody = as_("admin"), as_("nobody")
    configured.site.create_group("Devs & <Ops>")
    configured.site.add_member("Devs & <Ops>", NORA)
    assert (await nobody.get("/help")).status_code == 403
    answer = await admin.post(
        f"{ACCESS}/bind", data={"tool": "asana", "group_name": " devs & <ops> "}
    )
    assert (answer.status_code, "getint:close-dialog" in answer.headers["HX-Trigger"]) == (
        200,
        True,
    )
    assert "Devs & <Ops>" in row_of(answer.text, "Asana")
    assert "<Ops>" not in answer.text
    await admin.post(f"{ACCESS}/check-again")
    assert (await nobody.get("/help")).status_code == 200
    found = re.search(rf"{ACCESS}/bindings/[0-9a-f-]+/unbind", answer.text)
    assert found is not None
    assert "Unbind this group from Asana?" in (await admin.get(found.group())).text
    assert "None" in row_of((await admin.post(found.group())).text, "Asana")
    assert (await nobody.get("/help")).status_code == 403
    assert (await admin.post(found.group())).status_code == 404
    actions = superuser.execute(
        "SELECT details FROM audit_entries WHERE account LIKE 'jira:%' AND thing_id = 'asana'"
    ).fetchall()
    assert [sorted(details) for (details,) in actions] == [["bound", "group"], ["unbound group"]]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"tool": "asana", "group_name": "no such group"}, "There is no group of this name"),
        ({"tool": "asana", "group_name": ""}, "The name of a Jira group is needed."),
        ({"tool": "asana", "group_name": "   "}, "The name of a Jira group is needed."),
        ({"tool": "asana"}, "The name of a Jira group is needed."),
        ({"tool": "", "group_name": GITLAB}, "Choose one of the options."),
        ({"tool": "slack", "group_name": GITLAB}, "Choose one of the options."),
        ({"tool": "asana", "group_name": "nul\0"}, "cannot be used like this"),
        ({"tool": "asana", "group_name": "x" * 256}, "at most 255 characters"),
    ],
)
async def test_a_form_that_can_not_be_used_comes_back_with_what_to_mend(
    configured: Sandbox,
    as_: As,
    superuser: psycopg.Connection,
    sent: dict[str, str],
    message: str,
) -> None:
    answer = await as_("admin").post(f"{ACCESS}/bind", data=sent)
    assert answer.status_code == 422
    assert message in answer.text
    assert 'hx-post="/settings/access/bind"' in answer.text
    assert bindings(superuser) == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("tool=asana&group_name=" + "x" * 70_000, 413),
        ("tool=asana&tool=wrike&group_name=site-users", 422),
        ("tool=asana&group_name=%ff", 422),
        ("&".join(f"f{n}=1" for n in range(100)), 422),
    ],
)
async def test_a_body_that_no_form_of_ours_sends_is_refused(
    configured: Sandbox, as_: As, superuser: psycopg.Connection, content: str, status: int
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await as_("admin").post(f"{ACCESS}/bind", content=content, headers=headers)
    assert answer.status_code == status
    assert bindings(superuser) == []


async def test_a_group_is_bound_to_a_tool_once_and_to_many_tools(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    admin = as_("admin")
    statuses = [
        (await admin.post(f"{ACCESS}/bind", data={"tool": tool, "group_name": "site-users"}))
        for tool in ("asana", "asana", "wrike")
    ]
    assert [answer.status_code for answer in statuses] == [200, 422, 200]
    assert "bound to Asana already" in statuses[1].text
    assert [tool for tool, _, _ in bindings(superuser)] == ["asana", "wrike"]


async def test_a_standard_group_can_not_be_unbound(
    configured: Sandbox, as_: As, superuser: psycopg.Connection
) -> None:
    await as_("admin").post(f"{ACCESS}/check-again")
    row = superuser.execute("SELECT id FROM group_bindings WHERE tool = 'gitlab'").fetchone()
    assert row is not None
    answer = await as_("admin").post(f"{ACCESS}/bindings/{row[0]}/unbind")
    assert answer.status_code == 404
    assert ("gitlab", GROUP_IDS[GITLAB], True) in bindings(superuser)


@pytest.mark.parametrize("person", ["gitlab", "azure", "project", "nobody"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCESS),
        ("POST", f"{ACCESS}/check-again"),
        ("GET", f"{ACCESS}/bind"),
        ("POST", f"{ACCESS}/bind"),
        ("POST", f"{ACCESS}/tools/gitlab/take-over"),
        ("POST", f"{ACCESS}/bindings/{UUID(int=1)}/unbind"),
        ("GET", f"{ACCESS}/person"),
        ("GET", f"{ACCESS}/person/search?q=a"),
    ],
)
async def test_only_administrators_come_here(
    configured: Sandbox, as_: As, method: str, path: str, person: str
) -> None:
    visitor = as_(person, from_project="PAY") if person == "project" else as_(person)
    assert (await visitor.ask(method, path)).status_code == 403


async def test_the_page_works_while_jira_does_not_tell_of_groups(
    configured: Sandbox, as_: As
) -> None:
    configured.faults.add(Fault(FaultKind.FORBIDDEN, path="/rest/api/3/group/bulk"))
    page = await access_page(as_)
    assert "Jira did not answer" in page
    assert 'data-copy="getint-jira-asana"' in page
    sent = {"tool": "asana", "group_name": "site-users"}
    answer = await as_("admin").post(f"{ACCESS}/bind", data=sent)
    assert (answer.status_code, "Jira did not answer" in answer.text) == (422, True)
    await as_("admin").post(f"{ACCESS}/check-again")
    assert (await as_("admin").post(f"{ACCESS}/tools/gitlab/take-over")).status_code in {409, 503}


async def test_the_page_asks_jira_twice_and_then_not_for_a_while(
    configured: Sandbox, as_: As
) -> None:
    await as_("admin").post(f"{ACCESS}/check-again")
    await access_page(as_)
    configured.log.reset()
    await access_page(as_)
    assert [entry.path for entry in configured.log.entries if entry.direction == "from app"] == []


async def test_people_are_found_by_name(configured: Sandbox, as_: As) -> None:
    admin = as_("admin")
    found = (await admin.get(f"{ACCESS}/person/search?q=gia")).text
    assert "Gia Gitlab" in found
    assert f"/settings/access/person?account={GIA}" in found
    assert "finds nobody" in (await admin.get(f"{ACCESS}/person/search?q=zzz")).text
    assert (await admin.get(f"{ACCESS}/person/search?q=")).text.strip() == ""
    assert (await admin.get(f"{ACCESS}/person/search?q=%00")).status_code == 200
    configured.faults.add(Fault(FaultKind.FORBIDDEN, path="/rest/api/3/user/search"))
    assert "did not answer" in (await admin.get(f"{ACCESS}/person/search?q=gia")).text


async def test_a_member_is_explained_with_the_group_that_gives_the_tool(
    configured: Sandbox, as_: As
) -> None:
    page = (await as_("admin").get(f"{ACCESS}/person?account={GIA}")).text
    assert "Gia Gitlab" in page
    assert "Member of GitLab" in page
    assert "is in the Jira group getint-jira-gitlab" in page
    assert row_of(page, "GitLab Yes")
    assert "Membership" not in row_of(page, "GitLab Yes")
    assert "You are not a member of the Jira group for Asana." in row_of(page, "Asana No")
    assert "Only its owner and administrators" in page


async def test_a_project_administrator_is_explained_as_if_from_the_project(
    configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    outside = (await admin.get(f"{ACCESS}/person?account={PIA}")).text
    assert "Nobody in particular" in outside
    assert row_of(outside, "Open the app No")
    inside = (await admin.get(f"{ACCESS}/person?account={PIA}&project=PAY")).text
    assert "Administrator of project PAY" in inside
    assert row_of(inside, "Open the app Yes")
    assert row_of(inside, "Trello Yes")
    other = (await admin.get(f"{ACCESS}/person?account={PIA}&project=OPS")).text
    assert "Nobody in particular" in other
    assert (
        "no project NOPE" in (await admin.get(f"{ACCESS}/person?account={PIA}&project=NOPE")).text
    )


async def test_every_action_is_explained_with_the_answer_of_the_real_thing(
    configured: Sandbox, as_: As, house: House
) -> None:
    from app.access import decide
    from app.instances.explain import ALONE, CREATE, OF_A_CONNECTION, OF_AN_INTEGRATION

    explained = {*ALONE, *CREATE, *OF_A_CONNECTION, *OF_AN_INTEGRATION}
    assert explained == set(Action)
    facts = await house.directory.find(configured.site.client_key)
    assert facts is not None
    caller = await house.doors.connect.caller_of(
        facts, NORA, None, house.licences.known_state(facts)
    )
    page = (await as_("admin").get(f"{ACCESS}/person?account={NORA}")).text
    for action in ALONE:
        decision = decide(caller, action)
        words = " ".join(row_of(page, action[:1].upper() + action[1:]).split())
        assert decision.reason_text in words
        assert decision.needed in words
        assert decision.who in words
    assert (await as_("nobody").get("/settings/audit")).status_code == 403


async def test_one_integration_can_be_asked_about(
    configured: Sandbox, as_: As, house: House, superuser: psycopg.Connection
) -> None:
    facts = await house.directory.find(configured.site.client_key)
    assert facts is not None
    thing = uuid4()
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " project_id, project_key, direction, jql, state, owner, version) VALUES"
        " (%s, %s, %s, 'integration', 'Payroll', 'gitlab', 'p', '10001', 'PAY', 'both', '',"
        " 'active', %s, 1)",
        (thing, facts.instance_id, facts.workspace_id, f"jira:{GIA}"),
    )
    admin = as_("admin")
    page = (await admin.get(f"{ACCESS}/person?account={GIA}&thing=integration:{thing}")).text
    assert "The integration Payroll" in page
    assert row_of(page, "Change, run, pause or delete an integration Yes")
    gone = (await admin.get(f"{ACCESS}/person?account={GIA}&thing=integration:{uuid4()}")).text
    assert "does not exist any more" in gone


@pytest.mark.parametrize(
    "query",
    [
        "account=%00",
        "account=" + "a" * 129,
        "account=x&tool=slack",
        "account=x&thing=integration:zzz",
        "account=x&project=a/b",
        "account=x&project=" + "P" * 300,
    ],
)
async def test_odd_questions_are_refused_without_harm(
    configured: Sandbox, as_: As, query: str
) -> None:
    assert (await as_("admin").get(f"{ACCESS}/person?{query}")).status_code == 422


async def test_a_thing_id_of_the_right_shape_that_is_none_is_told(
    configured: Sandbox, as_: As
) -> None:
    thing = "integration:" + "-" * 36
    answer = await as_("admin").get(f"{ACCESS}/person?account={GIA}&thing={thing}")
    assert (answer.status_code, "nothing of this id" in answer.text) == (200, True)


async def test_while_jira_is_away_a_person_nobody_asked_about_can_not_be_told(
    configured: Sandbox, as_: As
) -> None:
    admin = as_("admin")
    await admin.get("/help")
    configured.faults.add(Fault(FaultKind.BURST, path="/rest/api/3/user/groups", retry_after=30))
    page = await admin.get(f"{ACCESS}/person?account={GIA}")
    assert (page.status_code, "Jira cannot be reached" in page.text) == (200, True)
