"""Notes of an issue: those of people and GitLab's own."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import JSONResponse

from sandbox.gitlab import work
from sandbox.gitlab.rest import beans, params
from sandbox.gitlab.rest.caller import OneIssue, TheIssue
from sandbox.gitlab.rest.errors import forbidden, not_found
from sandbox.gitlab.rest.paging import by_offset
from sandbox.gitlab.rest.params import Params
from sandbox.gitlab.state import Note

router = APIRouter(prefix="/projects/{project_id}/issues/{iid}/notes")
FILTERS = {"all_notes": (True, False), "only_comments": (False,), "only_activity": (True,)}


def _note_of(one: TheIssue, note_id: Annotated[int, Path()]) -> Note:
    note = one.issue.notes.get(note_id)
    if note is None:
        raise not_found()
    return note


TheNote = Annotated[Note, Depends(_note_of)]


def _require_own(one: OneIssue, note: Note) -> None:
    """Words of others are changed by maintainers only; GitLab's own by nobody."""
    if note.system or (note.author_id != one.caller.user.id and not one.is_owner):
        raise forbidden()


@router.get("")
async def list_notes(request: Request, one: TheIssue, given: Params) -> JSONResponse:
    order = params.one_of(given, "order_by", ("created_at", "updated_at"), "created_at")
    descending = params.one_of(given, "sort", ("asc", "desc"), "desc") == "desc"
    kinds = FILTERS[params.one_of(given, "activity_filter", tuple(FILTERS), "all_notes")]
    notes = sorted(
        (note for note in one.issue.notes.values() if note.system in kinds),
        key=lambda note: (getattr(note, order), note.id),
        reverse=descending,
    )
    state = one.gitlab.state
    return by_offset(
        request, state.base_url, given, notes, lambda note: beans.note(state, one.issue, note)
    )


@router.post("", status_code=201)
async def create_note(one: TheIssue, given: Params) -> Any:
    made = work.add_note(
        one.gitlab, one.project, one.issue, one.caller.user, given, may_date=one.is_owner
    )
    if not isinstance(made, Note):
        return JSONResponse(made, 202)
    return beans.note(one.gitlab.state, one.issue, made)


@router.get("/{note_id}")
async def get_note(one: TheIssue, note: TheNote) -> dict[str, Any]:
    return beans.note(one.gitlab.state, one.issue, note)


@router.put("/{note_id}")
async def edit_note(one: TheIssue, note: TheNote, given: Params) -> dict[str, Any]:
    _require_own(one, note)
    work.edit_note(one.gitlab, one.project, one.issue, note, by=one.caller.user, given=given)
    return beans.note(one.gitlab.state, one.issue, note)


@router.delete("/{note_id}", status_code=204)
async def delete_note(one: TheIssue, note: TheNote) -> Response:
    _require_own(one, note)
    work.delete_note(one.gitlab, one.issue, note)
    return Response(status_code=204)
