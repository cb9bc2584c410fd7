"""The Jira projects that a visitor may choose: decided here, and nowhere else."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from app.errors import CannotTell
from app.house import House
from app.identity.visit import Visit
from app.identity.workspaces import projects_listed_for
from connect import Busy, Gone, JiraError, Project

SHOWN = 50
_AT_ONCE = 50
NOT_BROWSABLE = "There is no such project among those that you can browse."
NOT_LISTED = (
    "Your workspace does not list this project. An administrator of Getint can add it: Getint "
    "Administration > Workspaces."
)
NONE_LISTED = (
    "Your workspace lists no Jira project yet. An administrator of Getint can choose them: Getint "
    "Administration > Workspaces."
)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What Jira found, as options of a select. ``trouble`` says why it could not be asked."""

    options: Sequence[tuple[str, str]] = ()
    trouble: str = ""


@contextmanager
def asking_jira() -> Iterator[None]:
    """Turn every failure of Jira into ``CannotTell``."""
    try:
        yield
    except Busy as busy:
        raise CannotTell(
            "Jira asks Getint to wait before it asks again.",
            mend="Nothing was changed. Try again in a moment.",
            retry_after=max(1, round(busy.retry_after)),
        ) from busy
    except JiraError as error:
        raise CannotTell(
            "Jira did not answer, so this could not be checked.",
            mend="Nothing was changed. Try again in a moment.",
        ) from error


async def search_projects(house: House, visit: Visit, query: str) -> SearchResult:
    """The first projects by key whose name or key fits, of those the visitor may choose."""
    if visit.facts.linked_site is None:
        return SearchResult(trouble="No Jira is linked to this Getint yet.")
    try:
        with asking_jira():
            found = await _found(house, visit, query)
            allowed = await _allowed(house, visit, [project.id for project in found])
    except CannotTell as trouble:
        return SearchResult(trouble=f"{trouble.detail} Search again in a moment.")
    options = [(it.id, f"{it.name} ({it.key})") for it in found if it.id in allowed]
    if not options and not query and _listed(visit) is not None:
        return SearchResult(trouble=NONE_LISTED)
    return SearchResult(options)


async def chosen_project(house: House, visit: Visit, project_id: str) -> Project | None:
    """The project as Jira has it now; None if there is none that the visitor may choose."""
    with asking_jira():
        if project_id not in await _allowed(house, visit, [project_id]):
            return None
        try:
            return await house.jira.project(visit.facts.site, project_id)
        except Gone:
            return None


def why_no_such_project(visit: Visit) -> str:
    """What somebody is told who chose another one."""
    return NOT_BROWSABLE if _listed(visit) is None else NOT_LISTED


async def _allowed(house: House, visit: Visit, project_ids: Sequence[str]) -> frozenset[str]:
    """Who is in Jira chooses what they may browse there; others what their workspace lists.

    An administrator's account chooses what the app itself may see.
    """
    account = visit.caller.account
    if account.startswith("jira:"):
        account_id = account.removeprefix("jira:")
        return await house.jira.browsable(visit.facts.site, account_id, project_ids)
    listed = _listed(visit)
    return frozenset(project_ids) if listed is None else listed & frozenset(project_ids)


async def _found(house: House, visit: Visit, query: str) -> Sequence[Project]:
    site, listed = visit.facts.site, _listed(visit)
    if listed is None:
        return (await house.jira.projects(site, query=query, limit=SHOWN)).values
    found: list[Project] = []
    ids = sorted(listed)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found += (await house.jira.projects(site, query=query, ids=some, limit=_AT_ONCE)).values
    return sorted(found, key=lambda project: project.key)[:SHOWN]


def _listed(visit: Visit) -> frozenset[str] | None:
    return projects_listed_for(visit.facts, visit.caller, visit.workspace_id)
