"""How refusals, times and choices are put into words on these pages."""

from datetime import UTC, datetime
from functools import lru_cache

from app.access import Decision

DIRECTIONS = {
    "both": "Both ways",
    "to_tool": "From Jira to the tool",
    "to_jira": "From the tool to Jira",
}
CONFLICT_RULES = {
    "latest": "The later change",
    "jira": "Jira",
    "tool": "The tool",
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


def trigger_words(every_minutes: int) -> str:
    """Such as ``Every 15 minutes``."""
    if not every_minutes:
        return "By hand"
    return "Every minute" if every_minutes == 1 else f"Every {every_minutes} minutes"


def logs_words(days: int) -> str:
    """Such as ``Kept for 14 days``."""
    if not days:
        return "Not kept"
    return "Kept for a day" if days == 1 else f"Kept for {days} days"
