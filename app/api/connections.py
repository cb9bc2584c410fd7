"""Connections to tools. Credentials go in, and are never answered with."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import Action, OthersMay, Tool, visible
from app.api.bodies import Body, sent
from app.api.mistakes import read_form, require_no
from app.api.once import SentOnce
from app.api.paging import Page, Paging, next_href, rows_of
from app.api.router import ROOT, api_router
from app.api.shapes import ConnectionShape
from app.api.versions import IfMatch, notice, require_match, tag
from app.api.workspace_of import in_workspace
from app.house import house_of
from app.identity.guard import api
from app.identity.visit import Proof, Visit
from app.integrations import connection_editing as editing
from app.integrations import connection_service as service
from app.integrations.changing import changing
from app.integrations.guards import At, found, in_view, the_connection
from app.integrations.models import Connection
from app.integrations.place import place_of
from app.integrations.schemas import ChangedConnection, NewConnection
from app.integrations.tool_access import Lookup, Rule, ToolClient
from app.tools.catalogue import CATALOGUE
from app.tools.probe import probe

router = api_router("/connections", "connections")


def _on(action: Action) -> Any:
    return Depends(the_connection(action, Proof.TOKEN))


Seeing = Annotated[Visit, Depends(api(Action.SEE_CONNECTION))]
Creating = Annotated[Visit, Depends(api(Action.CREATE_CONNECTION))]
Seen = Annotated[At[Connection], _on(Action.SEE_CONNECTION)]
Usable = Annotated[At[Connection], _on(Action.USE_CONNECTION)]
Changed = Annotated[At[Connection], _on(Action.CHANGE_CONNECTION)]
Governed = Annotated[At[Connection], _on(Action.GOVERN_CONNECTION)]


class ConnectionQuery(Paging):
    """Which connections."""

    tool: Tool | None = None
    workspace_id: UUID | None = None


class Credentials(Body):
    """What the tool asks for: which of these that is depends on the tool."""

    email: SecretStr | None = None
    username: SecretStr | None = None
    password: SecretStr | None = None
    key: SecretStr | None = None
    token: SecretStr | None = None

    def as_form(self) -> Mapping[str, SecretStr]:
        """As the fields of the form."""
        given = {name: getattr(self, name) for name in Credentials.model_fields}
        return {f"credential_{name}": value for name, value in given.items() if value is not None}


class NewConnectionBody(Body):
    """A new connection, which you will own."""

    model_config = ConfigDict(
        title="NewConnection",
        json_schema_extra={
            "examples": [
                {
                    "name": "Our GitLab",
                    "tool": "gitlab",
                    "address": "https://gitlab.example.com",
                    "credentials": {"token": "glpat-..."},
                }
            ]
        },
    )

    name: str
    tool: Tool
    address: Annotated[str, Field(description="Empty for tools that have but one.")] = ""
    credentials: Credentials
    others_may: OthersMay = OthersMay.VIEW
    workspace_id: UUID | None = None


class ConnectionChange(Body):
    """What is to be set; what is left out stays.

    With another address all credentials are needed again. Where integrations use the connection,
    ``confirmed`` says that they may stop working.
    """

    model_config = ConfigDict(
        title="ConnectionChange",
        json_schema_extra={"examples": [{"credentials": {"token": "glpat-..."}}]},
    )

    name: str | None = None
    address: str | None = None
    credentials: Credentials = Credentials()
    confirmed: bool = False


class SharingBody(Body):
    """What others may do with it."""

    model_config = ConfigDict(
        title="Sharing", json_schema_extra={"examples": [{"others_may": "use"}]}
    )

    others_may: OthersMay


class Tested(BaseModel):
    """Whether the tool took the credentials, and what it said."""

    works: bool
    message: str


@router.get("")
async def list_connections(
    request: Request, visit: Seeing, asked: Annotated[ConnectionQuery, Query()]
) -> Page[ConnectionShape]:
    """Those that you may see, newest first."""
    statement = select(Connection).where(
        visible(visit.caller, Action.SEE_CONNECTION, Connection), in_view(visit.project, Connection)
    )
    if asked.tool is not None:
        statement = statement.where(Connection.tool == asked.tool)
    if asked.workspace_id is not None:
        statement = statement.where(Connection.workspace_id == asked.workspace_id)
    rows, cursor = await rows_of(house_of(request), visit, statement, Connection, asked)
    items = [ConnectionShape.model_validate(row) for (row,) in rows]
    return Page(items=items, next=next_href(request, cursor))


@router.post("", status_code=201)
async def create_connection(
    request: Request,
    response: Response,
    visit: Creating,
    body: Annotated[NewConnectionBody, Depends(sent(NewConnectionBody))],
    *,
    rule: Rule,
    lookup: Lookup,
    once: SentOnce,
) -> ConnectionShape:
    """Create one. Test it to see whether it works."""
    house = house_of(request)
    made = await once.made()
    if made is None:
        visit = in_workspace(visit, body.workspace_id)
        values = body.model_dump(exclude={"workspace_id", "credentials"})
        form = read_form(NewConnection, {**values, **body.credentials.as_form()})
        visit.require(place_of(visit, form.tool.value))
        address, errors = await editing.checked_new(rule, lookup, form)
        require_no(errors)

        async def making(session: AsyncSession) -> UUID:
            return (await editing.create_from_form(session, visit, form, address)).id

        made = await once.make(making)
    response.headers["Location"] = f"{ROOT}/connections/{made}"
    return _answered(response, await found(house, visit, Connection, Action.SEE_CONNECTION, made))


@router.get("/{connection_id}")
async def get_connection(response: Response, at: Seen) -> ConnectionShape:
    """One connection."""
    return _answered(response, at.thing)


@router.patch("/{connection_id}")
async def change_connection(
    request: Request,
    response: Response,
    at: Changed,
    body: Annotated[ConnectionChange, Depends(sent(ConnectionChange))],
    *,
    rule: Rule,
    lookup: Lookup,
    if_match: IfMatch = "",
) -> ConnectionShape:
    """Set what is named, unless somebody was faster."""
    house, connection = house_of(request), at.thing
    await require_match(house, at.visit, connection, if_match)
    values = {
        "name": connection.name if body.name is None else body.name,
        "address": connection.address if body.address is None else body.address,
        "version": connection.version,
        "confirmed": "yes" if body.confirmed else "",
    }
    form = read_form(ChangedConnection, {**values, **body.credentials.as_form()})
    users = await editing.dependants_of(house, at.visit, connection)
    address, errors = await editing.checked_change(
        rule, lookup, connection, form, in_use=bool(users)
    )
    require_no(errors)
    notice(response, await editing.save_form(house, at.visit, connection, form, address))
    return _answered(response, connection)


@router.put("/{connection_id}/sharing")
async def share_connection(
    request: Request,
    response: Response,
    at: Governed,
    body: Annotated[SharingBody, Depends(sent(SharingBody))],
) -> ConnectionShape:
    """Set what others may do with it."""
    async with changing(house_of(request), at.visit, at.thing) as session:
        await service.share(session, at.visit, at.thing, body.others_may.value)
    return _answered(response, at.thing)


@router.post("/{connection_id}/test")
async def test_connection(request: Request, at: Usable, client: ToolClient) -> Tested:
    """Try the credentials on the tool."""
    credentials = service.opened(at.visit, at.thing)
    entry = CATALOGUE[Tool(at.thing.tool)]
    result = await probe(client, entry, at.thing.address, credentials)
    async with house_of(request).database.of_instance(at.visit.caller.instance_id) as session:
        await service.note_test(session, at.visit, at.thing, result)
    return Tested(works=result.ok, message=result.message)


@router.delete("/{connection_id}", status_code=204)
async def delete_connection(request: Request, at: Governed) -> Response:
    """Take it away with its credentials, unless an integration uses it."""
    await editing.delete(house_of(request), at.visit, at.thing)
    return Response(status_code=204)


def _answered(response: Response, connection: Connection) -> ConnectionShape:
    tag(response, connection.version)
    return ConnectionShape.model_validate(connection)
