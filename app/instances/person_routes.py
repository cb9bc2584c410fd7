"""Settings > Access > What could a person do?"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, cast
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy import select

from app.access import Action, Caller, Place, Tool, visible
from app.errors import CannotTell, NotFound
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import ProjectInView, Visit
from app.instances.explain import (
    OF_A_CONNECTION,
    OF_AN_INTEGRATION,
    HeldRole,
    Section,
    ToolAnswer,
    about_getint,
    about_thing,
    about_tool,
    create_with_each_tool,
    held_roles,
)
from app.integrations.models import Connection, Integration
from app.web.page_router import page_router
from app.web.pages import fragment
from app.web.show import show
from app.web.templates import render
from connect import Gone, JiraError

router = page_router("/settings/access/person", "settings")
Explaining = Annotated[Visit, Depends(context(Action.EXPLAIN_ACCESS))]
_NEWEST = 50
_KINDS: dict[str, tuple[type[Integration] | type[Connection], Action, tuple[Action, ...]]] = {
    "integration": (Integration, Action.SEE_INTEGRATION, OF_AN_INTEGRATION),
    "connection": (Connection, Action.SEE_CONNECTION, OF_A_CONNECTION),
}


class Question(BaseModel):
    """Whom to ask about; as if from a project's settings; about a tool or about one thing."""

    account: str = Field("", pattern=r"^[A-Za-z0-9:_-]{0,128}$")
    project: str = Field("", pattern=r"^\s*[A-Za-z0-9_]{0,255}\s*$")
    tool: Annotated[Tool | None, BeforeValidator(lambda text: text or None)] = None
    thing: str = Field("", pattern=r"^((integration|connection):[0-9a-f-]{36})?$")


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that the page tells of one person."""

    roles: list[HeldRole]
    sections: list[Section]
    tools: list[ToolAnswer]
    is_current: bool


@router.get("")
async def person(
    request: Request, visit: Explaining, question: Annotated[Question, Query()]
) -> HTMLResponse:
    """The page: a search at first, the answers once somebody is chosen."""
    house = house_of(request)
    things = await _newest_things(house, visit)
    name, avatar_url, explanation, problem = "", "", None, ""
    if question.account:
        account = f"jira:{question.account}"
        asked = (await house.people.named(visit.facts, [account]))[account]
        name, avatar_url = asked.name, asked.avatar_url or ""
        try:
            explanation = await _explain(house, visit, question)
        except (CannotTell, NotFound) as error:
            problem = error.detail
    main = render(
        "instances/person.html",
        question=question,
        name=name,
        avatar_url=avatar_url,
        tools=[(tool.value, tool.label) for tool in Tool],
        tool=question.tool or "",
        things=things,
        explanation=explanation,
        problem=problem,
    )
    return show(request, visit, main, active="settings", title="What could a person do?")


@router.get("/search")
async def search(
    request: Request, visit: Explaining, q: Annotated[str, Query(max_length=200)] = ""
) -> HTMLResponse:
    """People of this Jira whose name or address begins so."""
    house = house_of(request)
    if not q.isprintable():
        return fragment(_found([], "Nobody is called so."))
    try:
        users = await house.jira.search_users(visit.facts.site, q)
    except JiraError:
        return fragment(_found([], "Jira did not answer. Try again in a moment."))
    if q.strip() and not users:
        return fragment(_found([], "Jira finds nobody whose name or e-mail begins so."))
    return fragment(_found([(user.account_id, user.display_name) for user in users], ""))


async def _explain(house: House, visit: Visit, question: Question) -> Explanation:
    project = await _project(house, visit, question.project.strip())
    facts = visit.facts
    caller = await house.doors.connect.caller_of(facts, question.account, project, visit.licence)
    standing = await house.standings.of(facts, question.account, project.id if project else None)
    place = Place(
        facts.instance_id,
        workspace_id=facts.workspace_id,
        project_id=project.id if project else None,
    )
    if question.thing:
        about = [await _about_one(house, visit, caller, question.thing)]
    else:
        tool = question.tool or min(caller.tools, default=Tool.GITLAB)
        about = about_tool(caller, replace(place, tool=tool))
    return Explanation(
        roles=held_roles(caller, facts, standing.groups or (), project.key if project else None),
        sections=[about_getint(caller), *about],
        tools=create_with_each_tool(caller, place),
        is_current=standing.is_current,
    )


async def _project(house: House, visit: Visit, key: str) -> ProjectInView | None:
    if not key:
        return None
    try:
        found = await house.jira.project(visit.facts.site, key)
    except Gone as error:
        raise NotFound(f"There is no project {key} in this Jira.") from error
    except JiraError as error:
        raise CannotTell("Jira did not answer when asked for the project.") from error
    return ProjectInView(found.id, found.key)


async def _about_one(house: House, visit: Visit, caller: Caller, name: str) -> Section:
    kind, _, thing_id = name.partition(":")
    model, see, actions = _KINDS[kind]
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = await session.scalar(
            select(model).where(model.id == _uuid(thing_id), visible(visit.caller, see, model))
        )
    thing = cast("Integration | Connection | None", found)
    if thing is None:
        raise NotFound(f"This {kind} does not exist any more.")
    return about_thing(caller, thing, f"The {kind} {thing.name}", actions)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("There is nothing of this id.") from None


async def _newest_things(house: House, visit: Visit) -> list[tuple[str, str]]:
    choices = []
    kinds: tuple[Literal["integration"], Literal["connection"]] = ("integration", "connection")
    async with house.database.of_instance(visit.caller.instance_id) as session:
        for kind in kinds:
            model, see, _ = _KINDS[kind]
            rows = await session.execute(
                select(model.id, model.name, model.tool)
                .where(visible(visit.caller, see, model))
                .order_by(model.created_at.desc(), model.id.desc())
                .limit(_NEWEST)
            )
            choices += [
                (f"{kind}:{row.id}", f"{row.name} ({Tool(row.tool).label} {kind})") for row in rows
            ]
    return choices


def _found(people: list[tuple[str, str]], nobody: str) -> Markup:
    return render("instances/people.html", people=people, nobody=nobody)
