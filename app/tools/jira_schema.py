"""What can be mapped in a Jira project: types, fields, statuses, ways between them, people."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from app.tools.items import FieldInfo, FieldKind, Person, Schema, TypeInfo
from app.tools.jira_fields import JiraField, field_of, option_name, person
from app.tools.jira_http import JiraHttp, Query
from app.tools.jira_moves import SEARCH, Transition, transitions
from app.tools.jira_query import quoted

PAGE = 50
MOST_PEOPLE = 1000
_PEOPLE_PAGE = 100
_AT_ONCE = 4
_EXAMPLES = 100
_NOT_MAPPED = {"issuetype", "project", "parent", "attachment", "status"}
T = TypeVar("T")


async def all_fields(http: JiraHttp) -> Mapping[str, JiraField]:
    """All fields of the site that the middle has words for, by our names."""
    found = (field_of(bean) for bean in await http.get("/rest/api/3/field"))
    return {each.id: each for each in found if each and each.jira_id not in _NOT_MAPPED}


async def schema_of(http: JiraHttp, project_id: str) -> Schema:
    """Everything, with a few calls for each type."""
    turns = asyncio.Semaphore(_AT_ONCE)
    types, people = await asyncio.gather(
        http.get("/rest/api/3/project/{}/statuses", project_id), people_of(http, project_id)
    )
    found = await _together(turns, [_type(http, project_id, bean) for bean in types])
    return Schema(types=found, people=people)


async def _together(turns: asyncio.Semaphore, works: Sequence[Awaitable[T]]) -> list[T]:
    async def one(work: Awaitable[T]) -> T:
        async with turns:
            return await work

    return list(await asyncio.gather(*(one(work) for work in works)))


async def _type(http: JiraHttp, project_id: str, bean: Mapping[str, Any]) -> TypeInfo:
    name = str(bean["name"])
    fields = await _create_fields(http, project_id, str(bean["id"]))
    ways = await _ways(http, project_id, name)
    demanded: dict[str, dict[str, FieldInfo]] = defaultdict(dict)
    for way in (way for several in ways.values() for way in several):
        for field_id in way.demanded:
            info = _demanded(way, field_id)
            demanded[way.status][info.id] = info
    return TypeInfo(
        name=name,
        fields=fields,
        statuses=[str(status["name"]) for status in bean["statuses"]],
        moves={status: [way.status for way in several] for status, several in ways.items()},
        demanded={status: list(infos.values()) for status, infos in demanded.items()},
    )


async def _create_fields(http: JiraHttp, project_id: str, type_id: str) -> Sequence[FieldInfo]:
    endpoint = "/rest/api/3/issue/createmeta/{}/issuetypes/{}"
    beans = await _pages(http, endpoint, (project_id, type_id), ("fields", "results"))
    infos = []
    for bean in beans:
        field = field_of(bean)
        if field is not None and field.jira_id not in _NOT_MAPPED:
            infos.append(_info(field, bean))
    return infos


async def _pages(
    http: JiraHttp, endpoint: str, values: Sequence[str], names: Sequence[str]
) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    while True:
        query = (("startAt", str(len(found))), ("maxResults", str(PAGE)))
        answer = await http.get(endpoint, *values, query=query)
        page: list[Any] = next((answer[name] for name in names if answer.get(name)), [])
        found += page
        if not page or len(found) >= int(answer.get("total", 0)):
            return found


def _info(field: JiraField, bean: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        id=field.id,
        label=field.label,
        kind=field.shape.kind,
        required=bool(bean.get("required")) and not bean.get("hasDefaultValue"),
        options=[option_name(each) for each in bean.get("allowedValues") or ()],
    )


async def _ways(
    http: JiraHttp, project_id: str, type_name: str
) -> Mapping[str, Sequence[Transition]]:
    """The ways out of each status that some issue of this type is in now."""
    jql = f"project = {project_id} AND issuetype = {quoted(type_name)} ORDER BY updated DESC"
    answer = await http.find(SEARCH, {"jql": jql, "maxResults": _EXAMPLES, "fields": ["status"]})
    examples: dict[str, str] = {}
    for issue in answer["issues"]:
        examples.setdefault(str(issue["fields"]["status"]["name"]), str(issue["id"]))
    return {status: await transitions(http, issue) for status, issue in examples.items()}


def _demanded(way: Transition, field_id: str) -> FieldInfo:
    field = way.screen.get(field_id)
    if field is None:
        return FieldInfo(field_id, field_id, FieldKind.TEXT, required=True)
    return FieldInfo(
        field.id,
        field.label,
        field.shape.kind,
        required=True,
        options=way.options.get(field_id, ()),
    )


async def people_of(http: JiraHttp, project_id: str) -> Sequence[Person]:
    """Those who can be assigned issues here, a thousand at most."""
    people: list[Person] = []
    for start in range(0, MOST_PEOPLE, _PEOPLE_PAGE):
        query: Query = (
            ("project", project_id),
            ("query", ""),
            ("startAt", str(start)),
            ("maxResults", str(_PEOPLE_PAGE)),
        )
        page = await http.get("/rest/api/3/user/assignable/search", query=query)
        if not page:
            break
        people += [person(bean) for bean in page]
    return people
