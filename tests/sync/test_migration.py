"""A migration between a Jira site and a GitLab: looked at, run, broken off, run again, told of."""

from collections.abc import AsyncIterator
from itertools import count
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import select, update

from app.house import House
from app.integrations.models import Integration
from app.runs.models import Run
from app.runs.slices import SliceOutcome, Turn
from app.sync.engine import SyncEngine, engine_of
from app.sync.findings import Findings, findings_of
from app.sync.models import TypeMapping
from app.sync.rules import MappingRules
from app.sync.sides import Sides, open_sides
from app.sync.stops import setup_of
from app.tools.items import Draft
from app.tools.side import Changes
from sandbox.running import Sandbox
from tests.sync.kept_kit import LABELLED, Kept
from tests.sync.test_with_gitlab import gitlab, kept

__all__ = ["gitlab", "kept"]
N = 7


class Migrated:
    """Gia's migration of what is labelled in PAY, and runs of it."""

    def __init__(self, kept: Kept, engine: SyncEngine) -> None:
        self.kept = kept
        self.engine = engine

    @property
    def house(self) -> House:
        return self.kept.house

    async def run(
        self, *, is_preview: bool = False, stop: bool = False
    ) -> tuple[Run, SliceOutcome]:
        """A run to its end, or with ``stop`` cancelled after its first page of items."""
        facts, integration = self.kept.facts, self.kept.integration
        async with self.house.database.of_instance(facts.instance_id) as session:
            mappings = (await session.scalars(select(TypeMapping))).all()
            run = Run(
                id=uuid4(),
                instance_id=facts.instance_id,
                integration_id=integration.id,
                trigger="hand",
                state="running",
                step={},
                preview_of=setup_of(integration, mappings) if is_preview else None,
            )
            session.add(run)
        pages = count(1)  # the first one is of items to try again
        turn = Turn(facts.instance_id, integration.id, run.id, lambda: stop and next(pages) > 1)
        outcome = await self.engine(facts, turn)
        async with self.house.database.of_instance(facts.instance_id) as session:
            ended = await session.get_one(Run, run.id)
            ended.state = "cancelled" if stop else "done"
        return ended, outcome

    async def found(self, run_id: UUID) -> Findings:
        facts = self.kept.facts
        async with self.house.database.of_instance(facts.instance_id) as session:
            sealed = await session.scalar(select(Run.findings).where(Run.id == run_id))
        found = findings_of(sealed, facts.key, run_id)
        assert found is not None
        return found


@pytest.fixture
async def sides(kept: Kept) -> AsyncIterator[Sides]:
    async with open_sides(kept.house, kept.facts, kept.integration) as found:
        yield found


@pytest.fixture
async def migrated(kept: Kept, configured: Sandbox) -> Migrated:
    changed = {"kind": "migration", "direction": "to_tool", "every_minutes": 0}
    async with kept.house.database.of_instance(kept.facts.instance_id) as session:
        await session.execute(update(Integration).values(**changed))
        kept.integration = (await session.scalars(select(Integration))).one()
    engine = engine_of(kept.house)
    assert isinstance(engine, SyncEngine)
    return Migrated(kept, engine)


async def filled(sides: Sides, items: int = N) -> None:
    for number in range(items):
        await sides.jira.create(
            Draft("Task", {**LABELLED, "title": f"Bill {number}"}, mark=uuid4())
        )


async def titles(sides: Sides) -> list[str]:
    items = []
    position, is_last = None, False
    while not is_last:
        changes: Changes = await sides.tool.changes(position, "")
        items += [str(item.values["title"]) for item in changes.items]
        position, is_last = changes.position, changes.is_last
    return sorted(items)


def became_of(found: Findings, became: str) -> int:
    return sum(row.counts.get(became, 0) for row in found.rows)


async def test_a_preview_tells_what_the_run_then_does_and_writes_nothing(
    migrated: Migrated, sides: Sides
) -> None:
    await filled(sides)
    await sides.jira.create(Draft("Epic", {**LABELLED, "title": "Big"}, mark=uuid4()))
    preview, outcome = await migrated.run(is_preview=True)
    assert outcome.kind == "finished"
    assert (preview.created, preview.updated, preview.skipped) == (N, 0, 1)
    assert await titles(sides) == []
    run, outcome = await migrated.run()
    assert outcome.kind == "finished"
    assert run.expected == N + 1
    found = await migrated.found(run.id)
    assert (became_of(found, "created"), became_of(found, "left_alone")) == (N, 1)
    assert len(await titles(sides)) == N
    again, _ = await migrated.run(is_preview=True)
    assert (again.created, again.updated) == (0, N)


async def test_a_migration_that_was_cancelled_half_way_goes_on_and_makes_nothing_twice(
    migrated: Migrated, sides: Sides, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tools.jira.PAGE", 3)
    await filled(sides)
    await migrated.run(is_preview=True)
    first, _ = await migrated.run(stop=True)
    assert first.created == 3
    second, outcome = await migrated.run()
    assert outcome.kind == "finished"
    assert (second.created, second.failed) == (N - 3, 0)
    assert second.expected == N - 3
    assert await titles(sides) == sorted(f"Bill {number}" for number in range(N))
    third, _ = await migrated.run()
    assert (third.created, third.updated) == (0, 0)


async def test_what_did_not_fit_is_counted_while_it_runs(
    migrated: Migrated, sides: Sides, superuser: psycopg.Connection
) -> None:
    await filled(sides, 2)
    (mapping,) = await _mappings(migrated)
    rules = MappingRules.model_validate(mapping.rules)
    statuses = tuple(rule for rule in rules.statuses if rule.jira != "To Do")
    await _change(migrated, rules.model_copy(update={"statuses": statuses}))
    run, _ = await migrated.run()
    (misfit,) = (await migrated.found(run.id)).misfits
    assert (misfit.text, misfit.count) == ("status: this status is not mapped.", 2)
    assert all(key.startswith("PAY-") for key in misfit.examples)
    row = superuser.execute("SELECT findings FROM runs WHERE id = %s", (run.id,)).fetchone()
    assert row
    assert misfit.examples[0].encode() not in row[0]


async def test_a_run_on_a_mapping_that_is_known_to_fail_is_held_until_it_is_mended(
    migrated: Migrated, sides: Sides
) -> None:
    await filled(sides, 1)
    (mapping,) = await _mappings(migrated)
    rules = MappingRules.model_validate(mapping.rules)
    without = tuple(rule for rule in rules.fields if rule.tool != "title")
    await _change(migrated, rules.model_copy(update={"fields": without}))
    run, outcome = await migrated.run()
    assert outcome.kind == "held"
    assert "GitLab demands “Title”, and nothing fills it." in outcome.reason
    assert (run.created, run.failed) == (0, 0)
    await _change(migrated, rules)
    _, outcome = await migrated.run()
    assert outcome.kind == "finished"
    assert await titles(sides) == ["Bill 0"]


async def _mappings(migrated: Migrated) -> list[TypeMapping]:
    facts = migrated.kept.facts
    async with migrated.house.database.of_instance(facts.instance_id) as session:
        return list((await session.scalars(select(TypeMapping))).all())


async def _change(migrated: Migrated, rules: MappingRules) -> None:
    facts = migrated.kept.facts
    async with migrated.house.database.of_instance(facts.instance_id) as session:
        (mapping,) = (await session.scalars(select(TypeMapping))).all()
        mapping.rules = rules.model_dump(mode="json")
