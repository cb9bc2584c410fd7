"""What both sides of an integration have to map, read from them and kept for a minute."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated
from uuid import UUID
from weakref import WeakValueDictionary

from cachetools import TTLCache
from fastapi import Depends, Request

from app.access import Tool
from app.errors import CannotTell
from app.house import House
from app.identity.visit import Visit
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.sync.sides import Sides
from app.sync.weighing import SideSchemas
from app.tools.side import AccessLost, SideError

KEPT_S = 60
_KEPT = 64
LONGEST_READING_S = 20


Opener = Callable[[House, InstanceFacts, Integration], AbstractAsyncContextManager[Sides]]


class SchemaReader:
    """Reads and remembers. ``opener`` is how both sides are reached."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._turns: WeakValueDictionary[tuple[UUID, int], asyncio.Lock] = WeakValueDictionary()
        self._kept: TTLCache[tuple[UUID, int], SideSchemas] = TTLCache(_KEPT, KEPT_S)

    async def of(
        self, house: House, visit: Visit, integration: Integration, *, anew: bool = False
    ) -> SideSchemas:
        """What the sides have, at most a minute old; from now on with ``anew``."""
        key = (integration.id, integration.version)
        if anew:
            self._kept.pop(key, None)
        # Several parts of a page ask at the same time.
        async with self._turns.setdefault(key, asyncio.Lock()):
            found = self._kept.get(key)
            if found is None:
                found = await self._read(house, visit, integration)
                if not found.trouble:
                    self._kept[key] = found
        return found

    async def _read(self, house: House, visit: Visit, integration: Integration) -> SideSchemas:
        label = Tool(integration.tool).label
        if integration.connection_id is None:
            return SideSchemas(trouble=f"No connection to {label} is chosen yet.")
        try:
            async with (
                asyncio.timeout(LONGEST_READING_S),
                self._opener(house, visit.facts, integration) as sides,
            ):
                jira, tool = await asyncio.gather(sides.jira.schema(), sides.tool.schema())
        except AccessLost as error:
            return SideSchemas(trouble=str(error), needs_somebody=True)
        except SideError as error:
            return SideSchemas(trouble=str(error))
        except CannotTell as error:
            return SideSchemas(trouble=error.detail)
        except TimeoutError:
            return SideSchemas(
                trouble=f"Jira or {label} did not answer within {LONGEST_READING_S} seconds."
            )
        return SideSchemas({"jira": jira, "tool": tool})


def schema_reader(request: Request) -> SchemaReader:
    """The one of this process."""
    found: SchemaReader = request.app.state.schemas
    return found


Reader = Annotated[SchemaReader, Depends(schema_reader)]
