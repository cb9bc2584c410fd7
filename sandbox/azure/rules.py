"""What the process lets a field hold, and what changes by itself when a state does."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.azure.process import FIELDS, Field, WorkItemType
from sandbox.azure.rest.errors import bad_request, no_such_field, rule_broken
from sandbox.azure.state import AzureState, Node, Project, WorkItem, stamp

LONGEST_TITLE, LONGEST_TEXT, MOST_TAGS = 255, 1_048_576, 100
STATE, REASON, TITLE = "System.State", "System.Reason", "System.Title"
# What Azure DevOps takes out of HTML before it keeps it.
UNSAFE = re.compile(
    r"<!--.*?-->|<(script|style|object|embed)\b.*?</\1\s*>|\son\w+\s*=\s*(\"[^\"]*\"|'[^']*')",
    re.IGNORECASE | re.DOTALL,
)
COMMON = "Microsoft.VSTS.Common."


def moment_of(value: Any) -> str | None:
    """A date in one of ISO's forms, as it is kept; None for what is none."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return stamp((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))


def safe_html(text: str) -> str:
    return UNSAFE.sub("", text)


def checked(
    state: AzureState,
    project: Project,
    kind: WorkItemType,
    item: WorkItem,
    given: dict[str, Any],
    *,
    bypass: bool,
) -> dict[str, Any]:
    """The values that will differ, as they are kept; `item.rev` is 0 for one that is made.

    `bypass`: as with `bypassRules`, nothing but types and texts is looked at.
    """
    wanted: dict[str, Any] = {}
    for name, value in given.items():
        if name not in kind.fields:
            raise no_such_field(name)
        if FIELDS[name].read_only and not bypass:
            raise rule_broken(name, "ReadOnly, HasValues")
        wanted[name] = None if value is None else _kept(state, project, FIELDS[name], value)
    if not bypass:
        _check_state(kind, item, wanted)
    differing = {n: v for n, v in wanted.items() if item.fields.get(n) != v}
    result = {**item.fields, **differing}
    required = [TITLE, *kind.demands.get(str(result.get(STATE)), ())]
    for name in required:
        if not str(result.get(name) or "").strip() and (not bypass or name == TITLE):
            raise rule_broken(name, "Required, InvalidEmpty")
    return differing


def _check_state(kind: WorkItemType, item: WorkItem, wanted: dict[str, Any]) -> None:
    if STATE not in wanted:
        return
    before = str(item.fields.get(STATE, "")) if item.rev else ""
    after = wanted[STATE]
    if after != before and after not in kind.ways.get(before, ()):
        raise rule_broken(STATE, "HasValues, LimitedToValues, AllowsOldValue, InvalidNotInList")


def _kept(state: AzureState, project: Project, known: Field, value: Any) -> Any:
    if known.type == "identity":
        return _identity(state, known, value)
    if known.type == "treePath":
        return _path(project, known, str(value))
    if known.type in ("integer", "double", "boolean"):
        return _plain(known, value)
    if known.type == "dateTime":
        at = moment_of(value)
        if at is None:
            raise rule_broken(known.ref, "InvalidType")
        return at
    return _text(known, str(value))


def _text(known: Field, value: str) -> str | None:
    if known.ref == "System.Tags":
        return _tags(value)
    if known.type in ("html", "history"):
        value = safe_html(value)
        if len(value) > LONGEST_TEXT:
            raise rule_broken(known.ref, "InvalidTooLong")
        return value or None
    if len(value) > LONGEST_TITLE:
        raise rule_broken(known.ref, "InvalidTooLong")
    if known.allowed and value not in known.allowed:
        raise rule_broken(known.ref, "HasValues, LimitedToValues, InvalidNotInList")
    return value.strip() or None


def _tags(value: str) -> str | None:
    """One of each, whatever its case, in the order of the alphabet."""
    names: dict[str, str] = {}
    for part in value.replace(",", ";").split(";"):
        if part.strip():
            names.setdefault(part.strip().lower(), part.strip())
    if len(names) > MOST_TAGS:
        raise bad_request(f"TF401243: A work item can have at most {MOST_TAGS} tags.")
    return "; ".join(names[key] for key in sorted(names)) or None


def _plain(known: Field, value: Any) -> Any:
    readers: dict[str, Callable[[Any], Any]] = {
        "integer": int,
        "double": float,
        "boolean": lambda v: str(v).lower() == "true",
    }
    try:
        plain = readers[known.type](value)
    except (TypeError, ValueError):
        raise rule_broken(known.ref, "InvalidType") from None
    if known.allowed and str(plain) not in known.allowed:
        raise rule_broken(known.ref, "HasValues, LimitedToValues, InvalidNotInList")
    return plain


def _identity(state: AzureState, known: Field, value: Any) -> str:
    """Given by name, by `Name <address>`, or as the object that the API answers with."""
    if isinstance(value, dict):
        value = value.get("uniqueName") or value.get("descriptor") or value.get("id") or ""
    user = state.user(str(value))
    if user is None:
        raise rule_broken(known.ref, "HasValues, LimitedToValues, InvalidNotInList")
    return user.unique_name


def _path(project: Project, known: Field, value: str) -> str:
    root = project.areas if known.ref == "System.AreaPath" else project.iterations
    for path in paths(root):
        if path.lower() == value.strip("\\").lower():
            return path
    raise bad_request(
        f"TF401347: Invalid tree name given for work item, field '{known.ref}'.",
        "WorkItemTrackingTreeNodeNotFoundException",
    )


def paths(node: Node, above: str = "") -> list[str]:
    """`Project`, `Project\\Area`, ... from the root down."""
    here = f"{above}\\{node.name}" if above else node.name
    return [here, *(path for child in node.children for path in paths(child, here))]


def follow_state(before: str | None, changes: dict[str, Any], by: str, at: str) -> None:
    """A state brings its reason and its dates with it, where they were not given."""
    after = changes.get(STATE)
    if after is None or after == before:
        return
    changes.setdefault(REASON, "New" if before is None else f"Moved to state {after}")
    changes[f"{COMMON}StateChangeDate"] = at
    happened = {"Active": "Activated", "Resolved": "Resolved", "Closed": "Closed"}.get(after)
    if happened is not None:
        changes.setdefault(f"{COMMON}{happened}Date", at)
        changes.setdefault(f"{COMMON}{happened}By", by)
    if before == "Closed":
        changes[f"{COMMON}ClosedDate"] = changes[f"{COMMON}ClosedBy"] = None
