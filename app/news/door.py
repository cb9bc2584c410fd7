"""The door for news of tools: from an address and a proof to the integration that they are of.

An address that nobody has and a proof that is wrong take the same steps and get the same answer.
"""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select

from app.access import Tool
from app.database import Database, bind
from app.encryption import CannotOpen, digest
from app.errors import Unproven
from app.instances.directory import Directory
from app.instances.facts import InstanceFacts
from app.integrations.models import Integration
from app.news.models import ToolNews
from app.tools.news import News, new_secret
from app.tools.tellers import TELLERS

# Anybody can name an address: look-ups must leave connections to those whom we know.
_LOOK_UPS_AT_ONCE = 3
_UNPROVEN = "This address is not known, or what was sent does not prove who sent it."


@dataclass(frozen=True, slots=True)
class Heard:
    """Proven news, and the integration whose tool sent them; ``deleted`` is the id of an item."""

    facts: InstanceFacts
    integration: Integration
    is_about_it: bool
    deleted: str | None


@dataclass(frozen=True, slots=True)
class _Found:
    news: ToolNews
    integration: Integration


class NewsDoor:
    """Finds out whose news they are. Costs a few indexed reads and asks nobody else."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory
        self._look_ups = asyncio.Semaphore(_LOOK_UPS_AT_ONCE)
        self._nobodys = new_secret()

    async def enter(self, key: str, news: News) -> Heard:
        """Whose news these are. Raises ``Unproven``, always with the same words."""
        async with self._look_ups:
            found = await self._find(address_hash(key))
            # From memory as a rule, so that a known address takes as long as another.
            facts = await self._directory.of_instance(found.news.instance_id) if found else None
        secret = self._secret(found, facts)
        tool = Tool(found.integration.tool) if found else Tool.GITLAB
        is_proven = TELLERS[tool].is_proven(news, secret)
        if found is None or facts is None or not is_proven:
            raise Unproven(_UNPROVEN)
        is_about_it = TELLERS[tool].is_about(news, found.integration.tool_place)
        return Heard(facts, found.integration, is_about_it, TELLERS[tool].deleted(news))

    async def _find(self, wanted: bytes) -> _Found | None:
        async with self._database.by_news_address(wanted) as session:
            news = await session.scalar(select(ToolNews).where(ToolNews.address_hash == wanted))
            owner, integration_id = (
                (news.instance_id, news.integration_id) if news else (uuid4(), uuid4())
            )
            await bind(session, "app.instance_id", str(owner))
            integration = await session.get(Integration, integration_id)
        return _Found(news, integration) if news and integration else None

    def _secret(self, found: _Found | None, facts: InstanceFacts | None) -> str:
        """The webhook's own, or one that nobody knows."""
        if found is None or facts is None:
            return self._nobodys
        try:
            return facts.key.open(found.news.secret, *secret_place(found.integration.id)).decode()
        except CannotOpen:
            return self._nobodys


def address_hash(key: str) -> bytes:
    """What an address is found by: whoever reads the table cannot call it."""
    return digest(key)


def secret_place(integration_id: UUID) -> tuple[object, ...]:
    """Where a sealed secret belongs."""
    return ("tool_news", integration_id, "secret")
