"""What the console answers when nothing may be seen: pages that are open are told to let go."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access import Refused
from app.errors import NotSignedIn
from app.support.console.looking import NoSuchInstance
from app.support.console.show import show
from app.support.console.sign_in_routes import PAGE as SIGN_IN
from app.web.problems import PROBLEM_HEADER, answer, told_of_problem, told_of_refusal
from app.web.templates import render

GONE = "Getint-Gone"
"""Tells an open page to load itself anew: what it shows may not be seen any more (transport.js)."""


def install_refusals(app: FastAPI) -> None:
    """Answer what the guards raise; after ``install_web``, which answers everything else."""
    app.add_exception_handler(NotSignedIn, _to_the_sign_in)
    app.add_exception_handler(NoSuchInstance, _no_such_instance)
    app.add_exception_handler(Refused, _refused)


async def _to_the_sign_in(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, NotSignedIn)  # noqa: S101 - it is registered for this one
    if request.method == "GET" and _is_navigation(request):
        return RedirectResponse(SIGN_IN, 303)
    return _let_go(answer(request, told_of_problem(problem), None))


async def _no_such_instance(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, NoSuchInstance)  # noqa: S101 - it is registered for this one
    if not _is_navigation(request):
        return _let_go(answer(request, told_of_problem(problem), None))
    instance_id = request.path_params["instance_id"][:100]
    main = render("support/console/no_such.html", told=problem, instance_id=instance_id)
    page = show(request, request.state.agent, main, active="find", title=problem.title)
    page.status_code = problem.status
    page.headers[PROBLEM_HEADER] = problem.slug
    return page


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101 - it is registered for this one
    return _let_go(answer(request, told_of_refusal(refused), None))


def _let_go(response: Response) -> Response:
    response.headers[GONE] = "true"
    return response


def _is_navigation(request: Request) -> bool:
    wants_page = "text/html" in request.headers.get("accept", "")
    return wants_page and "hx-request" not in request.headers
