"""What Jira did not take, in words that name the field and quote nothing of what was sent."""

from collections.abc import Mapping, Sequence

from app.tools.side import ItemRejected

_REASONS = (
    ("is required", "needs a value"),
    ("must specify", "needs a value"),
    ("not on the appropriate screen", "is not on the screen that Jira uses here"),
    ("exceed", "is longer than Jira takes"),
    ("too long", "is longer than Jira takes"),
    ("content_limit", "is longer than Jira takes"),
    ("limit", "is longer than Jira takes"),
    ("cannot be assigned", "names somebody who can not be assigned issues"),
    ("does not exist", "names something that this Jira does not have"),
    ("valid", "has a value that Jira does not take"),
    ("hierarchy", "can not be above this type of issue"),
    ("project", "belongs to another project"),
)


class JiraRefused(ItemRejected):
    """Jira's refusal of a request; ``fields`` and ``messages`` may quote content."""

    def __init__(self, text: str, fields: Mapping[str, str], messages: Sequence[str]) -> None:
        super().__init__(text)
        self.fields = fields
        self.messages = messages


def worded(refused: JiraRefused, labels: Mapping[str, str]) -> ItemRejected:
    """The same for people; ``labels`` has the fields' names by Jira's ids."""
    parts = [
        f"“{labels.get(field, field)}” {_reason(said)}" for field, said in refused.fields.items()
    ]
    if parts:
        return ItemRejected(f"Jira did not take it: {'; '.join(parts)}.")
    for said in refused.messages:
        reason = _known(said)
        if reason is not None:
            return ItemRejected(f"Jira did not take it: something in it {reason}.")
    return ItemRejected(str(refused))


def _reason(said: str) -> str:
    return _known(said) or "was not taken"


def _known(said: str) -> str | None:
    lowered = said.lower()
    return next((reason for sign, reason in _REASONS if sign in lowered), None)
