"""Handing over: to somebody who could have created it, and to nobody else."""

from collections.abc import Awaitable, Callable

import psycopg
import pytest

from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from tests.integrations.kit import OPS, created, flag, words
from tests.people import ACCOUNTS, Visitor

As = Callable[..., Visitor]


def to(person: str, version: int = 1) -> dict[str, str]:
    account = f"jira:{ACCOUNTS[person]}" if person in ACCOUNTS else person
    return {"taker": account, "version": str(version), "q": ""}


def owner(superuser: psycopg.Connection) -> str:
    row = superuser.execute("SELECT owner FROM integrations").fetchone()
    assert row is not None
    return str(row[0])


async def test_an_owner_hands_over_and_then_owns_it_no_more(
    as_: As, ready: Sandbox, superuser: psycopg.Connection
) -> None:
    gitlab, admin = as_("gitlab"), as_("admin")
    its = await created(gitlab)
    dialog = await gitlab.get(f"/integrations/{its}/hand-over")
    assert "Hand over Payroll" in words(dialog)
    people = await gitlab.get(f"/integrations/{its}/hand-over/people?q=ali")
    assert "Alice Admin" in words(people)
    answer = await gitlab.post(f"/integrations/{its}/hand-over", data=to("admin"))
    assert answer.status_code == 200
    assert flag(answer)["title"] == "Payroll now belongs to Alice Admin"
    assert owner(superuser) == admin.account
    assert (await gitlab.post(f"/integrations/{its}/pause")).status_code == 403
    assert (await admin.post(f"/integrations/{its}/pause")).status_code == 200
    row = superuser.execute(
        "SELECT details->'changes' FROM audit_entries WHERE action LIKE 'hand%'"
    ).fetchone()
    assert row == ({"owner": [gitlab.account, admin.account]},)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("azure", "Axel Azure could not own it."),
        ("nobody", "Nora Nobody could not own it."),
        ("gitlab", "Gia Gitlab owns it already."),
        ("", "Choose a person who can sign in."),
        ("jira:5b10a2844c20165700ede999", "Choose a person who can sign in."),
        ("jira:x\x00y", "Choose a person who can sign in."),
        ("jira:../../admin", "Choose a person who can sign in."),
        ("user:00000000-0000-4000-8000-000000000000", "Choose a person who can sign in"),
    ],
)
async def test_whoever_could_not_have_created_it_cannot_take_it(
    as_: As, superuser: psycopg.Connection, target: str, said: str
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab, project_id=OPS)
    answer = await gitlab.post(f"/integrations/{its}/hand-over", data=to(target))
    assert answer.status_code == 422
    assert said in words(answer)
    assert owner(superuser) == gitlab.account


async def test_the_reason_is_the_one_that_they_would_be_told(as_: As) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    answer = await gitlab.post(f"/integrations/{its}/hand-over", data=to("azure"))
    assert "You are not a member of the Jira group for GitLab." in words(answer)
    assert "getint-jira-gitlab" in words(answer)


async def test_an_admin_of_its_project_can_take_it_whatever_the_tool(
    as_: As, superuser: psycopg.Connection
) -> None:
    its = await created(as_("gitlab"))
    answer = await as_("gitlab").post(f"/integrations/{its}/hand-over", data=to("project"))
    assert answer.status_code == 200
    taker = as_("project", from_project="PAY")
    assert (await taker.post(f"/integrations/{its}/pause")).status_code == 200


@pytest.mark.parametrize("person", ["azure", "project"])
async def test_others_cannot_hand_over_or_search_people(as_: As, person: str) -> None:
    its = await created(as_("gitlab"))
    other = as_(person, from_project="PAY")
    for method, path in (("GET", ""), ("GET", "/people?q=a"), ("POST", "")):
        answer = await other.ask(
            method, f"/integrations/{its}/hand-over{path}", data=to(person) if path == "" else None
        )
        assert answer.status_code == 403


async def test_a_member_who_left_the_group_cannot_take_it_a_moment_later(
    as_: As,
    ready: Sandbox,
    superuser: psycopg.Connection,
    asked_again: Callable[[], Awaitable[None]],
) -> None:
    ready.site.add_member("getint-jira-gitlab", ACCOUNTS["nobody"])
    its = await created(as_("gitlab"))
    ready.site.remove_member("getint-jira-gitlab", ACCOUNTS["nobody"])
    await asked_again()
    answer = await as_("gitlab").post(f"/integrations/{its}/hand-over", data=to("nobody"))
    assert answer.status_code == 422
    assert owner(superuser) == as_("gitlab").account


async def test_an_old_version_is_refused(as_: As) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    await gitlab.post(f"/integrations/{its}/pause")
    answer = await gitlab.post(f"/integrations/{its}/hand-over", data=to("admin", 1))
    assert answer.status_code == 409
    assert "whether it is paused" in words(answer)


async def test_while_jira_is_away_nobody_takes_it(
    as_: As, ready: Sandbox, superuser: psycopg.Connection
) -> None:
    gitlab = as_("gitlab")
    its = await created(gitlab)
    ready.faults.add(Fault(FaultKind.ERROR, path="/rest/api/3/user/*"))
    answer = await gitlab.post(f"/integrations/{its}/hand-over", data=to("admin"))
    assert answer.status_code == 503
    searched = await gitlab.get(f"/integrations/{its}/hand-over/people?q=ali")
    assert "People cannot be listed" in words(searched)
    assert owner(superuser) == gitlab.account
