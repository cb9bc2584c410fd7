"""The owner's filter: the part behind the ``?`` of GitLab's list of issues, and nothing more."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from app.tools.side import ItemRejected

# GitLab passes over what it does not know, and would then give all issues.
_KNOWN = frozenset(
    {
        "assignee_id", "assignee_username", "author_id", "author_username", "confidential",
        "created_before", "due_date", "epic_id", "health_status", "in", "issue_type",
        "iteration_id", "iteration_title", "labels", "milestone", "milestone_id",
        "my_reaction_emoji", "search", "state", "weight",
    }
)  # fmt: skip


def filter_of(query: str) -> Mapping[str, str]:
    """``labels=Bug&state=opened`` as parameters. Raises ItemRejected for what is no filter."""
    text = query.strip().removeprefix("?")
    if not text:
        return {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=20)
    except ValueError:
        raise ItemRejected(
            "The filter for GitLab has to look like labels=Bug&state=opened."
        ) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        plain = name.removesuffix("]").removeprefix("not[") if name.startswith("not[") else name
        if plain not in _KNOWN or len(name) > 100:
            raise ItemRejected(f"The filter for GitLab knows: {', '.join(sorted(_KNOWN))}.")
        if name in found:
            raise ItemRejected("The filter for GitLab may name each thing once.")
        found[name] = value
    return found
