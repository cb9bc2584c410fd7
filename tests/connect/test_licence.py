"""A paid state is believed for a day, and nothing is ever taken for paid by default."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connect import (
    AddonLicence,
    LicenceFact,
    LicenceState,
    fact_from_addon,
    licence_state,
    reconcile,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
S = LicenceState
GOOD = {S.ACTIVE, S.EVALUATION}
Word = Literal["active", "none"] | None


def fact(state: LicenceState, age: timedelta = timedelta(0)) -> LicenceFact:
    return LicenceFact(state, NOW - age, "api", "E-1", "COMMERCIAL")


def addon(*, has: bool = True, active: bool = False, evaluation: bool = False) -> AddonLicence:
    return AddonLicence("ENABLED", "1", has, active, evaluation, "COMMERCIAL", "e-1", "E-1")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (addon(has=False), S.NONE),
        (addon(active=True), S.ACTIVE),
        (addon(active=True, evaluation=True), S.EVALUATION),
        (addon(), S.LAPSED),
        (addon(evaluation=True), S.LAPSED),
    ],
)
def test_the_api_says_one_of_four_states(answer: AddonLicence, state: LicenceState) -> None:
    assert fact_from_addon(answer, NOW) == LicenceFact(state, NOW, "api", "E-1", "COMMERCIAL")


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize(
    ("age", "believed"),
    [
        (timedelta(0), True),
        (DAY, True),
        (DAY + timedelta(seconds=1), False),
        (timedelta(minutes=-5), True),
        (timedelta(minutes=-6), False),
    ],
)
def test_paid_and_trial_are_believed_for_a_day(
    state: LicenceState, age: timedelta, believed: bool
) -> None:
    expected = state if believed or state not in GOOD else S.UNKNOWN
    assert licence_state(fact(state, age), now=NOW) is expected


def test_what_was_never_learnt_is_unknown() -> None:
    assert licence_state(None, now=NOW) is S.UNKNOWN


YOUNG, OLD = timedelta(hours=1), timedelta(hours=25)


@pytest.mark.parametrize(
    ("known", "word", "state", "ask"),
    [
        (None, None, S.UNKNOWN, True),
        (None, "active", S.ACTIVE, True),
        (None, "none", S.NONE, True),
        (fact(S.ACTIVE, YOUNG), None, S.ACTIVE, False),
        (fact(S.ACTIVE, YOUNG), "active", S.ACTIVE, False),
        (fact(S.EVALUATION, YOUNG), "active", S.EVALUATION, False),
        (fact(S.ACTIVE, YOUNG), "none", S.LAPSED, True),
        (fact(S.EVALUATION, YOUNG), "none", S.LAPSED, True),
        (fact(S.NONE, YOUNG), "none", S.NONE, False),
        (fact(S.LAPSED, OLD), "none", S.LAPSED, False),
        (fact(S.NONE, YOUNG), "active", S.ACTIVE, True),
        (fact(S.LAPSED, YOUNG), "active", S.ACTIVE, True),
        (fact(S.ACTIVE, OLD), "active", S.ACTIVE, True),
        (fact(S.EVALUATION, OLD), "active", S.EVALUATION, True),
        (fact(S.ACTIVE, OLD), "none", S.LAPSED, True),
        (fact(S.UNKNOWN, YOUNG), "active", S.ACTIVE, True),
        (fact(S.UNKNOWN, YOUNG), "none", S.NONE, True),
    ],
)
def test_the_pages_word_counts_at_once(
    known: LicenceFact | None, word: Word, state: LicenceState, ask: bool
) -> None:
    found, refresh_needed = reconcile(known, word, NOW)
    assert (licence_state(found, now=NOW), refresh_needed) == (state, ask)
    if found != known:
        assert found is not None
        assert (found.source, found.learnt_at) == ("page", NOW)
        expected = (known.entitlement_number, known.type) if known else (None, None)
        assert (found.entitlement_number, found.type) == expected


_facts = st.none() | st.builds(
    fact, st.sampled_from(list(S)), st.timedeltas(timedelta(hours=-1), timedelta(days=3))
)


@given(known=_facts, word=st.sampled_from(["active", "none", None]))
def test_paid_needs_a_word_that_says_so(known: LicenceFact | None, word: Word) -> None:
    before = licence_state(known, now=NOW)
    after = licence_state(reconcile(known, word, NOW)[0], now=NOW)
    assert (after in GOOD) == {"active": True, "none": False, None: before in GOOD}[word]


@given(known=_facts, word=st.sampled_from(["active", "none"]))
def test_hearing_the_same_again_asks_nothing(
    known: LicenceFact | None, word: Literal["active", "none"]
) -> None:
    once, _ = reconcile(known, word, NOW)
    assert reconcile(once, word, NOW) == (once, False)
