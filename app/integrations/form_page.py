"""The form of an integration or migration, new or existing, as a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from markupsafe import Markup

from app.access import Action
from app.house import House
from app.identity.visit import Visit
from app.integrations.choices import locked_note, tool_choices, tool_of, tool_part
from app.integrations.jira_projects import SearchResult, search_projects
from app.integrations.models import Integration
from app.integrations.schemas import LONGEST_JQL, LONGEST_NAME
from app.integrations.wording import CONFLICT_RULES, DIRECTIONS
from app.web.templates import render

NO_ERRORS: Mapping[str, str] = {}
_MORE = {"tool_query", "every_minutes", "conflict_rule", "copies_deletions", "keep_logs_days"}


@dataclass(frozen=True, slots=True)
class ProjectPart:
    """The choice of a Jira project; ``fixed`` is the label where there is no choice."""

    value: str
    fixed: str
    search: str
    found: SearchResult
    error: str = ""


async def form_main(
    house: House,
    visit: Visit,
    values: Mapping[str, str],
    errors: Mapping[str, str] = NO_ERRORS,
    *,
    integration: Integration | None = None,
) -> Markup:
    """The page: empty, as it was sent, or as the integration is."""
    tool = tool_of(values.get("tool", ""))
    kept = integration.connection_id if integration else None
    return render(
        "integrations/form.html",
        title=title_of(integration),
        action=f"/integrations/{integration.id}" if integration else "/integrations",
        integration=integration,
        values=values,
        errors=errors,
        tools=tool_choices(
            visit, Action.CREATE_INTEGRATION, kept=integration.tool if integration else ""
        ),
        tools_note=locked_note(visit, Action.CREATE_INTEGRATION),
        directions=list(DIRECTIONS.items()),
        conflict_rules=list(CONFLICT_RULES.items()),
        more_is_open=bool(_MORE & errors.keys()),
        project=await project_part(house, visit, values, errors, integration),
        part=await tool_part(house, visit, tool, kept) if tool else None,
        longest_name=LONGEST_NAME,
        longest_jql=LONGEST_JQL,
    )


async def project_part(
    house: House,
    visit: Visit,
    values: Mapping[str, str],
    errors: Mapping[str, str] = NO_ERRORS,
    integration: Integration | None = None,
) -> ProjectPart:
    """The projects to choose from, with the chosen one among them."""
    if visit.project is not None:
        return ProjectPart(visit.project.id, visit.project.key, "", SearchResult())
    search, chosen = values.get("project_q", ""), values.get("project_id", "")
    found = await search_projects(house, visit, search if search.isprintable() else "")
    known = {value for value, _ in found.options}
    if integration is not None and integration.project_id not in known:
        own = (integration.project_id, integration.project_key)
        found = SearchResult([own, *found.options], found.trouble)
    return ProjectPart(chosen, "", search, found, errors.get("project_id", ""))


async def tool_fields(
    house: House, visit: Visit, values: Mapping[str, str], kept: UUID | None = None
) -> Markup:
    """The part that depends on the tool, for when another one is chosen."""
    tool = tool_of(values.get("tool", ""))
    part = await tool_part(house, visit, tool, kept) if tool else None
    return render("integrations/tool_part.html", part=part, values=values, errors=NO_ERRORS)


def values_of(integration: Integration) -> dict[str, str]:
    """What the form shows when it is opened."""
    shown: dict[str, Any] = {
        "name": integration.name,
        "tool": integration.tool,
        "project_id": integration.project_id,
        "connection_id": integration.connection_id or "",
        "tool_place": integration.tool_place,
        "direction": integration.direction,
        "jql": integration.jql,
        "tool_query": integration.tool_query,
        "every_minutes": integration.every_minutes,
        "conflict_rule": integration.conflict_rule,
        "copies_deletions": "true" if integration.copies_deletions else "",
        "keep_logs_days": integration.keep_logs_days,
        "version": integration.version,
    }
    return {name: str(value) for name, value in shown.items()}


def title_of(integration: Integration | None) -> str:
    """The title of the form: of a new one, or of one that is there."""
    if integration is None:
        return "Create an integration or migration"
    return f"Edit {integration.name}"
