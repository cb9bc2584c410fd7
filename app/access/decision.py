"""``decide`` answers for one thing, ``visible`` for a table of them, from the same data."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from app.access.conditions import AllOf
from app.access.reasons import Reason
from app.access.table import ROLES, TABLE, Rule
from app.access.words import Action, Caller, Door, Effect, LicenceStanding, Role, Thing, Tool


class Answer(StrEnum):
    """Three answers, never two."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Decision:
    """The core's answer. True only when it is a yes; otherwise it says why and who can help."""

    action: Action
    answer: Answer
    reason: Reason
    tool: str | None = None
    group_prefix: str = "getint"

    def __bool__(self) -> bool:
        return self.answer is Answer.YES

    @property
    def reason_text(self) -> str:
        """Why, in a sentence or two."""
        return self._worded(self.reason.value.why)

    @property
    def needed(self) -> str:
        """What would make it a yes."""
        return self._worded(self.reason.value.needed)

    @property
    def who(self) -> str:
        """Who can give what is needed."""
        return self.reason.value.who

    def _worded(self, text: str) -> str:
        label = Tool(self.tool).label if self.tool else "this tool"
        group = f"{self.group_prefix}-jira-{self.tool or '<tool>'}"
        return text.format(tool=label, group=group, groups=f"{self.group_prefix}-jira-<tool>")


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """The core said no, or that it cannot tell."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason_text)
        self.decision = decision


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that wins over every yes."""

    raised: Callable[[Caller, Rule], bool]
    answer: Answer
    reason: Reason


OUTER_BARS = (
    Bar(lambda caller, _: not caller.situation.installed, Answer.NO, Reason.UNINSTALLED),
    Bar(
        lambda caller, _: not caller.situation.configured and not caller.is_admin,
        Answer.NO,
        Reason.NOT_CONFIGURED,
    ),
    Bar(lambda caller, rule: rule.effect not in caller.scope, Answer.NO, Reason.OUTSIDE_THE_SCOPE),
    Bar(
        lambda caller, rule: (
            rule.effect is not Effect.READ and not caller.situation.standing_is_current
        ),
        Answer.CANNOT_TELL,
        Reason.STANDING_NOT_CURRENT,
    ),
)
"""Looked at before the table: while they stand, the table's own no would mislead."""

LICENCE_BARS = (
    Bar(
        lambda caller, rule: (
            rule.effect is Effect.CHANGE and caller.situation.licence is LicenceStanding.NOT_ACTIVE
        ),
        Answer.NO,
        Reason.LICENCE_NOT_ACTIVE,
    ),
    Bar(
        lambda caller, rule: (
            rule.effect is Effect.CHANGE and caller.situation.licence is LicenceStanding.UNKNOWN
        ),
        Answer.CANNOT_TELL,
        Reason.LICENCE_UNKNOWN,
    ),
)
"""Looked at after the table: who lacks the right as well is told that first."""


def decide(caller: Caller, action: Action, thing: Thing | None = None) -> Decision:
    """Whether ``caller`` may do ``action`` to ``thing`` (None where the action has no object)."""
    rule = TABLE[action]
    if bar := _raised(OUTER_BARS, caller, rule):
        return _decision(caller, action, bar.answer, bar.reason, thing)
    if not _granted(caller, rule, thing):
        return _decision(caller, action, Answer.NO, _why_not(caller, action, thing), thing)
    if bar := _raised(LICENCE_BARS, caller, rule):
        return _decision(caller, action, bar.answer, bar.reason, thing)
    return _YES[action]


def require(caller: Caller, action: Action, thing: Thing | None = None) -> None:
    """Return if the answer is yes, raise ``Refused`` with the decision otherwise."""
    decision = decide(caller, action, thing)
    if not decision:
        raise Refused(decision)


def visible(caller: Caller, action: Action, columns: Any) -> ColumnElement[bool]:
    """The rows for which ``decide`` says yes, as a WHERE condition.

    ``columns`` is an ORM class or anything else whose attributes have the names of ``Place``.
    """
    rule = TABLE[action]
    if _raised(OUTER_BARS + LICENCE_BARS, caller, rule):
        return false()
    return and_(
        columns.instance_id == caller.instance_id,
        or_(
            *(
                AllOf((ROLES[role], condition)).sql(caller, columns)
                for role, condition in rule.grants.items()
            )
        ),
    )


def roles_of(caller: Caller, thing: Thing | None = None) -> frozenset[Role]:
    """The roles that ``caller`` has, towards ``thing`` if there is one."""
    return frozenset(role for role, held in ROLES.items() if held.holds(caller, thing))


_YES = {action: Decision(action, Answer.YES, Reason.GRANTED) for action in Action}


def _raised(bars: tuple[Bar, ...], caller: Caller, rule: Rule) -> Bar | None:
    for bar in bars:
        if bar.raised(caller, rule):
            return bar
    return None


def _granted(caller: Caller, rule: Rule, thing: Thing | None) -> bool:
    if thing is not None and thing.instance_id != caller.instance_id:
        return False
    for role, condition in rule.grants.items():
        if ROLES[role].holds(caller, thing) and condition.holds(caller, thing):
            return True
    return False


def _why_not(caller: Caller, action: Action, thing: Thing | None) -> Reason:
    rule = TABLE[action]
    if thing is not None and thing.instance_id != caller.instance_id:
        return Reason.FOREIGN
    if caller.is_support and not caller.situation.support_approved:
        return Reason.SUPPORT_ENDED
    if _owned_but_lost(caller, rule, thing):
        is_account = caller.door is Door.ACCOUNT
        return Reason.OWNER_LOST_WORKSPACE if is_account else Reason.OWNER_LOST_STANDING
    if not _granted(caller, TABLE[Action.OPEN_APP], None):
        return Reason.NO_WORKSPACE if caller.door is Door.ACCOUNT else Reason.NO_ACCESS
    if rule.refusal is Reason.NOT_THEIR_TOOL and _only_a_project_admin(caller):
        return Reason.NOT_THEIR_PROJECT
    return rule.refusal


def _owned_but_lost(caller: Caller, rule: Rule, thing: Thing | None) -> bool:
    return Role.OWNER in rule.grants and getattr(thing, "owner", None) == caller.account


def _only_a_project_admin(caller: Caller) -> bool:
    return bool(caller.projects) and not caller.tools and not caller.is_workspace_user


def _decision(
    caller: Caller, action: Action, answer: Answer, reason: Reason, thing: Thing | None
) -> Decision:
    tool = getattr(thing, "tool", None)
    return Decision(action, answer, reason, tool, caller.situation.group_prefix)
