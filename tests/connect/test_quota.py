"""Points are metered, and whoever asks us to wait is obeyed, no wider than they asked."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect import Busy, Quota

HOUR = 1_800_000_000  # the top of a UTC hour
GLOBAL = "jira-quota-global-based"
TENANT = "jira-quota-tenant-based"
GROUPS, USERS = "GET /groups", "GET /users"


class Clock:
    def __init__(self) -> None:
        self.now: float = HOUR + 600

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quota(clock: Clock) -> Quota:
    return Quota(clock=clock)


def test_calls_and_points_are_counted_by_site(quota: Quota) -> None:
    quota.spend("a", 5)
    quota.spend("b", 1)
    quota.add_points("b", 6)
    assert (quota.points(), quota.points("a"), quota.points("b"), quota.points("c")) == (
        12,
        5,
        7,
        0,
    )
    assert (quota.calls(), quota.calls("b"), quota.calls("c")) == (2, 1, 0)


def test_each_utc_hour_starts_from_nothing(quota: Quota, clock: Clock) -> None:
    quota.spend("a", 60_000)
    clock.now = HOUR + 3599.9
    assert quota.points() == 60_000
    clock.now = HOUR + 3600
    assert (quota.points(), quota.calls("a"), quota.is_low()) == (0, 0, False)


def test_the_last_fifth_is_for_sites_that_did_not_spend_the_rest(
    quota: Quota, clock: Clock
) -> None:
    quota.spend("greedy", 52_001)
    quota.spend("modest", 100)
    quota.check("modest", GROUPS)
    with pytest.raises(Busy) as busy:
        quota.check("greedy", USERS)
    assert busy.value.retry_after == 3000
    clock.now = HOUR + 3600
    quota.check("greedy", USERS)


def test_one_sites_word_on_the_apps_budget_counts_for_an_hour_at_most(
    quota: Quota, clock: Clock
) -> None:
    quota.learn({"ratelimit": '"global-app-quota";r=0;t=999999999999', "ratelimit-policy": ""})
    assert quota.is_low()
    clock.now += 3600
    assert not quota.is_low()


@pytest.mark.parametrize(("spent", "low"), [(0, False), (52_000, False), (52_001, True)])
def test_less_than_a_fifth_left_is_low(quota: Quota, spent: int, low: bool) -> None:
    quota.spend("a", spent)
    assert quota.is_low() is low


@pytest.mark.parametrize(
    ("headers", "low"),
    [
        ({}, False),
        ({"x-ratelimit-limit": "65000", "x-ratelimit-remaining": "12999"}, True),
        ({"x-ratelimit-limit": "65000", "x-ratelimit-remaining": "13000"}, False),
        ({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "1"}, False),
        ({"x-ratelimit-limit": "65000", "x-ratelimit-remaining": "few"}, False),
        ({"x-ratelimit-remaining": "1"}, False),
        ({"ratelimit": '"global-app-quota";r=100;t=900'}, True),
        ({"ratelimit": '"burst";r=1;t=1, "global-app-quota";r=100;t=900'}, True),
        ({"ratelimit": '"burst";r=1;t=1'}, False),
        ({"ratelimit": '"global-app-quota";r=100'}, True),
        ({"ratelimit": '"global-app-quota";t=100'}, False),
        (
            {
                "ratelimit-policy": '"x";q=5;w=1, "global-app-quota";q=400;w=3600',
                "ratelimit": '"global-app-quota";r=100;t=900',
            },
            False,
        ),
        ({"beta-ratelimit": '"global-app-quota";r=100;t=900'}, True),
        ({"ratelimit": "nonsense;;;"}, False),
    ],
    ids=str,
)
def test_jiras_word_counts_besides_our_meter(
    quota: Quota, headers: dict[str, str], low: bool
) -> None:
    quota.learn(headers)
    assert quota.is_low() is low


def test_one_customers_spent_quota_does_not_slow_the_others(quota: Quota) -> None:
    spent = {"X-RateLimit-Limit": "65000", "X-RateLimit-Remaining": "0"}
    quota.learn(httpx.Headers({**spent, "RateLimit-Reason": "jira-quota-tenant-based"}))
    assert not quota.is_low()
    quota.learn(httpx.Headers({**spent, "RateLimit-Reason": "jira-quota-global-based"}))
    assert quota.is_low()


def test_jiras_word_ends_with_its_window(quota: Quota, clock: Clock) -> None:
    quota.learn({"ratelimit": '"global-app-quota";r=100;t=900'})
    clock.now += 901
    assert not quota.is_low()


def test_a_header_never_pauses_a_call_that_was_answered(quota: Quota) -> None:
    quota.learn({"beta-ratelimit": '"global-app-quota";r=0;t=900', "x-ratelimit-nearlimit": "true"})
    quota.check("a", GROUPS)
    assert quota.paused_until("a", GROUPS) == 0


@pytest.mark.parametrize(
    ("reason", "paused"),
    [
        (GLOBAL, {("a", GROUPS), ("a", USERS), ("b", GROUPS)}),
        (TENANT, {("a", GROUPS), ("a", USERS)}),
        ("jira-burst-based", {("a", GROUPS)}),
        ("jira-per-issue-on-write", {("a", GROUPS)}),
        (None, {("a", GROUPS)}),
    ],
)
def test_a_429_pauses_what_it_is_about(
    quota: Quota, clock: Clock, reason: str | None, paused: set[tuple[str, str]]
) -> None:
    headers = {"retry-after": "7"} | ({"ratelimit-reason": reason} if reason else {})
    busy = quota.refused("a", GROUPS, headers)
    assert busy.retry_after == pytest.approx(7)
    for call in [("a", GROUPS), ("a", USERS), ("b", GROUPS)]:
        assert quota.paused_until(*call) == (clock.now + 7 if call in paused else 0)
    with pytest.raises(Busy) as told:
        quota.check("a", GROUPS)
    assert told.value.reason == (reason or "burst")
    clock.now += 7
    quota.check("a", GROUPS)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, 3000),
        ({"x-ratelimit-reset": "2027-01-15T08:20Z"}, 600),
        ({"x-ratelimit-reset": "2027-01-15T08:20:30"}, 630),
        ({"x-ratelimit-reset": "2031-01-01T00:00Z"}, 3000),
        ({"x-ratelimit-reset": "2020-01-01T00:00Z"}, 3000),
        ({"x-ratelimit-reset": "soon"}, 3000),
        ({"retry-after": "40", "x-ratelimit-reset": "2027-01-15T08:20Z"}, 40),
        ({"retry-after": "999999"}, 3600),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "-5"}, 3000),
    ],
    ids=str,
)
def test_a_spent_quota_comes_back_when_jira_says_or_at_the_hour(
    quota: Quota, headers: dict[str, str], wait: int
) -> None:
    busy = quota.refused("a", GROUPS, headers | {"ratelimit-reason": GLOBAL})
    assert busy.retry_after == pytest.approx(wait)


@pytest.mark.parametrize(("asked", "wait"), [(None, 1), ("0", 0), ("5", 5), ("99999", 120)])
def test_a_burst_pause_is_short(quota: Quota, asked: str | None, wait: int) -> None:
    headers = {} if asked is None else {"retry-after": asked}
    assert quota.refused("a", GROUPS, headers).retry_after == pytest.approx(wait)


def test_a_longer_pause_is_not_cut_by_a_shorter_one(quota: Quota, clock: Clock) -> None:
    for seconds in ("900", "10"):
        quota.refused("a", GROUPS, {"ratelimit-reason": GLOBAL, "retry-after": seconds})
        quota.refused("b", GROUPS, {"ratelimit-reason": TENANT, "retry-after": seconds})
    clock.now += 60
    assert quota.paused_until("c", USERS) == clock.now + 840
    assert quota.paused_until("b", USERS) == clock.now + 840


@given(st.dictionaries(
    st.sampled_from(["retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-limit",
                     "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit-reason"]),
    st.text(max_size=30) | st.sampled_from([GLOBAL, "0", "99", '"global";r=1;t=1;q=0']),
))  # fmt: skip
def test_no_header_can_break_the_meter_or_stop_us_for_longer_than_an_hour(
    headers: dict[str, str],
) -> None:
    quota = Quota(clock=Clock())
    quota.learn(headers)
    assert 0 <= quota.refused("a", GROUPS, headers).retry_after <= 3600
    assert quota.is_low() in {True, False}
