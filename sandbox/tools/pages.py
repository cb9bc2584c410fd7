"""The face of a stand-in: a list of items, one item, and a form, for a person on the far side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader

from sandbox.tools.stories import PEOPLE

PAGE = 50
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
)


@dataclass(frozen=True, slots=True)
class Row:
    """An item as a list shows it; times are as text."""

    number: int
    title: str
    state: str
    changed: str
    comments: int


@dataclass(frozen=True, slots=True)
class Words:
    author: str
    at: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """An item in full; texts are in the tool's own markup, `states` those it can go to."""

    row: Row
    description: str
    author: str
    assignee: str
    labels: str
    states: Sequence[str]
    comments: Sequence[Words]


class Face(Protocol):
    """What a tool does for its pages; `place` is the name of a project, `by` a login."""

    name: str
    writes_html: bool

    def places(self) -> Sequence[str]: ...

    def rows(self, place: str) -> Sequence[Row]:
        """The last changed first."""

    def sheet(self, place: str, number: int) -> Sheet: ...

    def add(self, place: str, by: str, title: str, description: str) -> int: ...

    def edit(
        self, place: str, number: int, *, by: str, title: str, description: str, state: str
    ) -> None: ...

    def comment(self, place: str, number: int, by: str, text: str) -> None: ...


Text = Annotated[str, Form()]


def pages(face_of: Callable[[Request], Face]) -> APIRouter:
    """The routes; errors of the face are answered as its API would."""
    router = APIRouter()

    @router.get("/", response_class=HTMLResponse)
    async def show_list(
        request: Request, place: str | None = None, page: Annotated[int, Query(ge=1)] = 1
    ) -> str:
        face = face_of(request)
        shown = place or face.places()[0]
        rows = face.rows(shown)
        return _templates.get_template("list.html").render(
            face=face,
            place=shown,
            people=PEOPLE,
            rows=rows[(page - 1) * PAGE : page * PAGE],
            page=page,
            last=max(1, -(-len(rows) // PAGE)),
            total=len(rows),
        )

    @router.get("/item", response_class=HTMLResponse)
    async def show_item(request: Request, place: str, number: int) -> str:
        face = face_of(request)
        return _templates.get_template("item.html").render(
            face=face, place=place, people=PEOPLE, sheet=face.sheet(place, number)
        )

    @router.post("/item")
    async def add(
        *, request: Request, place: Text, by: Text, title: Text, description: Text = ""
    ) -> RedirectResponse:
        number = face_of(request).add(place, by, title, _unix(description))
        return _to(place, number)

    @router.post("/item/edit")
    async def edit(
        *,
        request: Request,
        place: Text,
        number: Annotated[int, Form()],
        by: Text,
        title: Text,
        state: Text,
        description: Text = "",
    ) -> RedirectResponse:
        face_of(request).edit(
            place, number, by=by, title=title, description=_unix(description), state=state
        )
        return _to(place, number)

    @router.post("/item/comment")
    async def comment(
        *, request: Request, place: Text, number: Annotated[int, Form()], by: Text, text: Text
    ) -> RedirectResponse:
        face_of(request).comment(place, number, by, _unix(text))
        return _to(place, number)

    return router


def _unix(text: str) -> str:
    """Browsers send a form's line ends as CRLF."""
    return text.replace("\r\n", "\n")


def _to(place: str, number: int) -> RedirectResponse:
    return RedirectResponse(f"/item?place={quote(place, safe='')}&number={number}", 303)
