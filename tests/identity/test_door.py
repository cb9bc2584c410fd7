"""Who is let in, as people meet it: groups that change, a Jira that is away, many machines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.house import House
from app.main import create_app
from app.settings import Settings
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from sandbox.seed import AXEL, GIA, GROUP_IDS, NORA
from tests.people import APP_URL, Visitor

As = Callable[..., Visitor]
GITLAB = "getint-jira-gitlab"


@dataclass
class Clock:
    """Seconds that pass only when somebody says so."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(house: House, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the running app's standings."""
    clock = Clock()
    monkeypatch.setattr(house.standings, "_clock", clock)
    return clock


@pytest.fixture
async def second(app: FastAPI, settings: Settings, http: httpx.AsyncClient) -> AsyncIterator[House]:
    """Another machine: the same program on the same database."""
    del app
    program = create_app(settings, httpx.AsyncClient(transport=http._transport))
    async with program.router.lifespan_context(program):
        house: House = program.state.house
        yield house


async def may_open(visitor: Visitor) -> int:
    return (await visitor.get("/help")).status_code


def heard(house: House, topic: str) -> asyncio.Event:
    """Set once the house has heard of a change of this topic."""
    event = asyncio.Event()
    house.changes.on_change(topic, lambda _: event.set())  # type: ignore[arg-type]
    return event


async def test_the_five_people_are_let_in_as_the_table_says(configured: Sandbox, as_: As) -> None:
    expected = {"admin": 200, "gitlab": 200, "azure": 200, "nobody": 403}
    for person, status in expected.items():
        assert (await as_(person).open("general")).status_code == status, person
    assert (await as_("project").open("general")).status_code == 403
    assert (await as_("project", from_project="PAY").open("project")).status_code == 200
    assert (await as_("project", from_project="OPS").open("project")).status_code == 403


async def test_a_refused_page_says_why_what_is_needed_and_who_can_help(
    configured: Sandbox, as_: As
) -> None:
    page = (await as_("nobody").open("general")).text
    assert "in none of Getint&#39;s groups" in page
    assert "getint-jira-&lt;tool&gt;" in page
    assert "A Jira administrator" in page


async def test_a_removed_member_loses_access_within_a_minute(
    configured: Sandbox, as_: As, clock: Clock
) -> None:
    assert await may_open(as_("gitlab")) == 200
    configured.site.remove_member(GITLAB, GIA)
    clock.now += 59
    assert await may_open(as_("gitlab")) == 200
    clock.now += 1
    assert await may_open(as_("gitlab")) == 403


async def test_a_removed_member_loses_access_at_once_after_check_again(
    configured: Sandbox, as_: As, clock: Clock
) -> None:
    assert await may_open(as_("gitlab")) == 200
    configured.site.remove_member(GITLAB, GIA)
    assert (await as_("admin").post("/settings/access/check-again")).status_code == 200
    assert await may_open(as_("gitlab")) == 403


async def test_a_new_member_has_access_at_once_after_check_again(
    configured: Sandbox, as_: As, clock: Clock
) -> None:
    assert await may_open(as_("nobody")) == 403
    configured.site.add_member("getint-jira-azure", NORA)
    await as_("admin").post("/settings/access/check-again")
    assert await may_open(as_("nobody")) == 200


async def test_a_standard_group_is_remembered_by_id_and_survives_a_rename(
    configured: Sandbox, as_: As, clock: Clock, superuser: psycopg.Connection
) -> None:
    assert await may_open(as_("gitlab")) == 200
    bound = superuser.execute("SELECT tool, group_id, is_standard FROM group_bindings").fetchall()
    assert bound == [("gitlab", GROUP_IDS[GITLAB], True)]
    configured.site.rename_group(GITLAB, "developers")
    clock.now += 61
    assert await may_open(as_("gitlab")) == 200


async def test_the_standard_name_counts_in_whatever_case(
    configured: Sandbox, as_: As, clock: Clock
) -> None:
    configured.site.rename_group(GITLAB, "Getint-Jira-GitLab")
    assert await may_open(as_("gitlab")) == 200


async def test_a_new_group_of_the_same_name_does_not_take_over(
    configured: Sandbox, as_: As, clock: Clock
) -> None:
    assert await may_open(as_("gitlab")) == 200
    configured.site.rename_group(GITLAB, "developers")
    configured.site.create_group(GITLAB)
    configured.site.add_member(GITLAB, NORA)
    clock.now += 61
    assert await may_open(as_("nobody")) == 403
    assert await may_open(as_("gitlab")) == 200


