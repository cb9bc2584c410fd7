"""Brings an issue into a status by the ways that its workflow has.

Jira tells an app only the ways out of the status that an issue is in. Those out of other statuses
are learnt from other issues of the same type that are there.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.tools.items import Values
from app.tools.jira_fields import JiraField, Notes, field_of, jira_id_of, option_name, written
from app.tools.jira_http import JiraHttp
from app.tools.jira_query import quoted
from app.tools.side import ItemRejected

MOST_HOPS = 8
TRANSITIONS = "/rest/api/3/issue/{}/transitions"
SEARCH = "/rest/api/3/search/jql"


@dataclass(frozen=True, slots=True)
class Transition:
    """A way into a status, with the fields of its screen and their options by Jira's ids."""

    id: str
    status: str
    screen: Mapping[str, JiraField]
    demanded: Sequence[str]
    options: Mapping[str, Sequence[str]]

    def lacks(self, values: Values, held: Mapping[str, Any]) -> Sequence[str]:
        """Ids of the demanded fields that neither the issue nor ``values`` has."""
        given = {jira_id_of(name) for name, value in values.items() if value is not None}
        return [name for name in self.demanded if name not in given and not held.get(name)]


def transition_of(bean: Mapping[str, Any]) -> Transition:
    """From Jira's answer with ``expand=transitions.fields``."""
    screen, demanded, options = {}, [], {}
    for name, meta in (bean.get("fields") or {}).items():
        field = field_of({**meta, "fieldId": name})
        if field is not None:
            screen[name] = field
        if meta.get("required") and not meta.get("hasDefaultValue"):
            demanded.append(name)
        options[name] = [option_name(each) for each in meta.get("allowedValues") or ()]
    return Transition(str(bean["id"]), str(bean["to"]["name"]), screen, demanded, options)


async def transitions(http: JiraHttp, issue_id: str) -> Sequence[Transition]:
    """The ways that are open to an issue now."""
    answer = await http.get(TRANSITIONS, issue_id, query=(("expand", "transitions.fields"),))
    found = [each for each in answer["transitions"] if each.get("isAvailable", True)]
    return [transition_of(each) for each in found]


async def example_in(http: JiraHttp, project_id: str, type_name: str, status: str) -> str | None:
    """The id of some issue of this type in this status."""
    jql = (
        f"project = {project_id} AND issuetype = {quoted(type_name)} "
        f"AND status = {quoted(status)} ORDER BY updated DESC"
    )
    answer = await http.find(SEARCH, {"jql": jql, "maxResults": 1, "fields": ["id"]})
    return next((str(issue["id"]) for issue in answer["issues"]), None)


@dataclass(frozen=True, slots=True)
class Move:
    """One issue on its way into ``target``; ``held`` are its fields as Jira has them."""

    http: JiraHttp
    project_id: str
    issue_id: str
    type_name: str
    target: str
    values: Values
    labels: Mapping[str, str]
    notes: Notes

    async def go(self, status: str, held: Mapping[str, Any]) -> None:
        """Raises ItemRejected, naming what is missing, where no way is open."""
        been = {status}
        for _ in range(MOST_HOPS):
            if status.casefold() == self.target.casefold():
                return
            status = await self._hop(status, held, been)
            been.add(status)
        raise self._no_way(status)

    async def _hop(self, status: str, held: Mapping[str, Any], been: set[str]) -> str:
        open_ways = await transitions(self.http, self.issue_id)
        direct = [way for way in open_ways if way.status.casefold() == self.target.casefold()]
        if direct:
            way = min(direct, key=lambda each: len(each.lacks(self.values, held)))
            if missing := way.lacks(self.values, held):
                raise self._missing(way, missing)
        else:
            way = await self._towards(status, open_ways, held, been)
        await self._take(way)
        return way.status

    async def _towards(
        self, status: str, open_ways: Sequence[Transition], held: Mapping[str, Any], been: set[str]
    ) -> Transition:
        """The first way of the shortest path whose demands are met."""
        missing: tuple[Transition, Sequence[str]] | None = None
        seen = set(been)
        queue = deque((way, way) for way in open_ways)
        while queue:
            first, way = queue.popleft()
            if way.status in seen:
                continue
            if lacks := way.lacks(self.values, held):
                missing = missing or (way, lacks)
                continue
            if way.status.casefold() == self.target.casefold():
                return first
            seen.add(way.status)
            queue.extend((first, further) for further in await self._ways_out_of(way.status))
        if missing is not None:
            raise self._missing(*missing)
        raise self._no_way(status)

    async def _ways_out_of(self, status: str) -> Sequence[Transition]:
        example = await example_in(self.http, self.project_id, self.type_name, status)
        return [] if example is None else await transitions(self.http, example)

    async def _take(self, way: Transition) -> None:
        """Only what is on the screen of the transition may be given with it."""
        of_screen = {field.id: field for field in way.screen.values()}
        given = {name: value for name, value in self.values.items() if name in of_screen}
        body: dict[str, Any] = {"transition": {"id": way.id}}
        if given:
            body["fields"] = written(of_screen, given, self.notes)
        await self.http.change("POST", TRANSITIONS, self.issue_id, body=body)

    def _missing(self, way: Transition, missing: Sequence[str]) -> ItemRejected:
        names = ", ".join(f"“{self._label(way, name)}”" for name in missing)
        return ItemRejected(
            f"Jira asks for {names} on the way to “{way.status}”, and the mapping gives no value."
        )

    def _label(self, way: Transition, name: str) -> str:
        field = way.screen.get(name)
        return field.label if field else self.labels.get(name, name)

    def _no_way(self, status: str) -> ItemRejected:
        return ItemRejected(
            f"Jira's workflow has no way from “{status}” to “{self.target}” that Getint may go."
        )
