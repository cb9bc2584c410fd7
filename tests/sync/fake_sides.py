"""Both sides of an integration as a page reads them: what they have, or why not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.house import House
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.sync.sides import Sides
from app.tools.items import Schema
from tests.sync.lifelike import GITLAB, JIRA


@dataclass
class FakeSide:
    """A side of which nothing but its schema is asked."""

    held: Schema
    trouble: Exception | None = None
    asked: int = 0

    async def schema(self) -> Schema:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.held


@dataclass
class FakeSides:
    """What `open_sides` would give."""

    jira: FakeSide = field(default_factory=lambda: FakeSide(JIRA))
    tool: FakeSide = field(default_factory=lambda: FakeSide(GITLAB))

    @asynccontextmanager
    async def open(
        self, _house: House, _facts: InstanceFacts, _integration: Integration
    ) -> AsyncIterator[Sides]:
        yield self  # type: ignore[misc]
