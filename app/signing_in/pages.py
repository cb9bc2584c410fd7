"""What is shown before anybody is signed in."""

from dataclasses import dataclass
from typing import Any

import segno
from markupsafe import Markup
from starlette.responses import HTMLResponse

from app.errors import Problem
from app.instances.facts import InstanceFacts
from app.signing_in.second_factor import ISSUER
from app.signing_in.totp import enrolment
from app.web.templates import render

SIGN_IN = "/sign-in"
_PIXELS = 4


@dataclass(frozen=True, slots=True)
class Offered:
    """A second factor that somebody may set up."""

    secret: str
    picture: Markup


def offered(secret: str, email: str) -> Offered:
    """The secret, and what an authenticator scans."""
    code = segno.make(enrolment(secret, email, ISSUER), error="m")
    svg = code.svg_inline(scale=_PIXELS, light="#fff", title="The key as a QR code")
    return Offered(secret, Markup(svg))  # noqa: S704 - drawn by the library, and holds no text of ours


def base_of(facts: InstanceFacts) -> str:
    """Where people of this instance sign in."""
    return f"{SIGN_IN}/{facts.instance_id}"


def page(
    template: str, facts: InstanceFacts | None = None, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A page of the sign-in; ``values`` are what its template needs."""
    base = base_of(facts) if facts else SIGN_IN
    html = render(f"signing_in/{template}.html", base=base, **{"wrong": "", **values})
    return HTMLResponse(html, status)


def with_retry(answer: HTMLResponse, problem: Problem) -> HTMLResponse:
    """The same, saying when to try again."""
    answer.status_code = problem.status
    answer.headers["Retry-After"] = str(problem.retry_after)
    return answer
