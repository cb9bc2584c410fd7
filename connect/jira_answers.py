"""From Jira's JSON to our types. What is missing is never guessed: it is an unexpected shape."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from connect.jira_types import (
    AddonLicence,
    Group,
    Page,
    Permissions,
    Project,
    ServerInfo,
    User,
)

T = TypeVar("T")
_LONGEST_TEXT = 255
# Control signs, halves of surrogate pairs, private use: no table or no page of ours takes them.
_ODD = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ue000-\uf8ff]")
_ID = re.compile(r"[!-~]{1,255}").fullmatch
_PROJECT_ID = re.compile(r"[0-9]{1,18}").fullmatch
_PROJECT_KEY = re.compile(r"[A-Za-z0-9_]{1,255}").fullmatch
_PICTURE = re.compile(r"https?://[!-~]{1,2000}").fullmatch


class UnexpectedShape(Exception):  # noqa: N818
    """The answer lacks a field, or holds another kind of value; the message names the field."""


def permissions(answer: Any, project_id: str | None) -> Permissions:
    """Read a permission check. Anything granted that was not asked for is an unexpected shape."""
    granted = _member(answer, "globalPermissions", list)
    if granted not in ([], ["ADMINISTER"]):
        raise UnexpectedShape("globalPermissions")
    in_projects = _member(answer, "projectPermissions", list)
    administers = [_administered(grant, project_id) for grant in in_projects]
    return Permissions(is_admin=bool(granted), administers_project=any(administers))


def _administered(grant: Any, project_id: str | None) -> bool:
    projects = [str(project) for project in _member(grant, "projects", list)]
    asked = [] if project_id is None else [str(int(project_id))]
    if _text(grant, "permission") != "ADMINISTER_PROJECTS" or projects not in ([], asked):
        raise UnexpectedShape("projectPermissions")
    return bool(projects)


def browsable(answer: Any, asked: Sequence[int]) -> frozenset[str]:
    """Read a check of BROWSE_PROJECTS; anything that was not asked for is an unexpected shape."""
    found: set[int] = set()
    for grant in _member(answer, "projectPermissions", list):
        projects = _member(grant, "projects", list)
        asked_for = all(project in asked for project in projects)
        if _text(grant, "permission") != "BROWSE_PROJECTS" or not asked_for:
            raise UnexpectedShape("projectPermissions")
        found.update(projects)
    return frozenset(str(project) for project in found)


def groups(answer: Any) -> tuple[Group, ...]:
    """The groups of one person. One without an id can not be bound to a tool, and is left out."""
    return tuple(group(item) for item in _items(answer) if _optional(item, "groupId"))


def group(item: Any) -> Group:
    return Group(id=_text(item, "groupId", _ID), name=_text(item, "name"))


def people(answer: Any) -> tuple[User, ...]:
    """The users of a list that are people; apps have accounts too."""
    return tuple(user(item) for item in _items(answer) if _optional(item, "accountType") != "app")


def user(item: Any) -> User:
    return User(
        account_id=_text(item, "accountId", _ID),
        display_name=_optional(item, "displayName") or "",
        active=_flag(item, "active"),
        avatar_url=_avatar(item),
    )


def project(item: Any) -> Project:
    return Project(
        id=_text(item, "id", _PROJECT_ID),
        key=_text(item, "key", _PROJECT_KEY),
        name=_text(item, "name"),
        avatar_url=_avatar(item),
    )


def page(answer: Any, parse: Callable[[Any], T]) -> Page[T]:
    """One page of a list; a page that does not say whether it is the last is, if it is empty or
    reaches the total.
    """
    values = [parse(item) for item in _member(answer, "values", list)]
    start_at = _whole(answer, "startAt") or 0
    total = _whole(answer, "total")
    is_last = answer.get("isLast")
    if not isinstance(is_last, bool):
        is_last = not values or total is None or start_at + len(values) >= total
    return Page(values=tuple(values), start_at=start_at, total=total, is_last=is_last)


def addon(answer: Any) -> AddonLicence:
    state = _text(answer, "state")
    licence = answer.get("license")
    if licence is not None and not isinstance(licence, dict):
        raise UnexpectedShape("license")
    terms: dict[str, Any] = licence or {}
    return AddonLicence(
        state=state,
        version=_optional(answer, "version"),
        has_licence=licence is not None,
        active=_flag(terms, "active") if licence is not None else False,
        evaluation=terms.get("evaluation") is True,
        type=_optional(terms, "type"),
        entitlement_id=_optional(terms, "entitlementId"),
        entitlement_number=_optional(terms, "entitlementNumber"),
    )


def server_info(answer: Any) -> ServerInfo:
    return ServerInfo(
        base_url=_text(answer, "baseUrl"),
        display_url=_optional(answer, "displayUrl"),
        title=_optional(answer, "serverTitle") or "",
        version=_optional(answer, "version") or "",
        deployment_type=_optional(answer, "deploymentType") or "",
    )


def _items(answer: Any) -> list[Any]:
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise UnexpectedShape("the list itself")
    return answer


def _member(item: Any, name: str, kind: type[T]) -> T:
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, kind):
        raise UnexpectedShape(name)
    return value


def _text(item: Any, name: str, is_one: Callable[[str], object] = bool) -> str:
    """A text that is not empty; ids and keys have to be as ``is_one`` wants them, unchanged."""
    value = _member(item, name, str)
    if not is_one(value):
        raise UnexpectedShape(name)
    return _plain(value)


def _flag(item: Any, name: str) -> bool:
    return _member(item, name, bool)


def _optional(item: Any, name: str) -> str | None:
    value = item.get(name) if isinstance(item, dict) else None
    return _plain(value) if isinstance(value, str) else None


def _plain(text: str) -> str:
    return _ODD.sub("", text[: 2 * _LONGEST_TEXT])[:_LONGEST_TEXT]


def _whole(item: Any, name: str) -> int | None:
    value = item.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _avatar(item: Any) -> str | None:
    pictures = item.get("avatarUrls")
    address = pictures.get("48x48") if isinstance(pictures, dict) else None
    return address if isinstance(address, str) and _PICTURE(address) else None
