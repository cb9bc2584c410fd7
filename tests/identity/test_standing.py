"""How long Jira's word on somebody counts, how often Jira is asked, and what if it is away."""

import asyncio
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID, uuid4

import pytest

from app.changes import Changes
from app.encryption import InstanceKey
from app.errors import CannotTell
from app.identity.standing import Standing, Standings
from app.instances.facts import InstanceFacts
from connect import (
    Busy,
    Forbidden,
    Gone,
    Group,
    JiraClient,
    JiraError,
    Permissions,
    Quota,
    Site,
    Unreachable,
)

GITLAB = Group("g-1", "getint-jira-gitlab")
SITE = Site("key", "https://a.atlassian.net", "https://a.atlassian.net", "a secret")


class Jira(JiraClient):
    """Answers as told, counts the calls, and can be held up."""

    def __init__(self) -> None:
        self.calls = 0
        self.groups: tuple[Group, ...] | JiraError = (GITLAB,)
        self.rights: Permissions | JiraError = Permissions(is_admin=False, administers_project=True)
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()

    async def permissions(
        self, site: Site, account_id: str, *, project_id: str | None = None
    ) -> Permissions:
        del site, account_id, project_id
        await self._take()
        if isinstance(self.rights, JiraError):
            raise self.rights
        return self.rights

    async def groups_of(self, site: Site, account_id: str) -> tuple[Group, ...]:
        del site, account_id
        await self._take()
        if isinstance(self.groups, JiraError):
            raise self.groups
        return self.groups

    async def _take(self) -> None:
        self.calls += 1
        if self.calls == 2:
            self.asked.set()
        await self.open.wait()

    def is_away(self, error: JiraError) -> None:
        self.rights = self.groups = error


class AnyQuota(Quota):
    """Low or not, as told."""

    low = False

    def is_low(self) -> bool:
        return self.low


@dataclass
class Door:
    """Standings with everything that they lean on."""

    jira: Jira = field(default_factory=Jira)
    quota: AnyQuota = field(default_factory=AnyQuota)
    changes: Changes = field(default_factory=lambda: Changes(""))
    now: float = 1_000.0
    facts: InstanceFacts = field(default_factory=lambda: facts_of(uuid4()))

    def __post_init__(self) -> None:
        self.changes._listening.set()
        self.standings = Standings(self.jira, self.quota, self.changes, clock=lambda: self.now)

    async def ask(self, account_id: str = "gia", project_id: str | None = None) -> Standing:
        return await self.standings.of(self.facts, account_id, project_id)

    def check_again(self, instance_id: UUID | None) -> None:
        for forget in self.changes._forgetters["standing"]:
            forget(instance_id)


def facts_of(instance_id: UUID) -> InstanceFacts:
    return InstanceFacts(
        instance_id=instance_id,
        installation_id=uuid4(),
        linked_site=SITE,
        is_installed=True,
        is_enabled=True,
        is_configured=True,
        workspace_id=uuid4(),
        workspaces=MappingProxyType({}),
        chosen=MappingProxyType({}),
        second_factor_required=False,
        provider=None,
        licence=None,
        tools_by_group=MappingProxyType({}),
        standard_bound=frozenset(),
        key=InstanceKey(bytes(32)),
    )


@pytest.fixture
async def door() -> Door:
    return Door()


@pytest.mark.parametrize(
    ("low", "age", "asked_again"),
    [
        (False, 0, False),
        (False, 59.9, False),
        (False, 60, True),
        (True, 60, False),
        (True, 899.9, False),
        (True, 900, True),
    ],
)
async def test_a_standing_counts_for_a_minute_and_for_15_when_quota_is_low(
    door: Door, low: bool, age: float, asked_again: bool
) -> None:
    await door.ask()
    door.quota.low = low
    door.now += age
    assert (await door.ask()).is_current
    assert door.jira.calls == (4 if asked_again else 2)


async def test_its_age_counts_from_when_it_was_asked_not_from_when_it_came(door: Door) -> None:
    door.jira.open.clear()
    asking = asyncio.create_task(door.ask())
    await door.jira.asked.wait()
    door.now += 59
    door.jira.open.set()
    await asking
    door.now += 1
    await door.ask()
    assert door.jira.calls == 4


async def test_a_hundred_waiters_are_one_flight_of_two_calls(door: Door) -> None:
    door.jira.open.clear()
    waiters = [asyncio.create_task(door.ask()) for _ in range(100)]
    await door.jira.asked.wait()
    door.jira.open.set()
    standings = await asyncio.gather(*waiters)
    assert door.jira.calls == 2
    assert all(standing is standings[0] for standing in standings)


async def test_a_waiter_that_hangs_up_takes_nothing_from_the_others(door: Door) -> None:
    door.jira.open.clear()
    first, second = asyncio.create_task(door.ask()), asyncio.create_task(door.ask())
    await door.jira.asked.wait()
    first.cancel()
    door.jira.open.set()
    assert (await second).groups == (GITLAB,)
    assert door.jira.calls == 2


async def test_people_and_projects_are_kept_apart(door: Door) -> None:
    await door.ask("gia")
    await door.ask("axel")
    await door.ask("gia", "10001")
    door.facts = facts_of(uuid4())
    await door.ask("gia")
    assert door.jira.calls == 8


