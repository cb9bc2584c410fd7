"""The audit trail: what was done and refused, by whom, and why."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from pydantic import ConfigDict, Field

from app.access import Action
from app.api.paging import MOST, Page, next_href
from app.api.router import api_router
from app.api.shapes import Shape
from app.audit.filters import AuditFilter, AuditPage
from app.audit.models import AuditEntry
from app.audit.reading import read_rows
from app.audit.words import why
from app.errors import CannotTell
from app.house import house_of
from app.identity.guard import api
from app.identity.visit import Visit
from connect import JiraError

router = api_router("/audit", "audit")
Reading = Annotated[Visit, Depends(api(Action.READ_AUDIT))]


class AuditQuery(AuditFilter):
    """Which entries. Days are whole days in UTC, both included."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    cursor: Annotated[str, Field(max_length=18, pattern=r"^[0-9]*$")] = ""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50


class EntryShape(Shape):
    """One thing that somebody did or tried."""

    model_config = ConfigDict(title="AuditEntry", from_attributes=True)

    id: int
    at: datetime
    account: str
    door: str = Field(description="How they came in.", examples=["connect", "account", "api"])
    action: str
    thing_kind: str | None
    thing_id: str | None
    allowed: bool
    reason: str = Field(examples=["GRANTED", "NOT_OWNER"])
    explanation: str = Field(description="The reason of a refusal in words.")
    details: dict[str, Any]


@router.get("")
async def read_trail(
    request: Request, visit: Reading, asked: Annotated[AuditQuery, Query()]
) -> Page[EntryShape]:
    """The newest entries first."""
    house = house_of(request)
    held = {name: getattr(asked, name) for name in AuditFilter.model_fields}
    wanted = AuditPage(**held, before=int(asked.cursor or 0) or None)
    try:
        rows, older = await read_rows(house, visit, wanted, asked.limit)
    except JiraError as error:
        raise CannotTell("Jira did not answer, so people can't be found by name.") from error
    prefix = house.settings.group_prefix
    items = [_shape(row, prefix) for row in rows]
    return Page(items=items, next=next_href(request, str(older or "")))


def _shape(row: AuditEntry, group_prefix: str) -> EntryShape:
    held = {name: getattr(row, name) for name in EntryShape.model_fields if name != "explanation"}
    return EntryShape(**held, explanation=why(row, group_prefix))
