"""Which groups exist in Jira now; an answer is good for half a minute."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from uuid import UUID

from cachetools import TTLCache

from app.access import Tool
from app.changes import Changes
from app.instances.bindings import standard_group_name, standard_tool_of
from app.instances.facts import InstanceFacts
from connect import Group, JiraClient

_KEPT = 1_000
_KEPT_S = 30


@dataclass(frozen=True, slots=True)
class KnownGroups:
    """``by_id``: the groups that were asked for and exist; ``by_tool``: who has a standard name."""

    by_id: Mapping[str, Group]
    by_tool: Mapping[Tool, Group]


class JiraGroups:
    """Looks groups up for the pages of administrators."""

    def __init__(
        self,
        jira: JiraClient,
        changes: Changes,
        *,
        group_prefix: str,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._jira = jira
        self._prefix = group_prefix
        self._kept: TTLCache[UUID, tuple[frozenset[str], KnownGroups]] = TTLCache(
            _KEPT, _KEPT_S, timer=clock
        )
        changes.on_change("facts", self._forget)
        changes.on_change("standing", self._forget)

    async def known(self, facts: InstanceFacts, group_ids: Iterable[str]) -> KnownGroups:
        """The fourteen standard names and these ids, in one round trip; raises JiraError."""
        wanted = frozenset(group_ids)
        kept = self._kept.get(facts.instance_id)
        if kept is not None and kept[0] == wanted:
            return kept[1]
        names = [standard_group_name(self._prefix, tool) for tool in Tool]
        named, by_id = await asyncio.gather(
            self._jira.groups_named(facts.site, names),
            self._jira.groups_by_id(facts.site, sorted(wanted)),
        )
        by_tool = {
            tool: group for group in named if (tool := standard_tool_of(self._prefix, group.name))
        }
        known = KnownGroups({group.id: group for group in by_id}, by_tool)
        self._kept[facts.instance_id] = (wanted, known)
        return known

    async def named(self, facts: InstanceFacts, name: str) -> Group | None:
        """The group with this name as Jira has it this moment; raises JiraError."""
        wanted = name.casefold()
        found = await self._jira.groups_named(facts.site, [name])
        return next((group for group in found if group.name.casefold() == wanted), None)

    def _forget(self, instance_id: UUID | None) -> None:
        if instance_id is None:
            self._kept.clear()
        else:
            self._kept.pop(instance_id, None)
