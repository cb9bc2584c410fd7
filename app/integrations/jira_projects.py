"""The Jira projects that a visitor may choose: those that they themselves may browse."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from app.errors import CannotTell
from app.house import House
from app.identity.visit import Visit
from connect import Busy, Gone, JiraError, Project

SHOWN = 50


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
    """The first projects by key whose name or key fits, of those the visitor may browse."""
    try:
        with asking_jira():
            page = await house.jira.projects(visit.facts.site, query=query, limit=SHOWN)
            allowed = await house.jira.browsable(
                visit.facts.site, visit.account_id, [project.id for project in page.values]
            )
    except CannotTell as trouble:
        return SearchResult(trouble=f"{trouble.detail} Search again in a moment.")
    return SearchResult(
        [
            (project.id, f"{project.name} ({project.key})")
            for project in page.values
            if project.id in allowed
        ]
    )


async def chosen_project(house: House, visit: Visit, project_id: str) -> Project | None:
    """The project as Jira has it now; None if there is none that the visitor may browse."""
    with asking_jira():
        allowed = await house.jira.browsable(visit.facts.site, visit.account_id, [project_id])
        if project_id not in allowed:
            return None
        try:
            return await house.jira.project(visit.facts.site, project_id)
        except Gone:
            return None
