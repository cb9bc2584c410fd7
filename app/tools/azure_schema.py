"""What can be mapped in an Azure DevOps project: types, fields, states, people."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.tools import azure_fields
from app.tools.azure_fields import AzureField, field_of, person
from app.tools.azure_http import AzureHttp
from app.tools.items import FieldInfo, FieldKind, Person, Schema, TypeInfo
from app.tools.side import AccessLost, ItemGone

MOST_PEOPLE = 1000
_AT_ONCE = 4
_HIDDEN = "Microsoft.HiddenCategory"
_AT_THE_ROOT = {"System.AreaPath", "System.IterationPath"}
"""Places in trees: where none is given, an item is at the root."""


async def all_fields(http: AzureHttp) -> Mapping[str, AzureField]:
    """All fields of the project that can be mapped, by our names."""
    answer = await http.get("wit/fields")
    found = (field_of(bean) for bean in answer["value"] if not bean.get("isDeleted"))
    return {each.id: each for each in found if each}


async def schema_of(
    http: AzureHttp, fields: Mapping[str, AzureField], people: Sequence[Person]
) -> Schema:
    """Everything."""
    answer, hidden = await asyncio.gather(http.get("wit/workitemtypes"), _hidden(http))
    turns = asyncio.Semaphore(_AT_ONCE)
    by_reference = {field.reference: field for field in fields.values()}

    async def one(bean: Mapping[str, Any]) -> TypeInfo:
        async with turns:
            return await _type(http, by_reference, bean)

    beans = [
        bean
        for bean in answer["value"]
        if bean["name"] not in hidden and not bean.get("isDisabled")
    ]
    types = await asyncio.gather(*(one(bean) for bean in beans))
    return Schema(types=types, people=people)


async def people_of(http: AzureHttp, seen: Iterable[Person]) -> Sequence[Person]:
    """Members of the project's teams, and those who are known from work items."""
    people = {each.id: each for each in (*seen, *await _members(http))}
    return list(people.values())[:MOST_PEOPLE]


async def _type(
    http: AzureHttp, fields: Mapping[str, AzureField], bean: Mapping[str, Any]
) -> TypeInfo:
    name = str(bean["name"])
    answer = await http.get(
        "wit/workitemtypes/{}/fields", name, params={"$expand": "allowedValues"}
    )
    infos = []
    for each in answer["value"]:
        field = fields.get(str(each["referenceName"]))
        if field is not None:
            infos.append(_info(field, each))
    transitions = bean.get("transitions") or {}
    return TypeInfo(
        name=name,
        fields=infos,
        statuses=[str(state["name"]) for state in bean.get("states") or ()],
        moves={
            str(state): [str(way["to"]) for way in ways if way["to"] != state]
            for state, ways in transitions.items()
            if state
        },
    )


def _info(field: AzureField, bean: Mapping[str, Any]) -> FieldInfo:
    options: Sequence[str] = ()
    kind = field.kind
    if kind in {FieldKind.TEXT, FieldKind.OPTION}:
        options = [str(value) for value in bean.get("allowedValues") or ()]
        kind = FieldKind.OPTION if options else kind
    return FieldInfo(
        id=field.id,
        label=str(bean.get("name") or field.label),
        kind=kind,
        required=_is_demanded(field, bean),
        writable=field.writable,
        options=options,
    )


def _is_demanded(field: AzureField, bean: Mapping[str, Any]) -> bool:
    """Whether nothing is made without it; what has a default, Azure DevOps fills itself."""
    has_default = field.reference in _AT_THE_ROOT or bean.get("defaultValue") not in {None, ""}
    return bool(bean.get("alwaysRequired")) and not has_default


async def _hidden(http: AzureHttp) -> set[str]:
    """Types that people do not make themselves."""
    try:
        answer = await http.get("wit/workitemtypecategories/{}", _HIDDEN)
    except ItemGone:
        return set()
    return {str(each["name"]) for each in answer.get("workItemTypes") or ()}


async def _members(http: AzureHttp) -> Sequence[Person]:
    """Members of the project's teams; none where the token may read work items only."""
    found: list[Person] = []
    try:
        teams = await http.get_of_project("teams", params={"$top": 100})
        for team in teams["value"]:
            members = await http.get_of_project(
                "teams/{}/members", str(team["id"]), params={"$top": 500}
            )
            people = (person(each.get("identity")) for each in members["value"])
            found += [each for each in people if each]
            if len(found) >= MOST_PEOPLE:
                break
    except (AccessLost, ItemGone):
        return found
    return found


def people_in(beans: Iterable[Mapping[str, Any]]) -> Iterable[Person]:
    """Those who made work items or have them assigned."""
    for bean in beans:
        for name in (azure_fields.ASSIGNED_TO, azure_fields.CREATED_BY):
            found = person(bean["fields"].get(name))
            if found is not None and found.id:
                yield found
