"""Settings > Audit."""

from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from app.access import Action
from app.audit.export import MEDIA_TYPES, Format, exported
from app.audit.filters import AuditFilter, AuditPage
from app.audit.reading import Found, export_statement, read_page
from app.audit.words import ACTIONS
from app.errors import CannotTell, InvalidInput
from app.house import house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.web.page_router import page_router
from app.web.show import show
from app.web.templates import render
from connect import JiraError

router = page_router("/settings/audit", "settings")
Reading = Annotated[Visit, Depends(context(Action.READ_AUDIT))]
NO_NAMES = "Jira did not answer, so people can't be found by name right now."


class ExportFilter(AuditFilter):
    """A filter and the form of the file."""

    format: Format = "csv"


@router.get("")
async def audit(
    request: Request, visit: Reading, wanted: Annotated[AuditPage, Query()]
) -> HTMLResponse:
    """A page of the trail, newest first."""
    house = house_of(request)
    problem, found = "", Found((), None)
    try:
        found = await read_page(house, visit, wanted)
    except JiraError:
        problem = NO_NAMES
    main = render(
        "audit/trail.html",
        wanted=wanted,
        since=str(wanted.since or ""),
        until=str(wanted.until or ""),
        is_filtered=wanted.query() != "",
        actions=[(str(action), action[:1].upper() + action[1:]) for action in ACTIONS],
        answers=[("allowed", "Allowed"), ("refused", "Refused")],
        entries=found.entries,
        older=found.older and f"/settings/audit?{wanted.query(before=found.older)}",
        newest=wanted.before and f"/settings/audit?{wanted.query()}",
        csv=f"/settings/audit/export?{wanted.query(format='csv')}",
        jsonl=f"/settings/audit/export?{wanted.query(format='jsonl')}",
        problem=problem,
    )
    return show(request, visit, main, active="settings", title="Audit")


@router.get("/export", response_class=StreamingResponse)
async def export(
    request: Request, visit: Reading, wanted: Annotated[ExportFilter, Query()]
) -> StreamingResponse:
    """All entries of the filter as a file, in the order in which they happened."""
    if "hx-target" in request.headers:
        # It holds what people typed as it is. A link to Jira can have any address put into the
        # page, and there htmx would do what its attributes say, as whoever reads.
        raise InvalidInput(
            "This is a file, not a page.", mend="Use the buttons of Settings > Audit."
        )
    house = house_of(request)
    try:
        statement = await export_statement(house, visit, wanted)
    except JiraError as error:
        raise CannotTell(NO_NAMES) from error
    return StreamingResponse(
        exported(house, visit, statement, wanted.format),
        media_type=MEDIA_TYPES[wanted.format],
        headers={"Content-Disposition": f'attachment; filename="audit.{wanted.format}"'},
    )
