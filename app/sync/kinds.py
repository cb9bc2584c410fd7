"""Which kinds of fields can be mapped to each other, and as which kind the values then travel."""

from app.tools.items import FieldInfo, FieldKind

_ALIKE = {
    frozenset({FieldKind.TEXT, FieldKind.OPTION}): FieldKind.OPTION,
    frozenset({FieldKind.LABELS, FieldKind.OPTIONS}): FieldKind.LABELS,
}
BY_NAME = frozenset({FieldKind.OPTION, FieldKind.OPTIONS})
"""Kinds whose values are names, which a rule may translate one by one."""


def common_kind(jira: FieldKind, tool: FieldKind) -> FieldKind | None:
    """The kind of a rule between two fields; None where one has no words for the other's values."""
    return jira if jira == tool else _ALIKE.get(frozenset({jira, tool}))


def has_choices(kind: FieldKind | None, jira: FieldInfo, tool: FieldInfo) -> bool:
    """Whether the values of a pair of fields can be translated one by one."""
    return kind in BY_NAME and bool(jira.options or tool.options)


def in_words(kind: FieldKind) -> str:
    """A kind in a sentence, such as ``a number``."""
    return {
        FieldKind.NUMBER: "a number",
        FieldKind.DATE: "a date",
        FieldKind.TIME: "a date and time",
        FieldKind.PERSON: "a person",
    }.get(kind, str(kind))
