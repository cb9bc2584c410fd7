"""Switching on makes the webhook in the tool, switching off takes it away, and both say so."""

from collections.abc import Callable
from typing import Any

import httpx
import psycopg

from sandbox.azure.running import Azure
from sandbox.azure.seed import TOKEN as AZURE_TOKEN
from sandbox.gitlab.running import GitLab
from sandbox.gitlab.seed import DEVELOPER_TOKEN, OWNER_TOKEN
from sandbox.gitlab.state import Hook
from sandbox.running import Sandbox
from sandbox.seed_other import OLGA_EMAIL, OLGA_TOKEN
from sandbox.tools.faults import Fault, FaultKind
from tests.integrations.kit import connection, edited, flag, id_in, integration, words
from tests.news.conftest import AZURE, GITLAB, OTHER_JIRA, Kept
from tests.news.kit import given
from tests.people import APP_URL, Visitor

As = Callable[..., Visitor]
Jobs = Callable[[], list[str]]
Rows = Callable[[], list[tuple[Any, ...]]]
ISSUES = f"{GITLAB}/api/v4/projects/acme%2Fpayments/issues"
OF_OWNER = {"PRIVATE-TOKEN": OWNER_TOKEN}


def hooks(gitlab: GitLab) -> list[Hook]:
    return gitlab.state.projects[0].hooks


async def on(visitor: Visitor, its: str) -> httpx.Response:
    return await visitor.post(f"/integrations/{its}/news/on")


async def off(visitor: Visitor, its: str) -> httpx.Response:
    return await visitor.post(f"/integrations/{its}/news/off")


