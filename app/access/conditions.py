"""Conditions of the table, each written once: true or false of a thing, and the same as SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, false, or_, true

from app.access.words import Caller


class Condition(Protocol):
    """One condition, in its two readings that must always agree."""

    def holds(self, caller: Caller, thing: Any) -> bool:
        """Whether it is true of ``thing`` (None where an action has no object)."""
        ...

    def sql(self, caller: Caller, columns: Any) -> ColumnElement[bool]:
        """The same over columns, as a WHERE condition."""
        ...


@dataclass(frozen=True, slots=True)
class Always:
    """True of everything."""

    def holds(self, caller: Caller, thing: Any) -> bool:  # noqa: ARG002
        return True

    def sql(self, caller: Caller, columns: Any) -> ColumnElement[bool]:  # noqa: ARG002
        return true()


@dataclass(frozen=True, slots=True)
class CallerIs:
    """True or false of the caller alone."""

    fact: Callable[[Caller], object]

    def holds(self, caller: Caller, thing: Any) -> bool:  # noqa: ARG002
        return bool(self.fact(caller))

    def sql(self, caller: Caller, columns: Any) -> ColumnElement[bool]:  # noqa: ARG002
        return true() if self.fact(caller) else false()


@dataclass(frozen=True, slots=True)
class Among:
    """The thing's ``name`` is one of the values that the caller has. NULL is never among them."""

    name: str
    values: Callable[[Caller], frozenset[Any]]

    def holds(self, caller: Caller, thing: Any) -> bool:
        return thing is not None and getattr(thing, self.name) in self.values(caller)

    def sql(self, caller: Caller, columns: Any) -> ColumnElement[bool]:
        values = self.values(caller)
        if not values:
            return false()
        column: ColumnElement[Any] = getattr(columns, self.name)
        return column.in_(sorted(values, key=str))


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def holds(self, caller: Caller, thing: Any) -> bool:
        return all(part.holds(caller, thing) for part in self.parts)

    def sql(self, caller: Caller, columns: Any) -> ColumnElement[bool]:
        return and_(*(part.sql(caller, columns) for part in self.parts))


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, caller: Caller, thing: Any) -> bool:
        return any(part.holds(caller, thing) for part in self.parts)

    def sql(self, caller: Caller, columns: Any) -> ColumnElement[bool]:
        return or_(*(part.sql(caller, columns) for part in self.parts))
