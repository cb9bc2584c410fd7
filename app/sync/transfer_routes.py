"""An integration as a file: exporting one, and making one of a file."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.datastructures import UploadFile

from app.access import Action
from app.errors import InvalidInput
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations import service as integrations
from app.integrations.choices import require_any_tool
from app.integrations.editing import Mistake, place_to_create
from app.integrations.form_page import project_part
from app.integrations.guards import At, the_integration
from app.integrations.models import Integration
from app.integrations.pages import detail_main
from app.integrations.reading import things
from app.integrations.schemas import Configured, NewIntegration
from app.sync import mapping_service as service
from app.sync.export import MOST_BYTES, CannotImport, IntegrationInFile, exported, imported
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

router = page_router("/integrations", "mappings")
Seen = Annotated[At[Integration], Depends(the_integration(Action.SEE_INTEGRATION))]
Creating = Annotated[Visit, Depends(context(Action.CREATE_INTEGRATION))]
IMPORT_PATH = "/integrations/import"
TITLE = "Import an integration"
NO_FILE = "A file is needed."


@router.get("/import")
async def choose_file(request: Request, visit: Creating) -> HTMLResponse:
    """The form, for whoever may create anything at all."""
    require_any_tool(visit)
    main = await _form(house_of(request), visit, {}, {})
    return show(request, visit, main, active="integrations", title=TITLE)


@router.post("/import")
async def import_file(request: Request, visit: Creating) -> HTMLResponse:
    """Make an integration of a file, owned by the visitor, paused and without a connection."""
    require_any_tool(visit)
    house = house_of(request)
    values, raw = await _sent(request)
    try:
        integration = await _made(house, visit, values, raw)
    except Mistake as mistake:
        field, text = mistake.args
        # What the form does not ask for stands in the file.
        errors = {field if field == "project_id" else "file": text}
        main = await _form(house, visit, values, errors)
        return fragment(main, status=422)
    main = await detail_main(request, visit, integration)
    flag = Flag(f"{integration.name} was imported", "Choose a connection, then resume it.")
    return fragment(main, flag=flag)


@router.get("/{integration_id}/export", response_class=Response)
async def export_file(request: Request, at: Seen) -> Response:
    """The settings and type mappings of an integration as a file, without anything secret."""
    if "hx-target" in request.headers:
        # It holds what people typed as it is, and must not become part of a page.
        raise InvalidInput("This is a file, not a page.", mend="Use the button Export.")
    mappings = await things(house_of(request), at.visit, service.of_integration(at.thing))
    return Response(
        exported(at.thing, mappings),
        media_type="application/json",
        headers={"Content-Disposition": 'attachment; filename="integration.json"'},
    )


async def _made(house: House, visit: Visit, values: Mapping[str, str], raw: bytes) -> Integration:
    if not raw:
        raise Mistake("file", NO_FILE)
    try:
        content = imported(raw)
    except CannotImport as problem:
        raise Mistake("file", str(problem)) from None
    form = _as_form(content, values)
    project = await place_to_create(house, visit, form)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        integration = await integrations.create(
            session, visit, form, project=project, connection=None, state="paused"
        )
        await service.add(session, visit, integration, content.mappings)
    return integration


def _as_form(content: IntegrationInFile, values: Mapping[str, str]) -> NewIntegration:
    chosen = values.get("project_id", "")
    if not chosen.isascii() or not chosen.isdigit() or len(chosen) > 18:
        chosen = ""
    held = {name: getattr(content, name) for name in Configured.model_fields}
    return NewIntegration(**held, kind=content.kind, project_id=chosen)


async def _sent(request: Request) -> tuple[dict[str, str], bytes]:
    """The fields that were filled in, and the content of the file; empty for none."""
    async with request.form(max_files=1, max_fields=4, max_part_size=MOST_BYTES) as form:
        values = {name: value for name, value in form.items() if isinstance(value, str)}
        file = form.get("file")
        # One more than may be: what is longer is told as that, by whoever reads it.
        raw = await file.read(MOST_BYTES + 1) if isinstance(file, UploadFile) else b""
    return values, raw


async def _form(
    house: House, visit: Visit, values: Mapping[str, str], errors: Mapping[str, str]
) -> Markup:
    return render(
        "sync/import.html",
        errors=errors,
        project=await project_part(house, visit, values, errors),
    )
