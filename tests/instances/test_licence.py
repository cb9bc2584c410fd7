"""The licence over time, asked of a Jira that may be away."""

import asyncio

import httpx
import pytest

from app.house import House
from app.instances.facts import InstanceFacts
from app.instances.licence import Licences, PageWord
from connect import JiraClient, LicenceState, Quota
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from tests.instances.kit import Clock

ADDONS = "/rest/atlassian-connect/1/addons/*"


async def at_once(_seconds: float) -> None:
    """Waiting, without the waiting."""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def licences(house: House, http: httpx.AsyncClient, clock: Clock) -> Licences:
    jira = JiraClient(http, house.settings.connect_app_key, Quota(), sleep=at_once)
    return Licences(house.database, jira, house.changes, clock=clock)


async def facts_of(house: House, sandbox: Sandbox) -> InstanceFacts:
    facts = await house.directory.find(sandbox.site.client_key)
    assert facts is not None
    return facts


async def settled(licences: Licences) -> None:
    """What was asked in the background has been answered."""
    await licences.close()


def jira_is_away(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(FaultKind.UNAVAILABLE, path=ADDONS))


def questions(sandbox: Sandbox) -> int:
    return sum("/addons/" in entry.path for entry in sandbox.log.entries)


@pytest.mark.parametrize(
    ("switch", "state"),
    [
        ("paid", LicenceState.ACTIVE),
        ("trial", LicenceState.EVALUATION),
        ("lapsed", LicenceState.LAPSED),
        ("none", LicenceState.NONE),
    ],
)
async def test_what_atlassian_says_is_the_state(
    house: House, installed: Sandbox, licences: Licences, switch: str, state: LicenceState
) -> None:
    installed.host.set_licence(switch)
    assert await licences.state(await facts_of(house, installed), None) is state
    assert licences.known_state(await facts_of(house, installed)) is state


async def test_without_any_answer_the_state_is_unknown_never_active(
    house: House, installed: Sandbox, licences: Licences
) -> None:
    jira_is_away(installed)
    assert await licences.state(await facts_of(house, installed), None) is LicenceState.UNKNOWN


async def test_a_paid_state_survives_an_outage_for_a_day_and_no_longer(
    house: House, installed: Sandbox, licences: Licences, clock: Clock
) -> None:
    installed.host.set_licence("paid")
    await licences.state(await facts_of(house, installed), None)
    jira_is_away(installed)
    expected = {1: LicenceState.ACTIVE, 22.9: LicenceState.ACTIVE, 0.2: LicenceState.UNKNOWN}
    for hours, state in expected.items():
        clock.move(hours=hours)
        assert await licences.state(await facts_of(house, installed), None) is state
        await settled(licences)
    installed.faults.clear()
    clock.move(minutes=2)
    await licences.state(await facts_of(house, installed), None)
    await settled(licences)
    assert await licences.state(await facts_of(house, installed), None) is LicenceState.ACTIVE


async def test_jira_is_asked_again_after_an_hour_and_not_before(
    house: House, installed: Sandbox, licences: Licences, clock: Clock
) -> None:
    await licences.state(await facts_of(house, installed), None)
    installed.log.reset()
    for minutes, asked in ((59, 0), (2, 1), (2, 1)):
        clock.move(minutes=minutes)
        await licences.state(await facts_of(house, installed), None)
        await settled(licences)
        assert questions(installed) == asked


async def test_a_hundred_people_at_once_ask_jira_once(
    house: House, installed: Sandbox, licences: Licences
) -> None:
    facts = await facts_of(house, installed)
    states = await asyncio.gather(*(licences.state(facts, None) for _ in range(100)))
    assert set(states) == {LicenceState.EVALUATION}
    assert questions(installed) == 1


@pytest.mark.parametrize(
    "case",
    [
        ("paid", "none", LicenceState.LAPSED),
        ("none", "active", LicenceState.ACTIVE),
        ("lapsed", "active", LicenceState.ACTIVE),
    ],
)
async def test_a_signed_pages_word_counts_at_once_for_what_follows_too(
    house: House,
    installed: Sandbox,
    licences: Licences,
    clock: Clock,
    case: tuple[str, PageWord, LicenceState],
) -> None:
    switch, word, state = case
    installed.host.set_licence(switch)
    await licences.state(await facts_of(house, installed), None)
    clock.move(seconds=20)  # too soon to ask Jira again
    assert await licences.state(await facts_of(house, installed), word) is state
    assert await licences.state(await facts_of(house, installed), None) is state


async def test_where_page_and_jira_differ_jira_is_asked_and_has_the_last_word(
    house: House, installed: Sandbox, licences: Licences, clock: Clock
) -> None:
    installed.host.set_licence("none")
    await licences.state(await facts_of(house, installed), None)
    installed.host.set_licence("trial")
    clock.move(minutes=2)
    facts = await facts_of(house, installed)
    assert await licences.state(facts, "active") is LicenceState.EVALUATION


async def test_what_was_learnt_earlier_does_not_replace_what_was_learnt_later(
    house: House, installed: Sandbox, licences: Licences, clock: Clock
) -> None:
    installed.host.set_licence("none")
    await licences.check_again(await facts_of(house, installed))
    before = await house.directory.load(installed.site.client_key)
    assert before is not None
    installed.host.set_licence("lapsed")
    clock.move(seconds=30)
    assert await licences.check_again(before) is LicenceState.LAPSED
    clock.move(seconds=-1)
    await licences.state(before, "active")  # a machine that has not heard of it yet
    found = await house.directory.load(installed.site.client_key)
    assert found is not None
    assert licences.known_state(found) is LicenceState.LAPSED


async def test_a_no_is_asked_about_once_a_minute_and_the_answer_counts_for_facts_of_before(
    house: House, installed: Sandbox, licences: Licences, clock: Clock
) -> None:
    before = await facts_of(house, installed)
    assert await licences.confirmed(before) is LicenceState.EVALUATION
    assert await licences.confirmed(before) is LicenceState.EVALUATION
    assert questions(installed) == 1
    installed.host.set_licence("lapsed")
    await licences.check_again(before)
    lapsed = await facts_of(house, installed)
    installed.host.set_licence("paid")
    assert await licences.confirmed(lapsed) is LicenceState.LAPSED
    clock.move(minutes=2)
    assert await licences.confirmed(lapsed) is LicenceState.ACTIVE
    assert await licences.confirmed(await facts_of(house, installed)) is LicenceState.ACTIVE
    assert questions(installed) == 3


async def test_what_jira_said_earlier_does_not_outlive_what_was_learnt_since(
    house: House, installed: Sandbox, licences: Licences, clock: Clock
) -> None:
    assert await licences.confirmed(await facts_of(house, installed)) is LicenceState.EVALUATION
    clock.move(seconds=30)
    await licences.state(await facts_of(house, installed), "none")
    await settled(licences)
    assert await licences.confirmed(await facts_of(house, installed)) is not LicenceState.EVALUATION
