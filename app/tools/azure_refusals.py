"""What Azure DevOps did not take, in words that name the field and quote nothing."""

import re
from collections.abc import Mapping

from app.tools.answers import Rejected
from app.tools.side import ItemRejected

_RULE = re.compile(r"Rule Error for field (?P<field>[^.]{1,128})\. Error code: (?P<codes>[\w, ]+)")
_STATUS = re.compile(r"Invalid field status '(?P<codes>\w+)' for field '(?P<field>[\w. ]{1,128})'")
_CODES = (
    ("InvalidEmpty", "needs a value"),
    ("Required", "needs a value"),
    ("ListValue", "takes only the values of its list"),
    ("LimitedToValues", "takes only the values of its list"),
    ("NotOldValue", "may not keep its value"),
    ("ReadOnly", "can not be changed"),
    ("TooLong", "is longer than Azure DevOps takes"),
    ("Identity", "names somebody whom this organisation does not know"),
    ("Invalid", "has a value that Azure DevOps does not take"),
)
_OTHERS = (
    ("TF401347", "too many revisions or too long a text"),
    ("TF51535", "a field that this process does not have"),
    ("TF201035", "a parent that can not be above it"),
    ("TF201036", "a parent that can not be above it"),
    ("VS402371", "a parent that can not be above it"),
    ("unknown value", "somebody whom this organisation does not know"),
    ("not a recognized", "a value that Azure DevOps does not know"),
    ("exceed", "more than Azure DevOps takes"),
)
_CHANGED_MEANWHILE = ("VS403351", "TF26071", "Test Operation")


def is_conflict(refused: Rejected) -> bool:
    """Whether somebody else changed the item between our reading and our writing."""
    if refused.status in {409, 412}:
        return True
    return any(sign in refused.reason for sign in _CHANGED_MEANWHILE)


def worded(refused: Rejected, labels: Mapping[str, str]) -> ItemRejected:
    """The same for people; ``labels`` has the fields' names by reference name."""
    parts = []
    for pattern in (_RULE, _STATUS):
        for found in pattern.finditer(refused.reason):
            field = found["field"]
            said = f"“{labels.get(field, field)}” {_reason(found['codes'])}"
            if said not in parts:
                parts.append(said)
    if parts:
        return ItemRejected(f"Azure DevOps did not take it: {'; '.join(parts)}.")
    for sign, told in _OTHERS:
        if sign.lower() in refused.reason.lower():
            return ItemRejected(f"Azure DevOps did not take it: {told}.")
    return ItemRejected(f"Azure DevOps did not take it (HTTP {refused.status}).")


def _reason(codes: str) -> str:
    return next((said for code, said in _CODES if code in codes), "was not taken")