async def test_of_two_groups_met_at_the_same_time_one_is_remembered(
    configured: Sandbox, house: House, second: House, superuser: psycopg.Connection
) -> None:
    stale = await second.directory.find(configured.site.client_key)
    facts = await house.directory.find(configured.site.client_key)
    assert facts is not None
    assert stale is not None
    await house.doors.connect.caller_of(facts, GIA, None, house.licences.known_state(facts))
    configured.site.rename_group(GITLAB, "developers")
    configured.site.create_group(GITLAB)
    configured.site.add_member(GITLAB, NORA)
    # The second machine still holds what was true before the first group was met.
    await second.doors.connect.caller_of(stale, NORA, None, second.licences.known_state(stale))
    assert superuser.execute(
        "SELECT group_id FROM group_bindings WHERE tool = 'gitlab' AND is_standard"
    ).fetchall() == [(GROUP_IDS[GITLAB],)]
    fresh = await second.directory.load(configured.site.client_key)
    assert fresh is not None
    caller = await second.doors.connect.caller_of(
        fresh, NORA, None, second.licences.known_state(fresh)
    )
    assert caller.tools == frozenset()


async def test_while_jira_is_away_reading_goes_on_and_changes_wait(
    configured: Sandbox, as_: As, clock: Clock
) -> None:
    admin = as_("admin")
    assert await may_open(admin) == 200
    configured.faults.add(Fault(FaultKind.BURST, retry_after=30))
    clock.now += 599
    assert await may_open(admin) == 200
    waits = await admin.post("/settings/access/check-again")
    assert (waits.status_code, "Retry-After" in waits.headers) == (503, True)
    clock.now += 1
    away = await admin.get("/help")
    assert (away.status_code, away.headers["Retry-After"]) == (503, "30")
    assert "Jira cannot be reached" in away.text


async def test_somebody_new_is_told_to_wait_while_jira_is_away(
    configured: Sandbox, as_: As
) -> None:
    configured.faults.add(Fault(FaultKind.BURST, retry_after=30))
    answer = await as_("gitlab").open("general")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


async def test_groups_that_may_not_be_read_keep_only_admins_in(
    configured: Sandbox, as_: As
) -> None:
    configured.faults.add(Fault(FaultKind.FORBIDDEN, path="/rest/api/3/user/groups"))
    assert await may_open(as_("admin")) == 200
    answer = await as_("gitlab").get("/help")
    assert answer.status_code == 503
    assert "Browse users and groups" in answer.text


async def test_a_jira_that_refuses_the_app_is_cannot_tell(configured: Sandbox, as_: As) -> None:
    configured.faults.add(Fault(FaultKind.UNAUTHORIZED, path="/rest/api/3/permissions/check"))
    assert await may_open(as_("admin")) == 503


async def test_a_warm_visit_asks_jira_nothing_and_a_cold_one_twice(
    configured: Sandbox, as_: As
) -> None:
    await may_open(as_("admin"))  # the licence
    configured.log.reset()
    await may_open(as_("gitlab"))
    asked = [entry.path for entry in configured.log.entries if entry.direction == "from app"]
    assert sorted(path.partition("?")[0] for path in asked) == [
        "/rest/api/3/permissions/check",
        "/rest/api/3/user/groups",
    ]
    configured.log.reset()
    await may_open(as_("gitlab"))
    assert [entry for entry in configured.log.entries if entry.direction == "from app"] == []


async def test_check_again_on_one_machine_counts_on_all(
    configured: Sandbox, as_: As, second: House
) -> None:
    facts = await second.directory.find(configured.site.client_key)
    assert facts is not None
    before = await second.standings.of(facts, AXEL)
    assert before.groups
    configured.site.remove_member("getint-jira-azure", AXEL)
    reached = heard(second, "standing")
    await as_("admin").post("/settings/access/check-again")
    await asyncio.wait_for(reached.wait(), 5)
    after = await second.standings.of(facts, AXEL)
    assert "getint-jira-azure" not in {group.name for group in after.groups or ()}


async def test_what_changes_on_one_machine_is_known_on_all(
    installed: Sandbox, as_: As, second: House
) -> None:
    before = await second.directory.find(installed.site.client_key)
    assert before is not None
    assert not before.is_configured
    reached = heard(second, "facts")
    await as_("admin").post("/set-up", data={"kind": "integration"})
    await asyncio.wait_for(reached.wait(), 5)
    after = await second.directory.find(installed.site.client_key)
    assert after is not None
    assert after.is_configured


async def test_an_uninstall_shuts_every_door_at_once(configured: Sandbox, as_: As) -> None:
    admin = as_("admin")
    token = admin.token()
    assert await may_open(admin) == 200
    await configured.host.uninstall()
    answer = await admin.http.get(
        f"{APP_URL}/help", headers={"Authorization": f"JWT {token}", "HX-Request": "true"}
    )
    assert answer.status_code == 403
    assert "not installed" in answer.text


async def test_pages_open_before_a_rotation_go_on_for_15_minutes_and_no_longer(
    configured: Sandbox, as_: As, house: House, superuser: psycopg.Connection
) -> None:
    admin = as_("admin")
    token = {"Authorization": f"JWT {admin.token()}"}
    await configured.host.rotate_secret()
    assert (await admin.http.get("/help", headers=token)).status_code == 200
    superuser.execute("UPDATE installations SET secret_changed_at = now() - interval '15 minutes'")
    house.directory.forget_everything()
    assert (await admin.http.get("/help", headers=token)).status_code == 401
    assert await may_open(admin) == 200
