"""An agent's own desk: find an instance, ask for access, sign out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import func, select
from starlette.requests import Request
from starlette.responses import Response

from app.integrations.wording import when
from app.support.console.guard import Agent
from app.support.console.parts import console_of
from app.support.console.show import show
from app.sync.rules import storable
from app.web.forms import filled, takes_form
from app.web.pages import fragment
from app.web.templates import render

NO_ID = "An Instance ID looks like 3f2b8c1e-5d4a-4c6b-9e7f-0a1b2c3d4e5f."
router = APIRouter(tags=["desk"], default_response_class=HTMLResponse)


def _as_id(value: object) -> UUID:
    try:
        return UUID(str(value).strip())
    except ValueError:
        raise ValueError(NO_ID) from None


class RequestForm(BaseModel):
    """An agent's request for access."""

    model_config = ConfigDict(extra="forbid")

    instance: Annotated[UUID, BeforeValidator(_as_id), Field(title="Instance ID")]
    ticket: Annotated[
        str, Field(title="Ticket", min_length=1, max_length=100), AfterValidator(storable)
    ]
    message: Annotated[str, Field(title="Message", max_length=1000), AfterValidator(storable)] = ""


@router.get("/")
async def find_page(request: Request, agent: Agent, *, instance: str = "") -> Response:
    """Where to enter an Instance ID; with one, on to it, whether there is one or not."""
    wrong = ""
    if instance.strip():
        try:
            return RedirectResponse(f"/instances/{_as_id(instance)}", 303)
        except ValueError as problem:
            wrong = str(problem)
    main = render("support/console/find.html", instance=instance[:100], wrong=wrong)
    return show(request, agent, main, active="find", title="Find an instance")


@router.get("/requests/new")
async def request_page(request: Request, agent: Agent, *, instance: str = "") -> HTMLResponse:
    """The form to ask a customer for access."""
    values = {"instance": instance[:100]}
    main = render("support/console/ask.html", values=values, errors={}, is_sent=False)
    return show(request, agent, main, active="ask", title="Ask for access")


@router.post("/requests", openapi_extra=takes_form(RequestForm))
async def ask_for_access(request: Request, agent: Agent) -> HTMLResponse:
    """Pass a request on. The answer is the same whether there is such an instance or not."""
    entered = await filled(request, RequestForm)
    if entered.form is not None:
        form = entered.form
        statement = select(
            func.ask_for_support_access(agent.agent_id, form.instance, form.ticket, form.message)
        )
        async with console_of(request).database.of_nobody() as session:
            await session.execute(statement)
    main = render(
        "support/console/ask.html",
        values=entered.values,
        errors=entered.errors,
        is_sent=entered.form is not None,
    )
    answer = show(request, agent, main, active="ask", title="Ask for access")
    answer.status_code = 200 if entered.form else 422
    return answer


@router.get("/account")
async def account(agent: Agent) -> HTMLResponse:
    """Who is signed in, until when, and the way out."""
    dialog = render("support/console/account.html", agent=agent, ends=when(agent.ends_at))
    return fragment(dialog)
