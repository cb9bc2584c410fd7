"""People from Jira beside the users: who owns something, and why they have access."""

from collections.abc import Callable

from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from tests.administration.kit import Office
from tests.integrations.kit import created, words
from tests.people import ACCOUNTS, Visitor

PEOPLE = "/administration/jira-people"
As = Callable[..., Visitor]


async def test_owners_are_listed_with_the_reason_why_they_have_access(
    office: Office, as_: As
) -> None:
    assert "Nobody from Jira has created anything yet." in words(await office.admin.get(PEOPLE))
    await created(as_("gitlab"))
    await created(as_("admin"), name="Mine")
    await created(as_("project", from_project="PAY"), name="Of PAY", tool="azure")
    page = words(await office.admin.get(PEOPLE))
    assert "Alice Admin Jira administrator: has the Administer Jira permission" in page
    assert "Member of GitLab: is in the Jira group getint-jira-gitlab" in page
    assert "Administrator of project PAY" in page
    assert page.count(" 1 0 What they could do") == 3


async def test_whoever_lost_their_access_is_told_apart(
    office: Office, as_: As, configured: Sandbox
) -> None:
    await created(as_("gitlab"))
    configured.site.remove_member("getint-jira-gitlab", ACCOUNTS["gitlab"])
    await office.admin.post("/settings/access/check-again")
    assert "No access any more" in words(await office.admin.get(PEOPLE))


async def test_while_jira_is_away_the_list_says_that_it_can_not_tell(
    office: Office, as_: As, configured: Sandbox
) -> None:
    await created(as_("gitlab"))
    await office.admin.post("/settings/access/check-again")
    assert (await office.admin.get(PEOPLE)).status_code == 200
    await office.admin.post("/settings/access/check-again")
    assert (await office.admin.get("/administration/users")).status_code == 200
    configured.faults.add(Fault(FaultKind.ERROR, path="/rest/api/3/user/groups*"))
    page = await office.admin.get(PEOPLE)
    assert page.status_code == 200
    assert "Jira can't say right now" in words(page)


async def test_a_page_that_no_list_of_ours_links_to_is_refused(office: Office) -> None:
    assert (await office.admin.get(f"{PEOPLE}?after=user:x")).status_code == 422
    assert (await office.admin.get(f"{PEOPLE}?after=jira:zzz")).status_code == 200
