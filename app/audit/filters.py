"""Which entries of the trail somebody asks for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import Select, select

from app.audit.models import AuditEntry

_LARGEST_ID = 2**63 - 1


def _none_if_empty(value: object) -> object:
    return value or None


def _printable(value: str) -> str:
    if value and not value.isprintable():
        raise ValueError("must be plain text")
    return value.strip()


_Text = Annotated[str, Field(max_length=200), AfterValidator(_printable)]
_Day = Annotated[
    date | None,
    Field(ge=date(1970, 1, 1), le=date(9000, 1, 1)),
    BeforeValidator(_none_if_empty),
]


class AuditFilter(BaseModel):
    """Everything is optional; days are whole days in UTC, both included."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore")

    person: _Text = ""
    action: _Text = ""
    answer: Literal["", "allowed", "refused"] = ""
    thing: _Text = ""
    since: _Day = None
    until: _Day = None

    def query(self, **more: object) -> str:
        """The filter, without a place in it, as the query of an address."""
        named = {name: getattr(self, name) for name in AuditFilter.model_fields}
        return urlencode({name: value for name, value in (named | more).items() if value})


class AuditPage(AuditFilter):
    """A filter and the entry before which the page begins."""

    before: Annotated[int | None, Field(ge=1, le=_LARGEST_ID), BeforeValidator(_none_if_empty)] = (
        None
    )


def matching(
    instance_id: UUID, wanted: AuditFilter, accounts: frozenset[str] | None
) -> Select[AuditEntry]:
    """The entries in no order yet; ``accounts`` are those that ``wanted.person`` means."""
    statement = select(AuditEntry).where(AuditEntry.instance_id == instance_id)
    if accounts is not None:
        statement = statement.where(AuditEntry.account.in_(sorted(accounts)))
    if wanted.action:
        statement = statement.where(AuditEntry.action == wanted.action)
    if wanted.answer:
        statement = statement.where(AuditEntry.allowed == (wanted.answer == "allowed"))
    if wanted.thing:
        statement = statement.where(AuditEntry.thing_id == wanted.thing)
    if wanted.since:
        statement = statement.where(AuditEntry.at >= _midnight(wanted.since))
    if wanted.until:
        statement = statement.where(AuditEntry.at < _midnight(wanted.until + timedelta(days=1)))
    return statement


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
