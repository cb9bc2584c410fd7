"""Our permission table in the languages of casbin and Cedar, made from the very same data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.access import ROLES, TABLE, Caller, Place, Role
from app.access import table as words
from app.access.conditions import AllOf, Always, Among, AnyOf, CallerIs, Condition
from app.access.words import LicenceStanding

_FACTS = {
    ROLES[Role.ADMIN]: "is_admin",
    ROLES[Role.TOOL_MEMBER]: "is_member",
    ROLES[Role.PROJECT_ADMIN]: "is_project_admin",
    ROLES[Role.WORKSPACE_USER]: "is_workspace_user",
    ROLES[Role.SUPPORT]: "is_support",
}
_SETS = {
    words.OF_THEIR_TOOL: "tools",
    words.IN_THEIR_PROJECT: "projects",
    words.IN_THEIR_WORKSPACE: "workspaces",
}


@dataclass(frozen=True, slots=True)
class Language:
    """How conditions are written in it."""

    fact: str
    among: str
    equal: str
    true: str
    conjunction: str
    disjunction: str


CASBIN = Language(
    fact="r.sub.{name}",
    among="r.obj.{name} in r.sub.{values}",
    equal="r.obj.{name} == {value}",
    true="True",
    conjunction=" and ",
    disjunction=" or ",
)
CEDAR = Language(
    fact="context.{name}",
    among="context.{values}.contains(context.{name})",
    equal="context.{name} == {value}",
    true="true",
    conjunction=" && ",
    disjunction=" || ",
)


def rule_of(condition: Condition, language: Language) -> str:
    """A condition of ``app.access`` in another language."""
    if isinstance(condition, Always):
        return language.true
    if isinstance(condition, AllOf):
        return _joined(condition.parts, language, language.conjunction)
    if isinstance(condition, AnyOf):
        return _joined(condition.parts, language, language.disjunction)
    if isinstance(condition, CallerIs):
        # The one inside the owner's condition is the workspace user's, written anew.
        return language.fact.format(name=_FACTS.get(condition, "is_workspace_user"))
    assert isinstance(condition, Among)
    return _among(condition, language)


def _among(condition: Among, language: Language) -> str:
    if condition in _SETS:
        return language.among.format(name=condition.name, values=_SETS[condition])
    if condition.name == "owner":
        subject = language.fact.format(name="account")
        return language.equal.format(name="owner", value=subject)
    if condition.name == "shared_with_support":
        return language.equal.format(name=condition.name, value=language.true)
    levels = sorted(condition.values(_NOBODY))
    equals = [language.equal.format(name=condition.name, value=f'"{level}"') for level in levels]
    return f"({language.disjunction.join(equals)})"


def _joined(parts: tuple[Condition, ...], language: Language, word: str) -> str:
    return f"({word.join(rule_of(part, language) for part in parts)})"


def casbin_lines() -> list[tuple[str, str, str]]:
    """Action, effect and rule of every grant of the table."""
    return [
        (action.name, rule.effect.value, _grant(role, condition, CASBIN))
        for action, rule in TABLE.items()
        for role, condition in rule.grants.items()
    ]


def cedar_policies() -> str:
    """The table and the bars as one set of Cedar policies."""
    permits = [
        f'permit(principal, action == Action::"{action.name}", resource)'
        f" when {{ {_grant(role, condition, CEDAR)} }};"
        for action, rule in TABLE.items()
        for role, condition in rule.grants.items()
    ]
    bars = (
        "!context.is_open",
        'context.effect != "read" && !context.is_current',
        'context.effect == "change" && !context.is_licensed',
        "!context.is_own_instance",
    )
    forbids = [f"forbid(principal, action, resource) when {{ {bar} }};" for bar in bars]
    return "\n".join([*permits, *forbids])


def _grant(role: Role, condition: Condition, language: Language) -> str:
    return rule_of(AllOf((ROLES[role], condition)), language)


def subject(caller: Caller) -> dict[str, Any]:
    """What the rules of both ask of a caller."""
    situation = caller.situation
    return {
        "account": caller.account,
        "is_admin": caller.is_admin,
        "is_member": bool(caller.tools),
        "is_project_admin": bool(caller.projects),
        "is_workspace_user": caller.is_workspace_user,
        "is_support": caller.is_support and situation.support_approved,
        "tools": sorted(caller.tools),
        "projects": sorted(caller.projects),
        "workspaces": sorted(str(workspace) for workspace in caller.workspaces),
        "is_open": situation.installed and (situation.configured or caller.is_admin),
        "is_current": situation.standing_is_current,
        "is_licensed": situation.licence is LicenceStanding.ACTIVE,
    }


def thing(place: Place) -> Mapping[str, Any]:
    """What the rules of both ask of a thing; what it has not is empty."""
    return {
        "tool": place.tool or "",
        "project_id": place.project_id or "",
        "workspace_id": str(place.workspace_id or ""),
        "owner": place.owner or "",
        "others_may": str(place.others_may),
        "shared_with_support": place.shared_with_support,
    }


_NOBODY: Any = None
