"""An integration of a Jira site with a tool, both real programs, and runs of it by the engine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from app.access import Tool
from app.house import House
from app.instances.facts import InstanceFacts
from app.integrations.models import Connection, Integration
from app.runs.models import Run
from app.runs.slices import SliceOutcome, Turn
from app.runs.vault import begin_log, end_log
from app.sync.engine import engine_of
from app.sync.models import TypeMapping
from app.sync.proposal import propose_rules
from app.sync.sides import open_sides
from tests.people import ACCOUNTS

LABELLED = {"labels": ("payday",)}
"""What the filter in Jira lets through."""


@dataclass(frozen=True)
class Far:
    """The side of the tool; ``types`` are pairs, Jira's first."""

    tool: Tool
    address: str
    place: str
    credentials: Mapping[str, str]
    types: Sequence[tuple[str, str]]


class Kept:
    """An integration between PAY and a place in a tool, and runs of it."""

    def __init__(self, house: House, facts: InstanceFacts, integration: Integration) -> None:
        self.house = house
        self.facts = facts
        self.integration = integration
        self.engine = engine_of(house)

    async def run(self) -> SliceOutcome:
        run_id = uuid4()
        async with self.house.database.of_instance(self.facts.instance_id) as session:
            run = Run(
                id=run_id,
                instance_id=self.facts.instance_id,
                integration_id=self.integration.id,
                trigger="hand",
                state="running",
                step={},
            )
            begin_log(run, 14, self.facts.key, datetime.now(UTC))
            session.add(run)
        turn = Turn(self.facts.instance_id, self.integration.id, run_id, lambda: False)
        outcome = await self.engine(self.facts, turn)
        async with self.house.database.of_instance(self.facts.instance_id) as session:
            self.last = await session.get_one(Run, run_id)
            await end_log(session, self.last, self.facts.key)
            self.last.state = "done"
        return outcome


async def keep(house: House, facts: InstanceFacts, far: Far) -> Kept:
    """An integration of Gia's with mappings as they are proposed."""
    connection = _connection(facts, far)
    integration = _integration(facts, far, connection.id)
    async with house.database.of_instance(facts.instance_id) as session:
        session.add(connection)
        await session.flush()
        session.add(integration)
    made = Kept(house, facts, integration)
    await _map(made, far)
    return made


def _connection(facts: InstanceFacts, far: Far) -> Connection:
    connection_id = uuid4()
    sealed = facts.key.seal(
        json.dumps(far.credentials).encode(), "connections", connection_id, "credentials"
    )
    return Connection(
        id=connection_id,
        instance_id=facts.instance_id,
        workspace_id=facts.workspace_id,
        tool=far.tool.value,
        owner=f"jira:{ACCOUNTS['gitlab']}",
        name=far.tool.label,
        address=far.address,
        credentials=sealed,
        credentials_changed_at=datetime.now(UTC),
    )


def _integration(facts: InstanceFacts, far: Far, connection_id: UUID) -> Integration:
    return Integration(
        id=uuid4(),
        instance_id=facts.instance_id,
        workspace_id=facts.workspace_id,
        kind="integration",
        name="Payments",
        tool=far.tool.value,
        tool_place=far.place,
        connection_id=connection_id,
        project_id="10001",
        project_key="PAY",
        direction="both",
        jql="labels = payday",
        tool_query="",
        every_minutes=15,
        conflict_rule="latest",
        copies_deletions=False,
        keep_logs_days=14,
        state="active",
        owner=f"jira:{ACCOUNTS['gitlab']}",
    )


async def _map(kept: Kept, far: Far) -> None:
    async with open_sides(kept.house, kept.facts, kept.integration) as sides:
        jira, tool = await sides.jira.schema(), await sides.tool.schema()
    async with kept.house.database.of_instance(kept.facts.instance_id) as session:
        for position, (jira_type, tool_type) in enumerate(far.types):
            here, there = jira.type_named(jira_type), tool.type_named(tool_type)
            assert here is not None
            assert there is not None
            session.add(
                TypeMapping(
                    instance_id=kept.facts.instance_id,
                    integration_id=kept.integration.id,
                    position=position,
                    jira_type=jira_type,
                    tool_type=tool_type,
                    rules=propose_rules(jira, tool, here, there).model_dump(mode="json"),
                )
            )
