"""What a person could do and why, from the same decisions as the real thing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.access import (
    TABLE,
    Action,
    Answer,
    Caller,
    OthersMay,
    Place,
    Role,
    Thing,
    Tool,
    decide,
    roles_of,
)
from app.instances.bindings import standard_tool_of
from app.instances.facts import InstanceFacts
from connect import Group

_COLOURS = {Answer.YES: "success", Answer.NO: "removed", Answer.CANNOT_TELL: "moved"}
_SOMEBODY_ELSE = "jira:somebody-else"
ALONE = tuple(action for action in Action if not TABLE[action].needs_a_thing)
CREATE = (Action.CREATE_INTEGRATION, Action.CREATE_CONNECTION)
OF_AN_INTEGRATION = (
    Action.SEE_INTEGRATION,
    Action.CHANGE_INTEGRATION,
    Action.HAND_OVER_INTEGRATION,
    Action.SEE_RUN,
    Action.READ_LOG,
    Action.SHARE_RUN,
    Action.STOP_SHARING_RUN,
)
OF_A_CONNECTION = (
    Action.SEE_CONNECTION,
    Action.USE_CONNECTION,
    Action.CHANGE_CONNECTION,
    Action.GOVERN_CONNECTION,
)


@dataclass(frozen=True, slots=True)
class Explained:
    """One action: the answer and what the person would be told."""

    action: str
    answer: str
    colour: str
    why: str
    needed: str
    who: str


@dataclass(frozen=True, slots=True)
class Section:
    """Decisions about one thing, or about one kind of thing."""

    title: str
    rows: tuple[Explained, ...]


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role that somebody has here, and what gave it."""

    role: str
    because: str


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """Whether somebody could create with a tool."""

    label: str
    answer: str
    colour: str
    why: str


def held_roles(
    caller: Caller,
    facts: InstanceFacts,
    groups: Iterable[Group],
    project_key: str | None,
) -> list[HeldRole]:
    """The roles towards the instance, each with the group or permission behind it."""
    held = roles_of(caller)
    roles = []
    if Role.ADMIN in held:
        roles.append(HeldRole("Jira administrator", "has the Administer Jira permission"))
    for tool in sorted(caller.tools):
        names = ", ".join(group.name for group in groups if tool in _gives(group, caller, facts))
        roles.append(HeldRole(f"Member of {Tool(tool).label}", f"is in the Jira group {names}"))
    if Role.PROJECT_ADMIN in held:
        because = "has the Administer Projects permission there"
        roles.append(HeldRole(f"Administrator of project {project_key}", because))
    return roles


def about_getint(caller: Caller) -> Section:
    """The actions that are about no particular thing."""
    return Section("Getint as a whole", _rows(caller, ALONE, None))


def create_with_each_tool(caller: Caller, place: Place) -> list[ToolAnswer]:
    """For each of the fourteen: could they create an integration with it?"""
    answers = []
    for tool in Tool:
        decision = decide(caller, Action.CREATE_INTEGRATION, replace(place, tool=tool))
        why = "" if decision else decision.reason_text
        colour = _COLOURS[decision.answer]
        answers.append(ToolAnswer(tool.label, _said(decision.answer), colour, why))
    return answers


def about_tool(caller: Caller, place: Place) -> list[Section]:
    """What they could do with things of the tool, project and workspace of ``place``."""
    label = Tool(place.tool or Tool.JIRA).label
    own = replace(place, owner=caller.account)
    others = replace(place, owner=_SOMEBODY_ELSE, others_may=OthersMay.VIEW)
    return [
        Section(f"Something new with {label}", _rows(caller, CREATE, place)),
        Section(f"Their own {label} integration", _rows(caller, OF_AN_INTEGRATION, own)),
        Section(f"Somebody else's {label} integration", _rows(caller, OF_AN_INTEGRATION, others)),
        Section(f"Their own {label} connection", _rows(caller, OF_A_CONNECTION, own)),
        Section(
            f"Somebody else's {label} connection, open to View",
            _rows(caller, OF_A_CONNECTION, others),
        ),
    ]


def about_thing(caller: Caller, thing: Thing, title: str, actions: Sequence[Action]) -> Section:
    """What they could do with one thing that exists."""
    return Section(title, _rows(caller, actions, thing))


def _rows(caller: Caller, actions: Iterable[Action], thing: Thing | None) -> tuple[Explained, ...]:
    return tuple(_explained(caller, action, thing) for action in actions)


def _explained(caller: Caller, action: Action, thing: Thing | None) -> Explained:
    decision = decide(caller, action, thing)
    told = ("", "", "") if decision else (decision.reason_text, decision.needed, decision.who)
    return Explained(
        action[:1].upper() + action[1:],
        _said(decision.answer),
        _COLOURS[decision.answer],
        *told,
    )


def _said(answer: Answer) -> str:
    return answer[:1].upper() + answer[1:]


def _gives(group: Group, caller: Caller, facts: InstanceFacts) -> frozenset[str]:
    """The tools of a group; one that is remembered only since this question is known by name."""
    bound = facts.tools_by_group.get(group.id, frozenset())
    by_name = standard_tool_of(caller.situation.group_prefix, group.name)
    is_new = by_name is not None and by_name not in facts.standard_bound
    return bound | {by_name} if by_name and is_new else bound
