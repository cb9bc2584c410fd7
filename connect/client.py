"""Jira Cloud's REST API, as the app, as far as the product asks: typed, metered, read-only."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import httpx

from connect import jira_answers as answers
from connect.claims import ACCOUNT_ID
from connect.errors import Unreachable
from connect.jira_types import (
    AddonLicence,
    Group,
    Page,
    Permissions,
    Project,
    ServerInfo,
    User,
)
from connect.quota import Quota
from connect.sites import Site
from connect.transport import Call, JiraTransport, Parameters, new_http_client

__all__ = ["JiraClient", "new_http_client"]

T = TypeVar("T")
_BULK = 50
_MAX_PAGES = 20
_PROJECT = re.compile(r"[A-Za-z0-9_]{1,255}").fullmatch


class JiraClient:
    """Asks one installed site after another; each method raises JiraError's kinds.

    `transport` sends what has no method here: the app's own calls that read and write issues.

    Costs are what Atlassian's page on rate limits says, rounded up: see `connect.quota`.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        app_key: str,
        quota: Quota,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.quota = quota
        self._app_key = app_key
        self.transport = JiraTransport(http, app_key, quota, sleep=sleep, clock=clock)

    async def permissions(
        self, site: Site, account_id: str, *, project_id: str | None = None
    ) -> Permissions:
        """What this person may administer, in one call.

        Raises ValueError for anything but an account id: without one Jira would answer for the
        app itself, which may do a lot.
        """
        body: dict[str, Any] = {
            "accountId": _account_id(account_id),
            "globalPermissions": ["ADMINISTER"],
        }
        if project_id is not None:
            body["projectPermissions"] = [
                {"permissions": ["ADMINISTER_PROJECTS"], "projects": [_numeric(project_id)]}
            ]
        endpoint = "/rest/api/3/permissions/check"
        call = Call(endpoint, endpoint, body=body, points=3 if project_id is None else 5)
        return await self._ask(site, call, lambda answer: answers.permissions(answer, project_id))

    async def browsable(
        self, site: Site, account_id: str, project_ids: Sequence[str]
    ) -> frozenset[str]:
        """Those of the projects that this person may browse, in one call.

        Raises ValueError for anything but an account id and project ids.
        """
        wanted = sorted({_numeric(project_id) for project_id in project_ids})
        if not wanted:
            return frozenset()
        body: dict[str, Any] = {
            "accountId": _account_id(account_id),
            "projectPermissions": [{"permissions": ["BROWSE_PROJECTS"], "projects": wanted}],
        }
        endpoint = "/rest/api/3/permissions/check"
        call = Call(endpoint, endpoint, body=body, points=2 + len(wanted))
        return await self._ask(site, call, lambda answer: answers.browsable(answer, wanted))

    async def groups_of(self, site: Site, account_id: str) -> tuple[Group, ...]:
        """The groups that a person is in."""
        endpoint = "/rest/api/3/user/groups"
        call = Call(endpoint, endpoint, (("accountId", _account_id(account_id)),))
        groups = await self._ask(site, call, answers.groups)
        self.quota.add_points(site.client_key, 2 * len(groups))
        return groups

    async def groups_named(self, site: Site, names: Sequence[str]) -> tuple[Group, ...]:
        """Those of the named groups that exist; Jira decides what counts as the same name."""
        return await self._groups(site, "groupName", names)

    async def groups_by_id(self, site: Site, ids: Sequence[str]) -> tuple[Group, ...]:
        """Those of the groups that exist, under the names they have now."""
        return await self._groups(site, "groupId", ids)

    async def users(self, site: Site, account_ids: Sequence[str]) -> tuple[User, ...]:
        """The people behind account ids; ids that Jira does not know are left out."""
        known: list[User] = []
        for some in _chunks([_account_id(account_id) for account_id in account_ids]):
            parameters = tuple(("accountId", account_id) for account_id in some)
            known += await self._all(site, "/rest/api/3/user/bulk", parameters, answers.user, 2)
        return tuple(known)

    async def search_users(self, site: Site, query: str, limit: int = 20) -> tuple[User, ...]:
        """People (no apps) whose name or e-mail begins with `query`; none for an empty query."""
        if not query.strip():
            return ()
        endpoint = "/rest/api/3/user/search"
        parameters = (("query", query.strip()), ("maxResults", str(limit)))
        call = Call(endpoint, endpoint, parameters)
        users = await self._ask(site, call, answers.people)
        self.quota.add_points(site.client_key, 2 * len(users))
        return users

    async def projects(
        self,
        site: Site,
        *,
        query: str = "",
        ids: Sequence[str] = (),
        start_at: int = 0,
        limit: int = 50,
    ) -> Page[Project]:
        """A page of the projects that the app may see, by key; `query` filters key and name.

        With `ids`, 50 at most, only those of them. Raises ValueError for what is no project id.
        """
        parameters = [("startAt", str(start_at)), ("maxResults", str(limit)), ("orderBy", "key")]
        parameters += [("id", str(_numeric(project_id))) for project_id in ids]
        if query.strip():
            parameters.append(("query", query.strip()))
        return await self._page(site, "/rest/api/3/project/search", parameters, answers.project, 1)

    async def project(self, site: Site, id_or_key: str) -> Project:
        """One project. Raises Gone, and ValueError for what is neither id nor key."""
        if not _PROJECT(id_or_key):
            raise ValueError("neither a project id nor a key")
        call = Call(
            "/rest/api/3/project/{projectIdOrKey}", f"/rest/api/3/project/{id_or_key}", points=2
        )
        return await self._ask(site, call, answers.project)

    async def licence(self, site: Site) -> AddonLicence:
        """The app's own licence on the site."""
        path = f"/rest/atlassian-connect/1/addons/{self._app_key}"
        call = Call("/rest/atlassian-connect/1/addons/{key}", path)
        return await self._ask(site, call, answers.addon)

    async def server_info(self, site: Site) -> ServerInfo:
        """What the site says of itself; useful to see whether it is there at all."""
        endpoint = "/rest/api/3/serverInfo"
        call = Call(endpoint, endpoint)
        return await self._ask(site, call, answers.server_info)

    async def _groups(self, site: Site, name: str, values: Sequence[str]) -> tuple[Group, ...]:
        groups: list[Group] = []
        # Without any value Jira would list every group of the site, hence no chunk, no call.
        for some in _chunks(values):
            parameters = tuple((name, value) for value in some)
            groups += await self._all(site, "/rest/api/3/group/bulk", parameters, answers.group, 2)
        return tuple(groups)

    async def _all(
        self,
        site: Site,
        endpoint: str,
        parameters: Parameters,
        parse: Callable[[Any], T],
        points_each: int,
    ) -> list[T]:
        found: list[T] = []
        for _ in range(_MAX_PAGES):
            paging = (("startAt", str(len(found))), ("maxResults", str(_BULK)))
            page = await self._page(site, endpoint, (*parameters, *paging), parse, points_each)
            found += page.values
            if page.is_last or not page.values:
                return found
        raise Unreachable(f"Jira's answer to {endpoint} has no end.")

    async def _page(
        self,
        site: Site,
        endpoint: str,
        parameters: Parameters,
        parse: Callable[[Any], T],
        points_each: int,
    ) -> Page[T]:
        call = Call(endpoint, endpoint, parameters)
        page = await self._ask(site, call, lambda answer: answers.page(answer, parse))
        self.quota.add_points(site.client_key, points_each * len(page.values))
        return page

    async def _ask(self, site: Site, call: Call, parse: Callable[[Any], T]) -> T:
        answer = await self.transport.read(site, call)
        try:
            return parse(answer)
        except answers.UnexpectedShape as error:
            raise Unreachable(
                f"Jira's answer to {call.endpoint} is not as documented: {error}."
            ) from None


def _account_id(account_id: str) -> str:
    if not ACCOUNT_ID(account_id):
        raise ValueError("not an Atlassian account id")
    return account_id


def _numeric(project_id: str) -> int:
    if not (project_id.isascii() and project_id.isdigit() and len(project_id) < 19):
        raise ValueError("not a project id")
    return int(project_id)


def _chunks(values: Sequence[str]) -> list[Sequence[str]]:
    return [values[start : start + _BULK] for start in range(0, len(values), _BULK)]
