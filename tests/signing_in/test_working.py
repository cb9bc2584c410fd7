"""What people without Jira may choose, own and hand over, and what ends when they are shut out."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from app.house import House
from app.integrations.models import Integration
from app.runs.right import MayNotRun, RightToRun
from tests.integrations.kit import OPS, PAY, created, flag, integration, words
from tests.people import ACCOUNTS, Visitor
from tests.signing_in.kit import Accounts, Browser, email_of

As = Callable[..., Visitor]


def _lists(accounts: Accounts, *project_ids: str) -> None:
    for project_id in project_ids:
        accounts.superuser.execute(
            "INSERT INTO workspace_projects (workspace_id, project_id, instance_id)"
            " VALUES (%s, %s, %s)",
            (accounts.first_workspace, project_id, accounts.instance_id),
        )
    accounts.app.state.house.directory.forget_everything()


async def test_a_user_chooses_the_projects_that_their_workspace_lists_and_no_other(
    accounts: Accounts,
) -> None:
    accounts.user()
    pat = await accounts.signed_in()
    nothing = await pat.get("/integrations/new?kind=integration")
    assert "lists no Jira project yet" in nothing.text
    refused = await pat.post("/integrations", data=integration(), headers={"HX-Request": "true"})
    assert (refused.status_code, "does not list this project" in refused.text) == (422, True)
    _lists(accounts, PAY)
    form = await pat.get("/integrations/new?kind=integration")
    assert ("(PAY)" in form.text, "(OPS)" in form.text) == (True, False)
    found = await pat.get("/integrations/projects?project_q=ops")
    assert "(OPS)" not in found.text
    made = await pat.post("/integrations", data=integration(), headers={"HX-Request": "true"})
    assert made.status_code == 200, made.text
    other = await pat.post("/integrations", data=integration(project_id=OPS))
    assert other.status_code == 422


async def test_an_administrators_account_chooses_any_project_that_the_app_sees(
    accounts: Accounts,
) -> None:
    accounts.user(level=None, is_administrator=True)
    pat = await accounts.signed_in()
    form = await pat.get("/integrations/new?kind=integration")
    assert "(PAY)" in form.text
    assert "(OPS)" in form.text


@pytest.mark.parametrize(
    "shut_out",
    [
        "UPDATE accounts SET enabled = false",
        "DELETE FROM workspace_access",
        "DELETE FROM accounts",
        "UPDATE workspaces SET archived_at = now()",
        "DELETE FROM workspace_projects",
    ],
    ids=["disabled", "without access", "removed", "archived", "project not listed"],
)
async def test_an_integration_runs_no_further_once_its_owner_is_shut_out(
    shut_out: str, accounts: Accounts, house: House, superuser: psycopg.Connection[Any]
) -> None:
    accounts.user()
    _lists(accounts, PAY)
    pat = await accounts.signed_in()
    made = await pat.post("/integrations", data=integration(), headers={"HX-Request": "true"})
    assert made.status_code == 200, made.text
    async with house.database.of_instance(accounts.instance_id) as session:
        its = (await session.scalars(select(Integration))).one()
    right = RightToRun(house.settings, house.directory, house.licences, house.doors)
    facts = await right.require(its)
    assert right.still_stands(facts)
    superuser.execute(shut_out)
    house.changes._forget("facts", accounts.instance_id)  # as every change announces itself
    assert not right.still_stands(facts), "the page that is under way is the last one"
    why = "disabled or gone, or has no access to the workspace|does not list the Jira project"
    with pytest.raises(MayNotRun, match=why):
        await right.require(its)


async def test_an_integration_is_handed_to_a_user_of_its_workspace_and_back(
    accounts: Accounts, as_: As, superuser: psycopg.Connection[Any]
) -> None:
    pat_id = accounts.user()
    accounts.user("Pia Elsewhere", level=None)
    _lists(accounts, OPS)
    gia = as_("gitlab")
    its = await created(gia)
    people = words(await gia.get(f"/integrations/{its}/hand-over/people?q=p"))
    assert "Pat Partner" in people
    assert "Pia Elsewhere" not in people
    elsewhere = await _hand_over(gia, its, f"user:{_id_of(superuser, 'Pia Elsewhere')}", 1)
    assert "could not own it" in words(elsewhere)
    unlisted = await _hand_over(gia, its, f"user:{pat_id}", 1)
    assert "does not list this project" in words(unlisted)
    _lists(accounts, PAY)
    answer = await _hand_over(gia, its, f"user:{pat_id}", 1)
    assert flag(answer)["title"] == "Payroll now belongs to Pat Partner"
    pat = await accounts.signed_in()
    assert (await pat.post(f"/integrations/{its}/pause")).status_code == 200
    assert "Pat Partner" in (await gia.get("/integrations")).text


async def test_who_works_without_jira_is_told_of_no_one_in_it_and_of_no_address(
    accounts: Accounts, as_: As
) -> None:
    accounts.user()
    accounts.user("Peer Partner")
    _lists(accounts, PAY)
    pat = await accounts.signed_in()
    await pat.post("/integrations", data=integration())
    its = accounts.superuser.execute("SELECT id FROM integrations").fetchone()
    assert its
    for query in ("a", "p", "gia", "alice", "pe"):
        people = await pat.get(f"/integrations/{its[0]}/hand-over/people?q={query}")
        assert not any(it in people.text for it in ("Gia", "Alice", "jira:", "@")), query
    guessed = await pat.get(f"/integrations/{its[0]}/hand-over/people?q={email_of('Peer Partner')}")
    assert "Peer" not in guessed.text
    answer = await _hand_over(pat, str(its[0]), f"jira:{ACCOUNTS['gitlab']}", 1)
    assert (answer.status_code, "Gia" in answer.text) == (422, False)
    assert "Peer Partner" in people.text


async def test_names_of_accounts_are_kept_until_they_change(
    accounts: Accounts, house: House
) -> None:
    its = accounts.user()
    facts = await house.directory.of_instance(accounts.instance_id)
    assert facts is not None
    account = f"user:{its}"
    assert (await house.people.named(facts, [account]))[account].name == "Pat Partner"
    accounts.superuser.execute("UPDATE accounts SET name = 'Pat Married'")
    house.changes._forget("facts", accounts.instance_id)
    assert (await house.people.named(facts, [account]))[account].name == "Pat Married"
    gone = f"user:{UUID(int=1)}"
    assert not (await house.people.named(facts, [gone]))[gone].is_known


async def _hand_over(by: Visitor | Browser, its: str, taker: str, version: int) -> Any:
    data = {"taker": taker, "version": str(version), "q": ""}
    return await by.post(f"/integrations/{its}/hand-over", data=data)


def _id_of(superuser: psycopg.Connection[Any], name: str) -> UUID:
    row = superuser.execute("SELECT id FROM accounts WHERE name = %s", (name,)).fetchone()
    assert row
    found: UUID = row[0]
    return found
