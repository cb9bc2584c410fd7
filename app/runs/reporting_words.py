"""States, triggers and spans of time as the pages of Reporting put them."""

from datetime import datetime, timedelta

from app.access import Tool

CHANGED = "getint:run-changed"
"""What the page is told when a run, or what may be done with it, is not what it was."""
STATES = {
    "waiting": ("Waiting", "default"),
    "running": ("Running", "inprogress"),
    "held": ("Held", "moved"),
    "paused": ("Paused", "default"),
    "cancelling": ("Being cancelled", "moved"),
    "done": ("Done", "success"),
    "failed": ("Failed", "removed"),
    "cancelled": ("Cancelled", "default"),
}
"""Words and look of each state."""
TRIGGERS = {
    "schedule": "On schedule",
    "jira": "Change in Jira",
    "tool": "Change in the tool",
    "hand": "By hand",
}
SINCE = {"24h": "Last 24 hours", "7d": "Last 7 days", "30d": "Last 30 days"}
LEVEL_CHOICES = {
    "debug": "All lines",
    "info": "Information and worse",
    "warning": "Warnings and errors",
    "error": "Errors only",
}
LEVEL_LOOKS = {
    "debug": ("Debug", "default"),
    "info": ("Info", "inprogress"),
    "warning": ("Warning", "moved"),
    "error": ("Error", "removed"),
}


def state_words(state: str, failed: int) -> tuple[str, str]:
    """Words and look of a run's state; a run that is done may have left items behind."""
    if state == "done" and failed:
        return "Done, some failed", "moved"
    return STATES[state]


def trigger_words(trigger: str, tool: str) -> str:
    """Such as ``Change in GitLab``."""
    return f"Change in {Tool(tool).label}" if trigger == "tool" else TRIGGERS[trigger]


def took(started_at: datetime | None, finished_at: datetime | None, now: datetime) -> str:
    """How long a run took or has been under way; empty before its start."""
    if started_at is None:
        return ""
    if finished_at is None:
        return f"{span(now - started_at)} so far"
    return span(finished_at - started_at)


def span(length: timedelta) -> str:
    """Such as ``3 min 20 s``: the two largest units."""
    seconds = max(0, round(length.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if not minutes:
        return f"{seconds} s"
    if not hours:
        return f"{minutes} min {seconds % 60} s"
    return f"{hours} h {minutes % 60} min" if not days else f"{days} d {hours % 24} h"
