"""Access that ends: what remains, and what is said."""

from collections.abc import Awaitable, Callable

import psycopg

from sandbox.running import Sandbox
from tests.integrations.kit import connected, created, edited, integration, names, words
from tests.people import ACCOUNTS, Visitor

As = Callable[..., Visitor]
Again = Callable[[], Awaitable[None]]


async def test_an_owner_who_left_the_group_loses_what_came_with_it(
    as_: As, ready: Sandbox, asked_again: Again
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    ready.site.remove_member("getint-jira-gitlab", gitlab.account_id)
    await asked_again()
    for path in ("/integrations", f"/integrations/{its}", f"/integrations/{its}/edit"):
        assert (await gitlab.get(path)).status_code == 403
    answer = await gitlab.post(f"/integrations/{its}", data=edited(name="Mine"))
    assert answer.status_code == 403
    assert "Payroll" in words(await as_("admin").get("/integrations"))


async def test_an_owner_who_moved_to_another_tool_sees_it_and_is_told_what_was_lost(
    as_: As, ready: Sandbox, asked_again: Again
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    ready.site.remove_member("getint-jira-gitlab", gitlab.account_id)
    ready.site.add_member("getint-jira-azure", gitlab.account_id)
    await asked_again()
    page = await gitlab.get(f"/integrations/{its}")
    assert page.status_code == 200
    assert "You own this, but you no longer have the access that came with it" in words(page)
    assert (await gitlab.post(f"/integrations/{its}/pause")).status_code == 403


async def test_a_project_admin_no_more_finds_nothing_of_the_project(
    as_: As, ready: Sandbox, asked_again: Again
) -> None:
    project = as_("project", from_project="PAY")
    its = await created(project)
    assert (await project.post(f"/integrations/{its}/pause")).status_code == 200
    ready.site.set_project_admin("PAY", project.account_id, admin=False)
    await asked_again()
    assert (await project.get("/integrations")).status_code == 403
    assert (await project.post(f"/integrations/{its}/resume")).status_code == 403


async def test_an_admin_hands_over_what_an_owner_left_behind(
    as_: As, ready: Sandbox, asked_again: Again, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    ready.site.remove_member("getint-jira-gitlab", gitlab.account_id)
    ready.site.add_member("getint-jira-gitlab", ACCOUNTS["nobody"])
    await asked_again()
    form = {"taker": f"jira:{ACCOUNTS['nobody']}", "version": "1"}
    answer = await as_("admin").post(f"/integrations/{its}/hand-over", data=form)
    assert answer.status_code == 200
    heir = as_("nobody")
    assert names(await heir.get("/integrations?mine=yes")) == ["Payroll"]
    assert (await heir.post(f"/integrations/{its}/pause")).status_code == 200


async def test_an_owner_whom_jira_does_not_know_any_more_is_shown_as_unknown(
    as_: As, superuser: psycopg.Connection
) -> None:
    its = await created(as_("gitlab"))
    superuser.execute("UPDATE integrations SET owner = 'jira:5b10a2844c20165700ede000'")
    for path in ("/integrations", f"/integrations/{its}"):
        assert "Unknown person" in words(await as_("admin").get(path))


async def test_a_connection_of_an_owner_who_left_goes_on_for_those_it_was_opened_to(
    as_: As, ready: Sandbox, asked_again: Again
) -> None:
    gitlab = as_("gitlab")
    theirs = await connected(gitlab, others_may="use")
    ready.site.remove_member("getint-jira-gitlab", gitlab.account_id)
    await asked_again()
    assert (await gitlab.get(f"/connections/{theirs}/edit")).status_code == 403
    form = integration(connection_id=theirs)
    assert (await as_("admin").post("/integrations", data=form)).status_code == 200
