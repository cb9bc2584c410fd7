"""Fetches things as objects, within their instance."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Select

from app.house import House
from app.identity.visit import Visit

T = TypeVar("T")


async def things(house: House, visit: Visit, statement: "Select[T]") -> Sequence[T]:
    """What the statement selects, free of the session."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        return (await session.scalars(statement)).all()