@pytest.mark.parametrize("error", [Unreachable("away"), Busy(7, "quota")])
@pytest.mark.parametrize(("age", "readable"), [(60, True), (599.9, True), (600, False)])
async def test_while_jira_is_away_one_of_ten_minutes_is_good_for_reading(
    door: Door, error: JiraError, age: float, readable: bool
) -> None:
    await door.ask()
    door.jira.is_away(error)
    door.now += age
    if readable:
        standing = await door.ask()
        assert (standing.is_current, standing.groups) == (False, (GITLAB,))
    else:
        with pytest.raises(CannotTell):
            await door.ask()


@pytest.mark.parametrize(
    ("error", "retry_after"),
    [(Unreachable("away"), 5), (Busy(42, "quota"), 42), (Busy(0.2, ""), 1)],
)
async def test_without_any_standing_the_answer_is_cannot_tell_and_when_to_ask_again(
    door: Door, error: JiraError, retry_after: int
) -> None:
    door.jira.is_away(error)
    for _ in range(2):
        with pytest.raises(CannotTell) as told:
            await door.ask()
        assert told.value.retry_after == retry_after


async def test_a_jira_that_failed_is_left_alone_for_five_seconds(door: Door) -> None:
    door.jira.is_away(Unreachable("away"))
    for person in ("gia", "axel", "pia"):
        with pytest.raises(CannotTell):
            await door.ask(person)
    assert door.jira.calls == 2
    door.now += 5
    door.jira.rights, door.jira.groups = Permissions(True, False), ()
    assert (await door.ask()).is_admin


async def test_one_site_that_is_away_does_not_keep_others_out(door: Door) -> None:
    door.jira.is_away(Unreachable("away"))
    with pytest.raises(CannotTell):
        await door.ask()
    door.jira.rights, door.jira.groups = Permissions(True, False), ()
    door.facts = facts_of(uuid4())
    assert (await door.ask()).is_admin


async def test_when_jira_is_back_its_word_is_current_again(door: Door) -> None:
    await door.ask()
    door.jira.is_away(Unreachable("away"))
    door.now += 100
    assert not (await door.ask()).is_current
    door.jira.rights, door.jira.groups = Permissions(False, False), ()
    door.now += 5
    standing = await door.ask()
    assert (standing.is_current, standing.groups) == (True, ())


@pytest.mark.parametrize("everybody", [True, False])
async def test_check_again_makes_the_next_question_go_to_jira(door: Door, everybody: bool) -> None:
    await door.ask()
    door.check_again(None if everybody else door.facts.instance_id)
    await door.ask()
    assert door.jira.calls == 4
    door.check_again(uuid4())
    await door.ask()
    assert door.jira.calls == 4


async def test_an_answer_from_before_check_again_is_not_kept(door: Door) -> None:
    door.jira.open.clear()
    before = asyncio.create_task(door.ask())
    await door.jira.asked.wait()
    door.check_again(door.facts.instance_id)
    after = asyncio.create_task(door.ask())
    await asyncio.sleep(0)
    door.jira.open.set()
    await asyncio.gather(before, after)
    assert door.jira.calls == 4
    await door.ask()
    assert door.jira.calls == 4


@pytest.mark.parametrize(
    ("answer", "groups"), [(Forbidden("no"), None), (Gone("nobody"), ()), ((), ())]
)
async def test_groups_that_may_not_be_read_are_unknown_not_none(
    door: Door, answer: tuple[Group, ...] | JiraError, groups: tuple[Group, ...] | None
) -> None:
    door.jira.groups = answer
    assert (await door.ask()).groups == groups


@pytest.mark.parametrize("error", [Forbidden("no"), Gone("not here")])
async def test_a_refused_question_is_cannot_tell_even_for_reading(
    door: Door, error: JiraError
) -> None:
    await door.ask()
    door.jira.rights = error
    door.now += 61
    with pytest.raises(CannotTell):
        await door.ask()


async def test_check_again_at_one_site_takes_nothing_from_the_others(door: Door) -> None:
    door.jira.open.clear()
    asking = asyncio.create_task(door.ask())
    await door.jira.asked.wait()
    door.check_again(uuid4())
    door.jira.open.set()
    await asking
    await door.ask()
    assert door.jira.calls == 2


async def test_an_answer_that_nobody_expects_is_cannot_tell(door: Door) -> None:
    door.jira.rights = JiraError("Jira answered 400.")
    with pytest.raises(CannotTell):
        await door.ask()


async def test_while_the_channel_is_down_a_standing_counts_for_five_seconds(door: Door) -> None:
    door.quota.low = True
    await door.ask()
    door.changes._listening.clear()
    door.now += 4.9
    await door.ask()
    assert door.jira.calls == 2
    door.now += 0.1
    await door.ask()
    assert door.jira.calls == 4


async def test_what_is_kept_is_bounded_in_groups_too(door: Door) -> None:
    door.jira.groups = tuple(Group(str(number), "a group") for number in range(20_000))
    for number in range(200):
        await door.ask(f"person-{number}")
    assert sum(len(kept.groups or ()) for kept in door.standings._kept.values()) <= 2_000_000
