"""How refusals, times and choices are put into words on these pages."""

from datetime import UTC, datetime
from functools import lru_cache

from app.access import Decision

DIRECTIONS = {
    "both": "Both ways",
    "to_tool": "From Jira to the tool",
    "to_jira": "From the tool to Jira",
}
OTHERS_MAY = {
    "view": ("View", "Others see that it exists. They cannot use or change it."),
    "use": ("Use", "Others may use it in their own integrations."),
    "edit": ("Edit", "Others may use it, and change its address and credentials."),
}


@lru_cache(1024)
def why_not(decision: Decision) -> str:
    """The whole reason of a refusal: why, what is needed and who can give it. Empty for a yes."""
    if decision:
        return ""
    return f"{decision.reason_text} Needed: {decision.needed} Who can help: {decision.who}."


def when(moment: datetime) -> str:
    """A moment as pages show it."""
    return f"{moment.astimezone(UTC):%d %b %Y, %H:%M} UTC"


def direction_words(direction: str, tool_label: str) -> str:
    """Such as ``Jira to GitLab``."""
    return {
        "both": f"Jira and {tool_label}",
        "to_tool": f"Jira to {tool_label}",
        "to_jira": f"{tool_label} to Jira",
    }[direction]
