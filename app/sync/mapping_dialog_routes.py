"""Editing the parts of a mapping, each for itself."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from app.access import Action
from app.errors import InvalidInput, NotFound
from app.house import house_of
from app.integrations.changing import changing, require_version
from app.sync import mapping_service as service
from app.sync.mapping_dialogs import (
    Entered,
    field_dialog,
    field_part,
    filled_dialog,
    filled_part,
    person_dialog,
    rest_dialog,
    statuses_dialog,
)
from app.sync.mapping_edits import (
    Edited,
    Mistake,
    with_field,
    with_filling,
    with_person,
    with_rest,
    with_statuses,
    without,
)
from app.sync.mapping_forms import (
    Changes,
    FieldPair,
    Filling,
    PersonPair,
    Removal,
    Rest,
    Statuses,
)
from app.sync.mapping_guard import AtMapping, the_mapping
from app.sync.mapping_pages import desk_of, mapping_main
from app.sync.mapping_views import Desk
from app.sync.rules import LONGEST_TEXT, MOST_OPTIONS
from app.sync.side_schemas import Reader
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.templates import render

router: APIRouter = page_router("/integrations/{integration_id}/mappings/{mapping_id}", "mappings")
Changed = Annotated[AtMapping, Depends(the_mapping(Action.CHANGE_INTEGRATION))]
F = TypeVar("F", bound=Changes)
R = TypeVar("R")
MOST_BYTES, MOST_FIELDS = 240 * 1024, 4 * MOST_OPTIONS + 100


@router.get("/field")
async def edit_field(
    request: Request, at: Changed, reader: Reader, *, row: str = ""
) -> HTMLResponse:
    """A pair of fields: one that is there, or a new one."""
    desk = await desk_of(request, at, reader)
    rule = _at(desk.rules.fields, row)
    values = {"row": row, "jira": rule.jira, "tool": rule.tool, "way": rule.way} if rule else {}
    return fragment(field_dialog(desk, Entered(values)))


@router.get("/field-part")
async def choices_of_field(
    request: Request, at: Changed, reader: Reader, *, jira: str = "", tool: str = ""
) -> HTMLResponse:
    """What is asked of two fields: whether they fit, and what their choices become."""
    desk = await desk_of(request, at, reader)
    return fragment(
        render("sync/field_part.html", **field_part(desk, Entered({"jira": jira, "tool": tool})))
    )


@router.post("/field", openapi_extra=takes_form(FieldPair))
async def save_field(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Add or replace a pair of fields."""
    desk = await desk_of(request, at, reader)
    return await _saved(
        request,
        desk,
        FieldPair,
        lambda form: with_field(desk.rules, form, desk.need_types()),
        lambda again: field_dialog(desk, again),
    )


@router.get("/filled")
async def edit_filled(
    request: Request, at: Changed, reader: Reader, *, row: str = ""
) -> HTMLResponse:
    """A field that is filled from a text: one that is there, or a new one."""
    desk = await desk_of(request, at, reader)
    rule = _at(desk.rules.filled, row)
    values = {"row": row, "field": f"{rule.side}:{rule.field}", "text": rule.text} if rule else {}
    return fragment(filled_dialog(desk, Entered(values)))


@router.get("/filled-part")
async def values_of_field(
    request: Request, at: Changed, reader: Reader, *, field: str = "", text: str = ""
) -> HTMLResponse:
    """What a field can be filled with."""
    desk = await desk_of(request, at, reader)
    values = {"field": field, "text": text[:LONGEST_TEXT]}
    return fragment(render("sync/filled_part.html", **filled_part(desk, Entered(values))))


