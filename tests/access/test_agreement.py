"""A guard and a list filter come from the same conditions: here PostgreSQL is asked to agree."""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast

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

from app.access import Action, Caller, Situation, decide, visible
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
Answer = TypeVar("Answer")
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


class Watched:
    """A caller that notes what is looked at."""

    def __init__(self, it: object, seen: set[str], path: str = "") -> None:
        self._it, self._seen, self._path = it, seen, path

    def __getattr__(self, name: str) -> object:
        value, path = getattr(self._it, name), self._path + name
        if isinstance(value, Situation):
            value = Watched(value, self._seen, f"{path}.")
        else:
            self._seen.add(path)
        setattr(self, name, value)  # so that this is asked once for each name
        return value


class SameForTheSame(Generic[Answer]):
    """The rules are pure: callers who agree in all that was looked at get the same answer.

    So all callers are answered, and one alone is asked for of those who can not be told apart.
    """

    def __init__(self, ask: Callable[[Caller], Answer]) -> None:
        self._ask = ask
        self._known: dict[tuple[str, ...], dict[object, Answer]] = {}

    def __call__(self, caller: Caller) -> Answer:
        for looked_at, answers in self._known.items():
            facts = attrgetter(*looked_at)(caller)
            if facts in answers:
                return answers[facts]
        seen: set[str] = set()
        answer = self._ask(cast("Caller", Watched(caller, seen)))
        looked_at = tuple(sorted(seen))
        self._known.setdefault(looked_at, {})[attrgetter(*looked_at)(caller)] = answer
        return answer


def test_decide_and_visible_agree_on_every_role_bar_action_and_thing(
    connection: Connection,
) -> None:
    postgres = AskedOnce(connection)
    things = list(enumerate(places()))

    def decided(caller: Caller) -> frozenset[int]:
        return frozenset(number for number, thing in things if decide(caller, action, thing))

    def listed(caller: Caller) -> frozenset[int]:
        return postgres.ids(visible(caller, action, THINGS.c))

    everybody = list(callers())
    for action in Action:
        by_thing, by_table = SameForTheSame(decided), SameForTheSame(listed)
        granted = 0
        for caller in everybody:
            granted += len(by_thing(caller))
            assert by_thing(caller) == by_table(caller), (caller, action)
        assert granted > 0, action
