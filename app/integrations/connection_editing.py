"""What a form of a connection says, checked and done: by pages and the API alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Tool
from app.errors import Conflict
from app.house import House
from app.identity.visit import Visit
from app.integrations import connection_service as service
from app.integrations.changing import changing
from app.integrations.models import Connection
from app.integrations.schemas import ChangedConnection, NewConnection
from app.integrations.tool_access import AddressRefused, checked_address
from app.news.hooks import clear_up, hooks_of
from app.tools.addresses import AddressRule
from app.tools.catalogue import CATALOGUE, CredentialField, ToolEntry
from app.tools.transport import Resolver

CONFIRM = "Confirm that the integrations that use it may stop working."
ANEW = "The address is another one, so enter this again."
Errors = dict[str, str]


@dataclass(frozen=True, slots=True)
class Dependants:
    """The integrations that use a connection, by name as far as they may be known."""

    named: Sequence[str] = ()
    unnamed: int = 0

    def __bool__(self) -> bool:
        return bool(self.named or self.unnamed)

    def __str__(self) -> str:
        """Such as ``Payroll, Invoices and 2 that you cannot see``."""
        others = f"{self.unnamed} that you cannot see" if self.unnamed else ""
        return ", ".join(self.named) + (" and " if self.named and others else "") + others


async def dependants_of(house: House, visit: Visit, connection: Connection) -> Dependants:
    """Who uses it: names that the visitor may know, and how many others."""
    async with house.database.of_instance(visit.caller.instance_id) as session:
        rows = await service.dependants(session, visit, connection)
    named = [name for name, is_seen in rows if is_seen]
    return Dependants(named, len(rows) - len(named))


async def checked_new(
    rule: AddressRule, lookup: Resolver, form: NewConnection
) -> tuple[str, Errors]:
    """The address to keep, and what is wrong with what was entered, by field."""
    entry = CATALOGUE[form.tool]
    errors = _credential_errors(entry, form, all_needed=True)
    address, problem = await _address(entry, rule, lookup, form.address)
    if problem:
        errors["address"] = problem
    return address, errors


async def create_from_form(
    session: AsyncSession, visit: Visit, form: NewConnection, address: str
) -> Connection:
    """Add one whose form and address were checked."""
    fields = CATALOGUE[form.tool].credentials
    credentials = {field.name: form.credential(field.name) for field in fields}
    return await service.create(session, visit, form, address, credentials)


async def checked_change(
    rule: AddressRule,
    lookup: Resolver,
    connection: Connection,
    form: ChangedConnection,
    *,
    in_use: bool,
) -> tuple[str, Errors]:
    """The address to keep, and what is wrong with what was entered, by field."""
    entry = CATALOGUE[Tool(connection.tool)]
    address, problem = await _address(entry, rule, lookup, form.address)
    moved = bool(address) and address != connection.address
    errors = _credential_errors(entry, form, all_needed=False)
    if moved:
        # Else whoever may edit it could have the secret sent to a host of their own.
        for field in entry.credentials:
            if not form.credential(field.name):
                errors[f"credential_{field.name}"] = ANEW
    if (moved or form.entered) and in_use and form.confirmed != "yes":
        errors["confirmed"] = CONFIRM
    if problem:
        errors["address"] = problem
    return address, errors


async def save_form(
    house: House, visit: Visit, connection: Connection, form: ChangedConnection, address: str
) -> str:
    """Set it, and take away webhooks of the address that it had; what people have to do there."""
    hooks = await hooks_of(house, visit, connection)
    credentials = None
    if form.entered:
        kept = service.opened(visit, connection)
        credentials = kept | {name: form.credential(name) for name in form.entered}
    async with changing(house, visit, connection) as session:
        await service.change(
            session, visit, connection, name=form.name, address=address, credentials=credentials
        )
    return await clear_up(house, visit.facts, hooks)


async def delete(house: House, visit: Visit, connection: Connection) -> None:
    """Take it away; ``Conflict`` while an integration depends on it."""
    if users := await dependants_of(house, visit, connection):
        raise Conflict(
            f"It is used by {users}.",
            title=f"{connection.name} is still in use",
            mend="Choose another connection there first.",
        )
    async with changing(house, visit, connection) as session:
        await service.delete(session, visit, connection)


def _credential_errors(
    entry: ToolEntry, form: NewConnection | ChangedConnection, *, all_needed: bool
) -> Errors:
    """What is wrong with the entered credentials, by field; never what they are."""
    known = {field.name: field for field in entry.credentials}
    if form.entered - known.keys():
        return {"": "The form has a field that does not belong to it."}
    return {
        f"credential_{name}": problem
        for name, field in known.items()
        if (problem := _problem(field, form.credential(name), all_needed))
    }


def _problem(field: CredentialField, value: str, needed: bool) -> str:
    if not value:
        return f"{field.label} is needed." if needed else ""
    if not field.pattern.fullmatch(value):
        return f"{field.label} has signs that cannot be in it."
    return ""


async def _address(
    entry: ToolEntry, rule: AddressRule, lookup: Resolver, text: str
) -> tuple[str, str]:
    """The address to keep, and what is wrong with the one that was entered."""
    if entry.address is not None:
        return entry.address, "" if text in {"", entry.address} else "The address is fixed."
    if not text:
        return "", "The address is needed."
    try:
        return await checked_address(rule, lookup, text), ""
    except AddressRefused as refused:
        return "", str(refused)