@router.post("/filled", openapi_extra=takes_form(Filling))
async def save_filled(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Add or replace a field that is filled."""
    desk = await desk_of(request, at, reader)
    return await _saved(
        request,
        desk,
        Filling,
        lambda form: with_filling(desk.rules, form, desk.need_types()),
        lambda again: filled_dialog(desk, again),
    )


@router.get("/statuses")
async def edit_statuses(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """All statuses of both sides, and what moves into them demand."""
    desk = await desk_of(request, at, reader)
    return fragment(statuses_dialog(desk, Entered({"status_way": desk.rules.status_way})))


@router.post("/statuses", openapi_extra=takes_form(Statuses))
async def save_statuses(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Set all pairs of statuses."""
    desk = await desk_of(request, at, reader)
    return await _saved(
        request,
        desk,
        Statuses,
        lambda form: with_statuses(desk.rules, form, desk.need_types()),
        lambda again: statuses_dialog(desk, again),
    )


@router.get("/person")
async def choose_people(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Who of one side is whom of the other."""
    return fragment(person_dialog(await desk_of(request, at, reader), Entered()))


@router.post("/person", openapi_extra=takes_form(PersonPair))
async def save_person(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Add a pair of people."""
    desk = await desk_of(request, at, reader)
    return await _saved(
        request,
        desk,
        PersonPair,
        lambda form: with_person(desk.rules, form, desk.need_types()),
        lambda again: person_dialog(desk, again),
    )


@router.get("/rest")
async def edit_rest(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """The types, comments, attachments and hierarchy."""
    desk = await desk_of(request, at, reader)
    rules = desk.rules
    values = {
        "jira_type": at.mapping.jira_type,
        "tool_type": at.mapping.tool_type,
        "comments": rules.comments,
        "attachments": rules.attachments,
        "hierarchy": "true" if rules.hierarchy else "",
    }
    return fragment(rest_dialog(desk, Entered(values)))


@router.post("/rest", openapi_extra=takes_form(Rest))
async def save_rest(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Set the types, comments, attachments and hierarchy."""
    desk = await desk_of(request, at, reader)
    return await _saved(
        request,
        desk,
        Rest,
        lambda form: with_rest(
            desk.rules,
            form,
            (at.mapping.jira_type, at.mapping.tool_type),
            desk.need_schemas(),
        ),
        lambda again: rest_dialog(desk, again),
    )


@router.post("/remove", openapi_extra=takes_form(Removal))
async def remove(request: Request, at: Changed, reader: Reader) -> HTMLResponse:
    """Take one of the rules away."""
    desk = await desk_of(request, at, reader)
    entered = await filled(request, Removal)
    if (form := entered.form) is None:
        raise InvalidInput("What is to be removed was not named.")
    await require_version(house_of(request), at.visit, at.mapping, form.version)
    try:
        edited = without(desk.rules, form)
    except Mistake as mistake:
        raise InvalidInput(mistake.text) from None
    await _store(request, desk, edited)
    return fragment(mapping_main(await desk_of(request, at, reader)))


async def _saved(
    request: Request,
    desk: Desk,
    model: type[F],
    edit: Callable[[F], Edited],
    again: Callable[[Entered], Markup],
) -> HTMLResponse:
    """The page with what the form says, or the form again with what is wrong with it."""
    entered = await filled(request, model, most_bytes=MOST_BYTES, most_fields=MOST_FIELDS)
    errors = entered.errors
    if (form := entered.form) is not None:
        await require_version(house_of(request), desk.visit, desk.mapping, form.version)
        try:
            await _store(request, desk, edit(form))
        except Mistake as mistake:
            errors = {mistake.field: mistake.text}
        else:
            after = Desk.of(desk.visit, desk.integration, desk.mapping, desk.schemas)
            return fragment(mapping_main(after), flag=Flag("Saved"), close_dialog=True)
    return fragment(again(Entered(entered.values, errors, entered.rows)), status=422)


async def _store(request: Request, desk: Desk, edited: Edited) -> None:
    house, mapping = house_of(request), desk.mapping
    types = edited.types or (mapping.jira_type, mapping.tool_type)
    async with changing(house, desk.visit, mapping) as session:
        await service.change(
            session,
            desk.visit,
            desk.integration,
            mapping,
            rules=edited.rules,
            types=types,
            what=edited.what,
        )


def _at(rules: Sequence[R], row: str) -> R | None:
    """The rule of this number; None for a new one."""
    if not row:
        return None
    if not row.isascii() or not row.isdigit() or int(row[:5]) >= len(rules):
        raise NotFound
    return rules[int(row[:5])]