async def test_gitlab_tells_of_a_changed_issue_once_it_is_switched_on(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab, http: httpx.AsyncClient, jobs: Jobs
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    answer = await on(gia, its)
    assert "Made by Getint in GitLab" in words(answer)
    (hook,) = hooks(gitlab)
    assert hook.url.startswith(f"{APP_URL}/hooks/")
    assert {name for name, wanted in hook.events.items() if wanted} == {
        "issues_events",
        "confidential_issues_events",
        "note_events",
        "confidential_note_events",
    }
    # What signs need not travel.
    assert (hook.token, hook.signing_token[:6]) == ("", "whsec_")
    assert hook.signing_token not in answer.text
    assert hook.url not in answer.text

    await http.put(f"{ISSUES}/1", headers=OF_OWNER, json={"title": "Changed"})
    await http.post(f"{ISSUES}/1/notes", headers=OF_OWNER, json={"body": "Changed"})
    await gitlab.deliveries.settle()
    assert [made.status for made in gitlab.deliveries.made] == [204, 204]
    assert jobs() == ["tool"]
    assert "Nothing yet" not in words(await gia.get(f"/integrations/{its}/news"))

    assert "no longer tells" in flag(await off(gia, its))["title"]
    assert hooks(gitlab) == []


async def test_an_older_gitlab_proves_itself_with_its_secret_token(
    as_: As,
    kept_with_gitlab: Kept,
    gitlab: GitLab,
    http: httpx.AsyncClient,
    jobs: Jobs,
) -> None:
    await on(as_("gitlab"), await kept_with_gitlab(as_("gitlab")))
    (hook,) = hooks(gitlab)
    hook.token, hook.signing_token = hook.signing_token, ""
    await http.put(f"{ISSUES}/1", headers=OF_OWNER, json={"title": "Changed"})
    await gitlab.deliveries.settle()
    assert jobs() == ["tool"]


async def test_azure_devops_tells_of_a_changed_work_item_and_sends_nothing_of_it(
    as_: As, kept_with_azure: Kept, azure: Azure, http: httpx.AsyncClient, jobs: Jobs
) -> None:
    axel = as_("azure")
    its = await kept_with_azure(axel)
    assert "Made by Getint in Azure DevOps" in words(await on(axel, its))
    made = azure.state.subscriptions
    assert sorted(each.event_type for each in made) == [
        f"workitem.{name}" for name in ("commented", "created", "deleted", "restored", "updated")
    ]
    await http.patch(
        f"{AZURE}/acme/_apis/wit/workitems/1?api-version=7.1",
        auth=("", AZURE_TOKEN),
        json=[{"op": "add", "path": "/fields/System.Title", "value": "Salaries"}],
        headers={"Content-Type": "application/json-patch+json"},
    )
    await azure.deliveries.settle()
    (delivery,) = azure.deliveries.made
    assert (delivery.status, b"Salaries" in delivery.body) == (204, False)
    assert jobs() == ["tool"]
    await off(axel, its)
    assert azure.state.subscriptions == []


async def test_another_jira_tells_of_a_changed_issue_of_its_project(
    as_: As, kept_with_jira: Kept, other_jira: Sandbox, http: httpx.AsyncClient, jobs: Jobs
) -> None:
    alice = as_("admin")
    its = await kept_with_jira(alice)
    assert "Made by Getint in Jira" in words(await on(alice, its))
    api, olga = f"{OTHER_JIRA}/rest/api/3", httpx.BasicAuth(OLGA_EMAIL, OLGA_TOKEN)
    for project, expected in (("DEMO", []), ("ENG", ["tool"])):
        fields = {"project": {"key": project}, "issuetype": {"name": "Task"}, "summary": "New"}
        made = await http.post(f"{api}/issue", auth=olga, json={"fields": fields})
        assert made.status_code == 201, made.text
        await other_jira.webhooks.idle()
        assert jobs() == expected
    await off(alice, its)
    assert other_jira.site.webhooks == []


def link_to(superuser: psycopg.Connection, its: str, tool_id: int | str) -> None:
    superuser.execute(
        "INSERT INTO links (id, instance_id, integration_id, state, jira_id, jira_key, jira_url,"
        " jira_prints, tool_id, tool_key, tool_url, tool_prints, attempts) SELECT"
        " gen_random_uuid(), instance_id, id, 'linked', %s, '', '', '{}', %s, '', '', '{}', 0"
        " FROM integrations WHERE id = %s",
        (f"1{tool_id}", str(tool_id), its),
    )


def suspected(superuser: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Links that will be looked for soon; none of them ended."""
    assert superuser.execute("SELECT DISTINCT state FROM links").fetchall() == [("linked",)]
    return superuser.execute(
        "SELECT tool_id, missing_on FROM links WHERE missing_on IS NOT NULL"
    ).fetchall()


async def test_a_deletion_in_azure_devops_is_looked_into_soon_and_ends_nothing_itself(
    as_: As,
    kept_with_azure: Kept,
    azure: Azure,
    http: httpx.AsyncClient,
    jobs: Jobs,
    superuser: psycopg.Connection,
) -> None:
    axel = as_("azure")
    its = await kept_with_azure(axel)
    await on(axel, its)
    for number in (1, 2):
        link_to(superuser, its, number)
    gone = await http.delete(
        f"{AZURE}/acme/_apis/wit/workitems/1?api-version=7.1", auth=("", AZURE_TOKEN)
    )
    assert gone.status_code < 300
    await azure.deliveries.settle()
    assert jobs() == ["tool"]
    assert suspected(superuser) == [("1", "tool")]


async def test_a_deletion_in_another_jira_is_looked_into_soon_and_ends_nothing_itself(
    as_: As,
    kept_with_jira: Kept,
    other_jira: Sandbox,
    http: httpx.AsyncClient,
    jobs: Jobs,
    superuser: psycopg.Connection,
) -> None:
    alice = as_("admin")
    its = await kept_with_jira(alice)
    api, olga = f"{OTHER_JIRA}/rest/api/3", httpx.BasicAuth(OLGA_EMAIL, OLGA_TOKEN)
    fields = {"project": {"key": "ENG"}, "issuetype": {"name": "Task"}, "summary": "New"}
    made = [
        (await http.post(f"{api}/issue", auth=olga, json={"fields": fields})).json()["id"]
        for _ in range(2)
    ]
    for issue_id in made:
        link_to(superuser, its, issue_id)
    await on(alice, its)
    assert (await http.delete(f"{api}/issue/{made[0]}", auth=olga)).status_code == 204
    await other_jira.webhooks.idle()
    assert jobs() == ["tool"]
    assert suspected(superuser) == [(made[0], "tool")]


async def test_where_the_account_may_not_make_webhooks_people_are_told_how_once(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia, DEVELOPER_TOKEN)
    answer = await on(gia, its)
    by_hand = given(answer)
    assert by_hand.address.startswith(f"{APP_URL}/hooks/")
    assert "GitLab does not let Getint do this" in words(answer)
    assert "Settings > Webhooks" in words(answer)
    assert hooks(gitlab) == []
    for path in (f"/integrations/{its}/news", f"/integrations/{its}"):
        again = await gia.get(path)
        assert by_hand.secret not in again.text
        assert by_hand.address not in again.text
    assert "made by hand" in flag(await off(gia, its))["body"]


async def test_a_tool_that_does_not_answer_leaves_it_to_people(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    gitlab.faults.add(Fault(FaultKind.LOST_ANSWER, path="*/hooks", method="POST", remaining=1))
    answer = await on(gia, its)
    assert given(answer).secret == hooks(gitlab)[0].signing_token
    assert "One step is left" in flag(answer)["title"]


async def test_half_of_azure_devops_subscriptions_are_none(
    as_: As, kept_with_azure: Kept, azure: Azure
) -> None:
    axel = as_("azure")
    its = await kept_with_azure(axel)
    azure.faults.add(
        Fault(FaultKind.ERROR, path="*/subscriptions", method="POST", remaining=1, skip=3)
    )
    answer = await on(axel, its)
    assert given(answer)
    assert azure.state.subscriptions == []


async def test_a_new_secret_takes_the_place_of_the_old_one_in_the_tool_too(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    await on(gia, its)
    (old,) = hooks(gitlab)
    await on(gia, its)
    (new,) = hooks(gitlab)
    assert (new.url != old.url, new.signing_token != old.signing_token) == (True, True)


async def test_a_webhook_that_is_gone_in_the_tool_is_switched_off_all_the_same(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab, rows: Rows
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    await on(gia, its)
    hooks(gitlab).clear()
    assert flag(await off(gia, its))["body"] == ""
    assert rows() == []


async def test_a_webhook_that_could_not_be_removed_is_told(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab, rows: Rows
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    await on(gia, its)
    gitlab.faults.add(Fault(FaultKind.UNAUTHORIZED, remaining=9))
    told = flag(await off(gia, its))
    assert told["kind"] == "warning"
    assert "could not be removed" in told["body"]
    assert rows() == []


async def test_it_ends_with_the_place_the_connection_and_the_integration(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab, rows: Rows, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    found = superuser.execute("SELECT connection_id FROM integrations").fetchone()
    assert found
    connection_id = str(found[0])

    await on(gia, its)

    def placed(place: str, version: int) -> dict[str, str]:
        return edited(version, tool_place=place, connection_id=connection_id, jql="type = Task")

    kept = placed("acme/payments", 1)
    assert (await gia.post(f"/integrations/{its}", data=kept)).status_code == 200
    assert len(hooks(gitlab)) == len(rows()) == 1

    moved = placed("acme/website", 2)
    assert (await gia.post(f"/integrations/{its}", data=moved)).status_code == 200
    assert (hooks(gitlab), rows()) == ([], [])

    back = placed("acme/payments", 3)
    assert (await gia.post(f"/integrations/{its}", data=back)).status_code == 200
    await on(gia, its)
    elsewhere = connection(
        address=f"{GITLAB}/elsewhere",
        credential_token=OWNER_TOKEN,
        confirmed="yes",
        version="1",
    )
    del elsewhere["tool"], elsewhere["others_may"]
    answer = await gia.post(f"/connections/{connection_id}", data=elsewhere)
    assert answer.status_code == 200, words(answer)
    assert (hooks(gitlab), rows()) == ([], [])

    superuser.execute("UPDATE connections SET address = %s, version = 3", (GITLAB,))
    await on(gia, its)
    assert len(hooks(gitlab)) == 1
    assert (await gia.post(f"/integrations/{its}/delete")).status_code == 200
    assert (hooks(gitlab), rows()) == ([], [])


async def test_credentials_that_their_owner_closed_make_no_webhook(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia)
    superuser.execute("UPDATE connections SET owner = 'jira:another', others_may = 'view'")
    answer = await on(gia, its)
    assert given(answer)
    assert "Who can help" in words(answer)
    assert hooks(gitlab) == []


async def test_where_it_makes_no_sense_it_is_off_with_the_reason(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab, rows: Rows
) -> None:
    gia = as_("gitlab")
    for changes, reason in (
        ({"direction": "to_tool"}, "Nothing is brought from GitLab to Jira"),
        ({"connection_id": ""}, "It has no connection"),
        ({"kind": "migration"}, "A migration runs when somebody starts it"),
    ):
        its = await kept_with_gitlab(gia, **changes)
        assert reason in words(await gia.get(f"/integrations/{its}/news"))
        refused = await on(gia, its)
        assert refused.status_code == 409
        assert reason in words(refused)
    assert rows() == []


async def test_a_tool_without_webhooks_of_ours_says_so(as_: As) -> None:
    alice = as_("admin")
    form = integration(tool="monday", tool_place="1234567890")
    answer = await alice.post("/integrations", data=form)
    its = id_in(answer)
    assert "cannot be told by monday.com yet" in words(await alice.get(f"/integrations/{its}/news"))
    assert (await on(alice, its)).status_code == 409


async def test_others_see_it_and_cannot_press_anything(
    as_: As, kept_with_gitlab: Kept, gitlab: GitLab
) -> None:
    its = await kept_with_gitlab(as_("gitlab"))
    await on(as_("gitlab"), its)
    page = await as_("azure").get(f"/integrations/{its}/news")
    assert page.status_code == 200
    assert "/news/off" not in page.text
    assert "Who can help" in words(page)
    for path in ("on", "off"):
        refused = await as_("azure").post(f"/integrations/{its}/news/{path}")
        assert refused.status_code == 403
    assert len(hooks(gitlab)) == 1


async def test_the_trail_tells_who_switched_it_and_holds_no_secret(
    as_: As, kept_with_gitlab: Kept, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    its = await kept_with_gitlab(gia, DEVELOPER_TOKEN)
    by_hand = given(await on(gia, its))
    await on(gia, its)
    await off(gia, its)
    await off(gia, its)
    noted = superuser.execute(
        "SELECT account, details FROM audit_entries WHERE details ? 'news' ORDER BY id"
    ).fetchall()
    assert [details["news"] for _, details in noted] == [
        "switched on",
        "new secret",
        "switched off",
    ]
    assert {account for account, _ in noted} == {gia.account}
    assert by_hand.secret not in repr(noted)
    assert by_hand.path not in repr(noted)
    sealed = superuser.execute("SELECT * FROM tool_news").fetchall()
    assert by_hand.secret not in repr(sealed)
