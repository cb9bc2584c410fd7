"""Every refusal and failure, in the form that the asker understands.

htmx gets a fragment, a browser a page, everything else application/problem+json (RFC 9457).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.access import Answer, Reason, Refused
from app.errors import NotSignedIn, Problem
from app.web.request_id import current_request_id
from app.web.templates import render

PROBLEM_HEADER = "Getint-Problem"
API_PATH = "/api/"
RETRY_SECONDS = 5

Words = tuple[str, str, str]
_BY_STATUS: dict[int, Words] = {
    400: ("We couldn't read that request", "", "Reload the page and try again."),
    404: (
        "We couldn't find that",
        "There is nothing at this address, or it is not yours to see.",
        "Go back to your integrations.",
    ),
    405: ("That can't be done here", "This address doesn't take that kind of request.", ""),
    413: ("That is too large", "", "Send less at once."),
}

NO = "You can't do this"
_REFUSED = {
    Reason.NOT_CONFIGURED: "Getint is not set up yet",
    Reason.NO_ACCESS: "You don't have access to Getint",
    Reason.LICENCE_NOT_ACTIVE: "Getint is read-only here",
    Reason.LICENCE_UNKNOWN: "Getint is read-only for the moment",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A problem in words, whatever exception it came as."""

    status: int
    slug: str
    title: str
    detail: str = ""
    mend: str = ""
    reason: str = ""
    needed: str = ""
    who: str = ""
    retry_after: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


UNEXPECTED = Told(
    500,
    "unexpected",
    "Something went wrong on our side",
    "Getint met an error it did not expect. Nothing was changed.",
    "Try again. If it happens again, give the request id to support.",
    who="Getint support",
)


def told_of_problem(problem: Problem) -> Told:
    """A `Problem` as it is told."""
    return Told(
        problem.status,
        problem.slug,
        problem.title,
        problem.detail,
        problem.mend,
        retry_after=problem.retry_after,
        fields=problem.fields,
    )


def told_of_refusal(refused: Refused) -> Told:
    """A decision of the permissions core: no is 403, cannot tell is 503."""
    decision = refused.decision
    unsure = decision.answer is Answer.CANNOT_TELL
    return Told(
        503 if unsure else 403,
        "cannot-tell" if unsure else "refused",
        "We can't check your access right now" if unsure else _REFUSED.get(decision.reason, NO),
        decision.reason_text,
        reason=decision.reason.name,
        needed=decision.needed,
        who=decision.who,
    )


def told_of_validation(error: RequestValidationError) -> Told:
    """Which parameter is wrong and why; never what was sent."""
    fields = {str(item["loc"][-1]): str(item["msg"]) for item in error.errors() if item["loc"]}
    return Told(
        422,
        "invalid-input",
        "Please check what you entered",
        "Some of it is missing or has the wrong form.",
        fields=fields,
    )


def told_of_http(error: HTTPException) -> Told:
    """What Starlette itself refuses: unknown addresses, methods, unreadable requests."""
    status = error.status_code
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else "Something went wrong"
    title, detail, mend = _BY_STATUS.get(status, (phrase, "", ""))
    slug = phrase.lower().replace(" ", "-")
    return Told(status, slug, title, detail, mend, headers=error.headers or {})


def install_problem_handlers(app: FastAPI, *, ap_js_url: str | None = None) -> None:
    """Answer the exceptions that say what happened; `Envelope` answers the others."""

    def answer_as(kind: type[Exception], told_of: Callable[[Any], Told]) -> None:
        app.add_exception_handler(
            kind, lambda request, error: answer(request, told_of(error), ap_js_url)
        )

    answer_as(Problem, told_of_problem)
    answer_as(Refused, told_of_refusal)
    answer_as(RequestValidationError, told_of_validation)
    answer_as(HTTPException, told_of_http)


def answer(request: Request, told: Told, ap_js_url: str | None) -> Response:
    """The problem as a fragment, a page or JSON, by what was asked for and where."""
    headers = dict(told.headers)
    headers[PROBLEM_HEADER] = told.slug
    if told.status == 401:
        headers.setdefault("WWW-Authenticate", _challenge(request, told))
    if told.retry_after is not None or told.status == 503:
        headers["Retry-After"] = str(told.retry_after or RETRY_SECONDS)
    if request.scope["path"].startswith(API_PATH):
        return _as_json(told, headers)
    bridge = None if _is_outside_of_jira(request, told) else ap_js_url
    values = {"told": told, "request_id": current_request_id(), "ap_js_url": bridge}
    if "hx-request" in request.headers:
        values["in_place_of_page"] = _in_place_of_page(request, told)
        return HTMLResponse(render("web/problem_fragment.html", **values), told.status, headers)
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(render("web/problem_page.html", **values), told.status, headers)
    return _as_json(told, headers)


def _challenge(request: Request, told: Told) -> str:
    """How to prove oneself here."""
    if request.scope["path"].startswith(API_PATH):
        return "Bearer"
    return "Cookie" if told.slug == NotSignedIn.slug else "JWT"


def _is_outside_of_jira(request: Request, told: Told) -> bool:
    return told.slug == NotSignedIn.slug or hasattr(request.state, "signed_in")


def _in_place_of_page(request: Request, told: Told) -> bool:
    """Whether transport.js shows this where the page would have been, not as a notice above it."""
    opens_page = request.method == "GET" and request.headers.get("hx-target") == "main#main"
    return opens_page and told.status < 500 and told.status != 401


def _as_json(told: Told, headers: Mapping[str, str]) -> Response:
    members: dict[str, object] = {
        "type": f"urn:getint:problem:{told.slug}",
        "title": told.title,
        "status": told.status,
        "detail": told.detail,
        "instance": current_request_id(),
        "mend": told.mend,
        "reason": told.reason,
        "needed": told.needed,
        "who": told.who,
        "fields": dict(told.fields),
    }
    body = json.dumps({name: value for name, value in members.items() if value})
    return Response(body, told.status, headers, "application/problem+json")
