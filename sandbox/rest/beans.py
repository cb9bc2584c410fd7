"""Jira's words for people, groups and projects, and its pages of them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from sandbox.permissions import Holder, implied_scopes
from sandbox.site import Addon, Group, Person, Project, SiteState

API = "/rest/api/3"
EMAIL_SCOPE = "ACCESS_EMAIL_ADDRESSES"
Item = TypeVar("Item")


def avatar_urls(site: SiteState, name: str) -> dict[str, str]:
    address = f"{site.base_url}/avatar/{name}.svg"
    return {f"{size}x{size}": f"{address}?size={size}" for size in (16, 24, 32, 48)}


def shows_email(caller: Holder) -> bool:
    """Profile visibility hides e-mail addresses from apps without the scope for them."""
    return caller.addon is None or EMAIL_SCOPE in implied_scopes(caller.addon)


def user_details(site: SiteState, person: Person, caller: Holder) -> dict[str, Any]:
    """UserDetails, as in lists."""
    bean = {
        "self": f"{site.base_url}{API}/user?{urlencode({'accountId': person.account_id})}",
        "accountId": person.account_id,
        "accountType": "atlassian",
        "avatarUrls": avatar_urls(site, person.account_id),
        "displayName": person.display_name,
        "active": person.active,
        "timeZone": person.time_zone,
    }
    if shows_email(caller):
        bean["emailAddress"] = person.email
    return bean


def user(
    site: SiteState, person: Person, caller: Holder, expand: str | None = None
) -> dict[str, Any]:
    """User, with the groups where `expand` names them."""
    wanted = (expand or "").split(",")
    groups = site.groups_of(person.account_id)
    return {
        **user_details(site, person, caller),
        "locale": person.locale,
        "groups": {
            "size": len(groups),
            "items": [group_name(site, g) for g in groups] if "groups" in wanted else [],
        },
        "applicationRoles": {
            "size": 1,
            "items": [application_role(site)] if "applicationRoles" in wanted else [],
        },
        "expand": "groups,applicationRoles",
    }


def account(site: SiteState, account_id: str, caller: Holder) -> dict[str, Any]:
    """UserDetails of a person or of the app; Jira shows a former user where neither is known."""
    person = site.find_person(account_id)
    if person is not None:
        return user_details(site, person, caller)
    is_app = site.addon is not None and site.addon.account_id == account_id
    return {
        "self": f"{site.base_url}{API}/user?{urlencode({'accountId': account_id})}",
        "accountId": account_id,
        "accountType": "app" if is_app else "atlassian",
        "avatarUrls": avatar_urls(site, "app"),
        "displayName": site.addon.name if site.addon and is_app else "Former user",
        "active": is_app,
        "timeZone": "Etc/UTC",
    }


def app_user(site: SiteState, addon: Addon) -> dict[str, Any]:
    """The account that Jira gives to an app."""
    return {
        "self": f"{site.base_url}{API}/user?{urlencode({'accountId': addon.account_id})}",
        "accountId": addon.account_id,
        "accountType": "app",
        "avatarUrls": avatar_urls(site, "app"),
        "displayName": addon.name,
        "active": True,
        "timeZone": "Etc/UTC",
        "locale": "en_US",
        "groups": {"size": 0, "items": []},
        "applicationRoles": {"size": 0, "items": []},
        "expand": "groups,applicationRoles",
    }


def application_role(site: SiteState) -> dict[str, Any]:
    return {
        "key": "jira-software",
        "name": "Jira",
        "groups": ["site-users"],
        "defaultGroups": ["site-users"],
        "selectedByDefault": True,
        "defined": True,
        "numberOfSeats": 10,
        "remainingSeats": 10 - len(site.people),
        "userCount": len(site.people),
        "userCountDescription": "users",
        "hasUnlimitedSeats": False,
        "platform": False,
    }


def group_name(site: SiteState, group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "groupId": group.group_id,
        "self": f"{site.base_url}{API}/group?{urlencode({'groupId': group.group_id})}",
    }


def project(site: SiteState, found: Project, caller: Holder) -> dict[str, Any]:
    lead = user_details(site, site.person(found.lead), caller)
    for name in ("timeZone", "emailAddress"):
        lead.pop(name, None)
    return {
        "expand": "description,lead,issueTypes,url,projectKeys,permissions,insight",
        "self": f"{site.base_url}{API}/project/{found.id}",
        "id": str(found.id),
        "key": found.key,
        "name": found.name,
        "avatarUrls": avatar_urls(site, found.key),
        "projectTypeKey": found.type_key,
        "simplified": False,
        "style": "classic",
        "isPrivate": False,
        "properties": {},
        "lead": lead,
    }


def page(
    here: str,
    query: Sequence[tuple[str, str]],
    items: Sequence[Item],
    *,
    start_at: int,
    max_results: int,
    bean: Callable[[Item], Any],
) -> dict[str, Any]:
    """A PageBean: `self` and `nextPage` are whole addresses, total counts everything."""
    shown = items[start_at : start_at + max_results]
    is_last = start_at + len(shown) >= len(items)
    kept = [(k, v) for k, v in query if k not in ("startAt", "maxResults", "jwt")]

    def address(at: int) -> str:
        paging = [("startAt", str(at)), ("maxResults", str(max_results))]
        return f"{here}?{urlencode([*kept, *paging])}"

    answer: dict[str, Any] = {
        "self": address(start_at),
        "maxResults": max_results,
        "startAt": start_at,
        "total": len(items),
        "isLast": is_last,
        "values": [bean(item) for item in shown],
    }
    if not is_last:
        answer["nextPage"] = address(start_at + max_results)
    return answer
