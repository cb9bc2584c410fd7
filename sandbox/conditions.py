"""Whether Jira shows a module: the conditions of a Connect descriptor.

Source: Atlassian, "Conditions" for Jira Cloud. A condition that the sandbox does not know hides
its module, so that a misspelt one is noticed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.permissions import Holder
from sandbox.site import Addon, Project


@dataclass(frozen=True, slots=True)
class Situation:
    """Who looks at what."""

    holder: Holder
    addon: Addon
    project: Project | None = None


def _has_permission(situation: Situation, params: Mapping[str, Any]) -> bool:
    return situation.holder.has(str(params.get("permission", "")), None)


def _has_project_permission(situation: Situation, params: Mapping[str, Any]) -> bool:
    if situation.project is None:
        return False
    return situation.holder.has(str(params.get("permission", "")), situation.project)


def _is_project_admin(situation: Situation, _: Mapping[str, Any]) -> bool:
    return _has_project_permission(situation, {"permission": "ADMINISTER_PROJECTS"})


def _can_use_application(situation: Situation, params: Mapping[str, Any]) -> bool:
    return situation.holder.is_site_user and params.get("applicationKey") == "jira-software"


def _project_type(situation: Situation, params: Mapping[str, Any]) -> bool:
    wanted = params.get("projectTypeKey", params.get("type"))
    return situation.project is not None and situation.project.type_key == wanted


_KNOWN: dict[str, Callable[[Situation, Mapping[str, Any]], bool]] = {
    "user_is_admin": lambda s, _: s.holder.is_site_admin,
    "user_is_sysadmin": lambda s, _: s.holder.is_site_admin,
    "user_is_logged_in": lambda s, _: s.holder.person is not None,
    "user_is_project_admin": _is_project_admin,
    "addon_is_licensed": lambda s, _: s.addon.licence.active,
    "has_global_permission": _has_permission,
    "has_project_permission": _has_project_permission,
    "can_use_application": _can_use_application,
    "project_type": _project_type,
}


def all_hold(conditions: Sequence[Mapping[str, Any]], situation: Situation) -> bool:
    """A module's `conditions`: every one of them must hold."""
    return all(_holds(each, situation) for each in conditions)


def _holds(condition: Mapping[str, Any], situation: Situation) -> bool:
    if "or" in condition:
        return any(_holds(each, situation) for each in condition["or"])
    if "and" in condition:
        return all_hold(condition["and"], situation)
    if "conditions" in condition:
        kind = str(condition.get("type", "and")).lower()
        return _holds({kind: condition["conditions"]}, situation)
    known = _KNOWN.get(str(condition.get("condition")))
    if known is None:
        return False
    return known(situation, condition.get("params", {})) != bool(condition.get("invert", False))
