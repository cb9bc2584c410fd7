"""What the console reads of a customer: the columns that its role may see, decided by the core."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.access import Action, Place, visible
from app.errors import NotFound
from app.integrations.cursors import Position, cursor_of, position_of
from app.integrations.models import Connection, Integration
from app.runs.models import Run
from app.runs.reporting_guard import OF_RUN, SHARE_OF_RUN, place_of_run
from app.support.console.looking import AgentVisit, Look
from app.support.console_role import READABLE
from app.support.models import RunShare, SupportGrant
from app.sync.models import TypeMapping

ROWS = 50
T = TypeVar("T", Integration, Connection)


@dataclass(frozen=True, slots=True)
class Part(Generic[T]):
    """Rows of a list, newest first; ``next_cursor`` is empty after the last."""

    rows: Sequence[T]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class SharedOrNot:
    """A run of the customer, with the share that is in force if there is one."""

    run: Run
    integration: Integration
    share: RunShare | None

    @property
    def place(self) -> Place:
        """What the rules look at."""
        return place_of_run(self.integration, shared=self.share is not None)


async def newest_first(look: Look, model: type[T], action: Action, after: str) -> Part[T]:
    """Those of a kind that support may see."""
    order = tuple_(model.created_at, model.id)
    statement = (
        select(model).options(_readable(model)).where(visible(look.visit.caller, action, model))
    )
    if after:
        statement = statement.where(order < tuple_(*position_of(after)))
    statement = statement.order_by(model.created_at.desc(), model.id.desc()).limit(ROWS + 1)
    found = (await look.session.scalars(statement)).all()
    rows = found[:ROWS]
    has_more = len(found) > ROWS
    last = cursor_of(Position(rows[-1].created_at, rows[-1].id)) if has_more else ""
    return Part(rows, last)


async def integration_at(look: Look, text: str) -> Integration:
    """The integration of an address; ``NotFound`` where there is none of the customer's."""
    found = await look.session.scalar(
        select(Integration).where(
            Integration.id == id_in(text),
            visible(look.visit.caller, Action.SEE_INTEGRATION, Integration),
        )
    )
    if found is None:
        raise NotFound
    look.visit.require(found)
    return found


async def mappings_of(look: Look, integration: Integration) -> Sequence[TypeMapping]:
    """In the order in which they are tried."""
    return (await look.session.scalars(_mappings(integration))).all()


async def mapping_at(look: Look, integration: Integration, text: str) -> TypeMapping:
    """One of an integration's mappings; ``NotFound``."""
    found = await look.session.scalar(_mappings(integration).where(TypeMapping.id == id_in(text)))
    if found is None:
        raise NotFound
    return found


async def connection_names(look: Look, integrations: Iterable[Integration]) -> dict[UUID, str]:
    """By id, those that support may see."""
    wanted = {each.connection_id for each in integrations if each.connection_id}
    rows = await look.session.execute(
        select(Connection.id, Connection.name).where(
            Connection.id.in_(wanted),
            visible(look.visit.caller, Action.SEE_CONNECTION, Connection),
        )
    )
    return dict(rows.all())


async def run_at(session: AsyncSession, visit: AgentVisit, text: str) -> SharedOrNot:
    """The run of an address, if support may see that it happened; ``NotFound`` otherwise."""
    statement = (
        select(Run, Integration, RunShare)
        .options(_readable(Run))
        .join(Integration, OF_RUN)
        .outerjoin(RunShare, SHARE_OF_RUN)
        .where(Run.id == id_in(text), visible(visit.caller, Action.SEE_RUN, Integration))
    )
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound
    return SharedOrNot(*found)


async def shared_runs(session: AsyncSession) -> frozenset[UUID]:
    """The runs whose logs are shared now."""
    return frozenset(await session.scalars(select(RunShare.run_id).where(RunShare.in_force())))


async def grants(session: AsyncSession) -> Sequence[SupportGrant]:
    """What lets support in now, the newest first."""
    statement = select(SupportGrant).where(SupportGrant.in_force())
    return (await session.scalars(statement.order_by(SupportGrant.approved_at.desc()))).all()


def id_in(text: str) -> UUID:
    """The id in an address; ``NotFound`` for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def _mappings(integration: Integration) -> Select[TypeMapping]:
    return (
        select(TypeMapping)
        .where(TypeMapping.integration_id == integration.id)
        .order_by(TypeMapping.position, TypeMapping.id)
    )


def _readable(model: type[Any]) -> Any:
    """Only columns that the role may read; to touch another one is an error at once."""
    names = READABLE[model.__tablename__] or [column.key for column in model.__table__.columns]
    return load_only(*(getattr(model, name) for name in names), raiseload=True)


@dataclass(frozen=True, slots=True)
class RunsPart:
    """Runs with their integrations, newest first."""

    rows: Sequence[Row[Run, Integration]]
    next_cursor: str


async def newest_runs(look: Look, integration: str, state: str, after: str) -> RunsPart:
    """Those that support may see, of one integration or in one state if asked for; no previews."""
    order = tuple_(Run.created_at, Run.id)
    statement = (
        select(Run, Integration)
        .options(_readable(Run))
        .join(Integration, OF_RUN)
        .where(Run.preview_of.is_(None), visible(look.visit.caller, Action.SEE_RUN, Integration))
    )
    if integration:
        statement = statement.where(Run.integration_id == id_in(integration))
    if state:
        statement = statement.where(Run.state == state)
    if after:
        statement = statement.where(order < tuple_(*position_of(after)))
    statement = statement.order_by(Run.created_at.desc(), Run.id.desc()).limit(ROWS + 1)
    found = (await look.session.execute(statement)).all()
    rows = found[:ROWS]
    has_more = len(found) > ROWS
    last = cursor_of(Position(rows[-1][0].created_at, rows[-1][0].id)) if has_more else ""
    return RunsPart(rows, last)
