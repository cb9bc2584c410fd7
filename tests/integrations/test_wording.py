"""What an integration's page says of itself is so."""

import pytest

from app.integrations.models import Integration
from app.integrations.wording import start_words


@pytest.mark.parametrize(
    ("kind", "tool", "direction", "every_minutes", "told"),
    [
        (
            "integration",
            "gitlab",
            "both",
            15,
            "Every 15 minutes, and soon after a change in Jira or one that GitLab tells of",
        ),
        (
            "integration",
            "jira",
            "to_jira",
            1,
            "Every minute, and soon after a change that the other Jira tells of",
        ),
        (
            "integration",
            "azure",
            "to_tool",
            0,
            "Soon after a change in Jira, and by hand",
        ),
        ("integration", "notion", "both", 0, "Soon after a change in Jira, and by hand"),
        ("integration", "notion", "to_jira", 60, "Every 60 minutes"),
        ("integration", "notion", "to_jira", 0, "By hand"),
        ("migration", "gitlab", "both", 15, "By hand"),
    ],
)
def test_the_page_names_everything_that_starts_a_run_and_nothing_else(
    kind: str, tool: str, direction: str, every_minutes: int, told: str
) -> None:
    integration = Integration(
        kind=kind, tool=tool, direction=direction, every_minutes=every_minutes
    )
    assert start_words(integration) == told
