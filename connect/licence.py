"""What is known of a site's licence, and what that is still worth. Pure: no I/O, no clock."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from connect.jira_types import AddonLicence

# Long enough for an outage at Atlassian, short enough to end with the subscription.
PAID_STATE_LASTS = timedelta(hours=24)
_CLOCK_SKEW = timedelta(minutes=5)


class LicenceState(StrEnum):
    NONE = "none"
    EVALUATION = "evaluation"
    ACTIVE = "active"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"


_GOOD = frozenset({LicenceState.EVALUATION, LicenceState.ACTIVE})


@dataclass(frozen=True, slots=True)
class LicenceFact:
    """A state and when it was learnt (aware, UTC), from the licence API or a signed page."""

    state: LicenceState
    learnt_at: datetime
    source: Literal["api", "page"]
    entitlement_number: str | None
    type: str | None


def fact_from_addon(addon: AddonLicence, now: datetime) -> LicenceFact:
    """Read `GET /rest/atlassian-connect/1/addons/{key}`.

    No `license` object: the site has none. `active` is true for paid and trial alike, a trial
    says `evaluation` besides; not `active` means it has run out.
    """
    return LicenceFact(
        state=_addon_state(addon),
        learnt_at=now,
        source="api",
        entitlement_number=addon.entitlement_number,
        type=addon.type,
    )


def licence_state(fact: LicenceFact | None, *, now: datetime) -> LicenceState:
    """What the fact is worth now: paid and trial states are believed for a day, then unknown."""
    if fact is None:
        return LicenceState.UNKNOWN
    age = now - fact.learnt_at
    if fact.state in _GOOD and not -_CLOCK_SKEW <= age <= PAID_STATE_LASTS:
        return LicenceState.UNKNOWN
    return fact.state


def reconcile(
    fact: LicenceFact | None, page_word: Literal["active", "none"] | None, now: datetime
) -> tuple[LicenceFact | None, bool]:
    """Weigh the `lic` of a verified page against the fact; also says whether to ask the API.

    `lic` is inside the page's `qsh`, so it is Atlassian's word of this minute, while the fact may
    be an hour old. Where both agree nothing happens: the page adds nothing, and asking would cost
    quota. Where they differ the page counts at once, in both directions: a customer who just paid
    must not wait, and one who stopped must not go on. But `lic` knows only active and none, not
    trial, lapsed or the entitlement, so the API is asked for the rest. An earlier fact lends its
    kind: a trial that is confirmed stays a trial, something paid that became none has lapsed.
    Without a word (no page, a context call) the fact stands, and is asked for if there is none.
    """
    if page_word is None:
        return fact, fact is None
    state = licence_state(fact, now=now)
    if page_word == "active":
        if state in _GOOD:
            return fact, False
        kept = fact.state if fact is not None and fact.state in _GOOD else LicenceState.ACTIVE
    else:
        if state in {LicenceState.NONE, LicenceState.LAPSED}:
            return fact, False
        kept = LicenceState.NONE if fact is None or fact.state not in _GOOD else LicenceState.LAPSED
    return _said_by_page(fact, kept, now), True


def _addon_state(addon: AddonLicence) -> LicenceState:
    if not addon.has_licence:
        return LicenceState.NONE
    if not addon.active:
        return LicenceState.LAPSED
    return LicenceState.EVALUATION if addon.evaluation else LicenceState.ACTIVE


def _said_by_page(fact: LicenceFact | None, state: LicenceState, now: datetime) -> LicenceFact:
    if fact is None:
        return LicenceFact(state, now, "page", entitlement_number=None, type=None)
    return replace(fact, state=state, learnt_at=now, source="page")
