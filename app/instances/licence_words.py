"""What each state of the licence means for people."""

from dataclasses import dataclass

from app.instances.facts import InstanceFacts
from connect import LicenceState


@dataclass(frozen=True, slots=True)
class LicenceWords:
    """A state in words: its name, its colour, what it means, and what to do (if anything)."""

    label: str
    colour: str
    meaning: str
    mend: str = ""


_READ_ONLY = "Nothing can be created, changed, run or shared. Everything stays readable."
_WORDS = {
    LicenceState.ACTIVE: LicenceWords(
        "Active", "success", "Everybody can do what their access allows."
    ),
    LicenceState.EVALUATION: LicenceWords(
        "Trial",
        "inprogress",
        "Everybody can do what their access allows, as with a subscription.",
        "Subscribe before the trial ends, so that integrations go on:",
    ),
    LicenceState.LAPSED: LicenceWords(
        "Ended", "removed", _READ_ONLY, "Renew the subscription to go on:"
    ),
    LicenceState.NONE: LicenceWords(
        "None", "removed", _READ_ONLY, "Start a trial or subscribe to begin:"
    ),
    LicenceState.UNKNOWN: LicenceWords(
        "Not confirmed",
        "moved",
        "Atlassian has not confirmed the licence for more than a day. " + _READ_ONLY,
        "This clears by itself once Atlassian answers. The site's own view is here:",
    ),
}


def licence_words(state: LicenceState) -> LicenceWords:
    """The words for a state."""
    return _WORDS[state]


def all_licence_words() -> tuple[LicenceWords, ...]:
    """Every state there is, the best one first."""
    return tuple(_WORDS.values())


def manage_apps_url(facts: InstanceFacts) -> str:
    """Where a Jira administrator subscribes."""
    return f"{facts.site.display_url}/plugins/servlet/upm"
