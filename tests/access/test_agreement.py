"""A guard and a list filter come from the same conditions: here PostgreSQL is asked to agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    Uuid,
    create_engine,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from app.access import Action, decide, visible
from tests.access.cast import callers, places

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("instance_id", Uuid),
    Column("workspace_id", Uuid),
    Column("tool", String),
    Column("project_id", String),
    Column("owner", String),
    Column("others_may", String),
    Column("shared_with_support", Boolean),
    prefixes=["TEMPORARY"],
)
NAMES = [column.name for column in THINGS.columns if column.name != "id"]
DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.connect() as connection:
        THINGS.create(connection)
        connection.execute(
            insert(THINGS),
            [
                {"id": number, **{name: getattr(place, name) for name in NAMES}}
                for number, place in enumerate(places())
            ],
        )
        yield connection
    engine.dispose()


class AskedOnce:
    """The same condition gives the same rows, so PostgreSQL is asked once for each."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answers: dict[tuple[str, str], frozenset[int]] = {}

    def ids(self, condition: ColumnElement[bool]) -> frozenset[int]:
        compiled: Any = condition.compile(dialect=DIALECT)
        key = (str(compiled), str(compiled.params))
        if key not in self._answers:
            rows = self._connection.execute(select(THINGS.c.id).where(condition))
            self._answers[key] = frozenset(rows.scalars())
        return self._answers[key]


def test_decide_and_visible_agree_on_every_role_bar_action_and_thing(
    connection: Connection,
) -> None:
    postgres = AskedOnce(connection)
    things = list(enumerate(places()))
    granted = 0
    for caller in callers():
        for action in Action:
            decided = {number for number, thing in things if decide(caller, action, thing)}
            granted += len(decided)
            listed = postgres.ids(visible(caller, action, THINGS.c))
            assert decided == listed, (caller, action)
    assert granted > 0
