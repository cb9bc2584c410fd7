"""Lists page by page: a cursor says where to go on, and never what may be seen."""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, tuple_
from starlette.requests import Request

from app.house import House
from app.identity.visit import Visit
from app.integrations.cursors import Position, cursor_of, position_of

T = TypeVar("T")
MOST = 100


class Page(BaseModel, Generic[T]):
    """Some of a list, newest first."""

    items: list[T]
    next: str | None = Field(
        description="The address of the items after these; null where there are none."
    )


class Paging(BaseModel):
    """Where a page begins, and how long it is. What is not named is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cursor: Annotated[str, Field(max_length=64, description="From `next` of the page before.")] = ""
    limit: Annotated[int, Field(ge=1, le=MOST, description="How many at most.")] = 50


async def rows_of(
    house: House, visit: Visit, statement: "Select[Any]", model: Any, paging: Paging
) -> tuple[Sequence[Any], str]:
    """Rows of a statement about ``model``, newest first, and the cursor of the next ones."""
    order = tuple_(model.created_at, model.id)
    if paging.cursor:
        statement = statement.where(order < tuple_(*position_of(paging.cursor)))
    statement = statement.order_by(model.created_at.desc(), model.id.desc())
    async with house.database.of_instance(visit.caller.instance_id) as session:
        found = (await session.execute(statement.limit(paging.limit + 1))).all()
    rows = found[: paging.limit]
    if len(found) == len(rows):
        return rows, ""
    last = rows[-1][0]
    return rows, cursor_of(Position(last.created_at, last.id))


def next_href(request: Request, cursor: str) -> str | None:
    """The address of the next page: the same question, further on."""
    if not cursor:
        return None
    asked = [
        (name, value)
        for name, value in parse_qsl(request.url.query, keep_blank_values=True)
        if name != "cursor"
    ]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"
