"""How refusals, times and choices are put into words on these pages."""

from datetime import UTC, datetime
from functools import lru_cache

from app.access import Decision, Tool
from app.integrations.models import Integration
from app.tools.tellers import TELLERS

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


def schedule_words(every_minutes: int) -> str:
    """Such as ``Every 15 minutes``; empty without a schedule."""
    if not every_minutes:
        return ""
    return "Every minute" if every_minutes == 1 else f"Every {every_minutes} minutes"


def start_words(integration: Integration) -> str:
    """What starts its runs, such as ``Every 15 minutes, and soon after a change in Jira``."""
    if integration.kind == "migration":
        return "By hand"
    changes = _changes_that_start(integration)
    schedule = schedule_words(integration.every_minutes)
    if schedule:
        return f"{schedule}, and soon after {changes}" if changes else schedule
    return f"Soon after {changes}, and by hand" if changes else "By hand"


def _changes_that_start(integration: Integration) -> str:
    """The changes that a run need not be waited for; whether the tool tells is said elsewhere."""
    tool = Tool(integration.tool)
    here = "a change in Jira" if integration.direction != "to_jira" else ""
    there = integration.direction != "to_tool" and tool in TELLERS
    if not there:
        return here
    told = f"that {'the other Jira' if tool is Tool.JIRA else tool.label} tells of"
    return f"{here} or one {told}" if here else f"a change {told}"


def logs_words(days: int) -> str:
    """Such as ``Kept for 14 days``."""
    if not days:
        return "Not kept"
    return "Kept for a day" if days == 1 else f"Kept for {days} days"
