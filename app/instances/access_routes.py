"""Settings > Access: the groups that make people members of a tool."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import BaseModel, Field, StringConstraints

from app.access import Action, Tool
from app.errors import CannotTell, Conflict, InvalidInput
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.instances.bindings import (
    bindings_of,
    newly_standard,
    remember_standard_unchecked,
    standard_group_name,
)
from app.instances.group_changes import bind_group, load_binding, take_over_name, unbind_group
from app.instances.jira_groups import KnownGroups
from app.instances.models import GroupBinding
from app.instances.tool_access import tool_access
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render
from connect import Group, JiraError

router = page_router("/settings/access", "settings")
Binding = Annotated[Visit, Depends(context(Action.BIND_GROUPS))]
JIRA_AWAY = "Jira did not answer, so nothing was changed. Try again in a moment."


class BindForm(BaseModel):
    """A group, named exactly as in Jira, for a tool."""

    tool: Tool = Field(title="A tool")
    group_name: Annotated[
        str,
        StringConstraints(
            strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$"
        ),
    ] = Field(title="The name of a Jira group")


@router.get("")
async def access(request: Request, visit: Binding) -> HTMLResponse:
    """The fourteen tools and their groups."""
    main = await access_main(house_of(request), visit)
    return show(request, visit, main, active="settings", title="Access")


@router.post("/check-again")
async def check_again(request: Request, visit: Binding) -> HTMLResponse:
    """Let every machine ask Jira anew who is in which group."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await house.changes.announce(session, visit.caller.instance_id, "standing")
    bindings, known = await read_groups(house, visit)
    if known is not None and (found := found_by_name(house, bindings, known)):
        async with house.database.of_instance(visit.caller.instance_id) as session:
            await remember_standard_unchecked(session, visit.caller.instance_id, found)
            await house.changes.announce(session, visit.caller.instance_id)
    flag = Flag(
        "Everybody's access is checked again",
        "Whoever joined or left a group in Jira has it from their next click on.",
    )
    return fragment(await access_main(house, visit), flag=flag)


@router.get("/bind")
async def bind_dialog(visit: Binding, tool: Tool | None = None) -> HTMLResponse:
    """Asks which group to bind to which tool."""
    del visit
    return fragment(_bind_form({"tool": tool or "", "group_name": ""}, {}))


@router.post("/bind", openapi_extra=takes_form(BindForm))
async def bind(request: Request, visit: Binding) -> HTMLResponse:
    """Bind a further group to a tool."""
    house = house_of(request)
    sent = await filled(request, BindForm)
    if (form := sent.form) is None:
        return fragment(_bind_form(sent.values, sent.errors), status=422)
    try:
        group = await _group_named(house, visit, form.group_name)
        async with house.database.of_instance(visit.caller.instance_id) as session:
            await bind_group(session, house.changes, visit, form.tool, group)
    except InvalidInput as error:
        return fragment(_bind_form(sent.values, error.fields), status=422)
    flag = Flag(f"{group.name} is bound to {form.tool.label}")
    return fragment(await access_main(house, visit), flag=flag, close_dialog=True)


@router.get("/bindings/{binding_id}/unbind")
async def unbind_dialog(request: Request, visit: Binding, binding_id: UUID) -> HTMLResponse:
    """Asks whether a further group shall be taken away."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        binding = await load_binding(session, binding_id)
    label = Tool(binding.tool).label
    return fragment(render("instances/unbind.html", binding_id=binding.id, label=label))


@router.post("/bindings/{binding_id}/unbind")
async def unbind(request: Request, visit: Binding, binding_id: UUID) -> HTMLResponse:
    """Take a further group away from a tool."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        binding = await load_binding(session, binding_id)
        await unbind_group(session, house.changes, visit, binding)
    flag = Flag(f"The group is no longer bound to {Tool(binding.tool).label}")
    return fragment(await access_main(house, visit), flag=flag, close_dialog=True)


@router.post("/tools/{tool}/take-over")
async def take_over(request: Request, visit: Binding, tool: Tool) -> HTMLResponse:
    """Let a new group of the standard name count for one that was deleted in Jira."""
    house = house_of(request)
    gone, group = await _gone_and_new(house, visit, tool)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await take_over_name(
            session, house.changes, visit, tool, gone_group_id=gone.group_id, group=group
        )
    flag = Flag(f"{group.name} is the group of {tool.label} now")
    return fragment(await access_main(house, visit), flag=flag)


async def access_main(house: House, visit: Visit) -> Markup:
    """The page's content, with what Jira knows of the groups if it answers."""
    bindings, known = await read_groups(house, visit)
    prefix = house.settings.group_prefix
    return render(
        "instances/access.html",
        rows=tool_access(prefix, bindings, known),
        jira_answers=known is not None,
        example=standard_group_name(prefix, Tool.GITLAB),
        user_management=f"{visit.facts.site.display_url}/admin/groups",
    )


async def read_groups(house: House, visit: Visit) -> tuple[list[GroupBinding], KnownGroups | None]:
    """What is bound, and what of it exists in Jira; None when Jira does not answer."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        bindings = await bindings_of(session)
    try:
        known = await house.groups.known(visit.facts, (row.group_id for row in bindings))
    except JiraError:
        return bindings, None
    return bindings, known


def found_by_name(
    house: House, bindings: list[GroupBinding], known: KnownGroups
) -> dict[str, Tool]:
    """Groups with a standard name that are not remembered yet."""
    return newly_standard(
        house.settings.group_prefix,
        ((group.id, group.name) for group in known.by_tool.values()),
        frozenset(row.tool for row in bindings if row.is_standard),
    )


async def _group_named(house: House, visit: Visit, name: str) -> Group:
    try:
        group = await house.groups.named(visit.facts, name)
    except JiraError as error:
        raise InvalidInput(fields={"group_name": JIRA_AWAY}) from error
    if group is None:
        raise InvalidInput(
            fields={"group_name": "There is no group of this name in Jira. Create it there first."}
        )
    return group


async def _gone_and_new(house: House, visit: Visit, tool: Tool) -> tuple[GroupBinding, Group]:
    async with house.database.of_instance(visit.caller.instance_id) as session:
        bindings = await bindings_of(session)
    gone = next((row for row in bindings if row.tool == tool and row.is_standard), None)
    if gone is None:
        raise Conflict("No group of this tool was deleted.", mend="Reload the page.")
    name = standard_group_name(house.settings.group_prefix, tool)
    try:
        still_there = await house.jira.groups_by_id(visit.facts.site, [gone.group_id])
        group = await house.groups.named(visit.facts, name)
    except JiraError as error:
        raise CannotTell(JIRA_AWAY) from error
    if still_there or group is None:
        raise Conflict(
            "The group of this tool still exists, or there is none of its name.",
            mend="Reload the page.",
        )
    return gone, group


def _bind_form(values: Mapping[str, str], errors: Mapping[str, str]) -> Markup:
    return render(
        "instances/bind.html",
        tools=[(tool.value, tool.label) for tool in Tool],
        tool=values.get("tool", ""),
        group_name=values.get("group_name", ""),
        errors={"tool": "", "group_name": "", **errors},
    )
