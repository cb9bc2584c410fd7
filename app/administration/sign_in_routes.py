"""Administration > Sign-in: the second factor, and the customer's identity provider."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from app.access import Action
from app.administration.forms import Name
from app.administration.sign_in import remove_provider, require_second_factor, set_provider
from app.administration.user_pages import sign_in_address
from app.errors import CannotTell, Conflict, InvalidInput
from app.house import House, house_of
from app.identity.guard import context
from app.identity.visit import Visit
from app.integrations.schemas import ON_ONE_LINE
from app.settings import web_address
from app.signing_in.provider import NotVouchedFor
from app.signing_in.provider_routes import provider_of, redirect_address
from app.web.forms import filled, takes_form
from app.web.page_router import page_router
from app.web.pages import Flag, fragment
from app.web.show import show
from app.web.templates import render

ROOT = "/administration/sign-in"
CHANGED = "getint:sign-in-changed"
router = page_router(ROOT, "administration")
Managing = Annotated[Visit, Depends(context(Action.MANAGE_USERS))]
_EMPTY = SecretStr("")


def _is_issuer(text: str) -> str:
    web_address(text)  # as it is: an issuer is compared letter by letter
    return text


class SecondFactorForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    required: Literal["yes", "no"] = Field(title="A choice")


class ProviderForm(BaseModel):
    """An empty secret stays as it is."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[Name, Field(title="A name")]
    issuer: Annotated[
        str, Field(title="The issuer", max_length=500), ON_ONE_LINE, AfterValidator(_is_issuer)
    ]
    client_id: Annotated[str, Field(title="A client ID", min_length=1, max_length=500), ON_ONE_LINE]
    client_secret: Annotated[SecretStr, Field(title="The client secret", max_length=1000)] = _EMPTY


@router.get("")
async def sign_in(request: Request, visit: Managing) -> HTMLResponse:
    """How people sign in here."""
    house = house_of(request)
    main = render(
        "administration/sign_in.html",
        changed=CHANGED,
        facts=visit.facts,
        sign_in=sign_in_address(house, visit),
        redirect=redirect_address(house.settings.app_base_url, visit.facts),
    )
    return show(request, visit, main, active="sign-in", title="Sign-in")


@router.get("/second-factor")
async def ask_whether(visit: Managing) -> HTMLResponse:
    """The dialog: what it means for everybody."""
    return fragment(render("administration/second_factor.html", facts=visit.facts))


@router.post("/second-factor", openapi_extra=takes_form(SecondFactorForm))
async def choose(request: Request, visit: Managing) -> HTMLResponse:
    """Make a second factor a must, or leave it to each."""
    house = house_of(request)
    sent = await filled(request, SecondFactorForm)
    if (form := sent.form) is None:
        raise InvalidInput(fields=sent.errors)
    required = form.required == "yes"
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await require_second_factor(session, house.changes, visit, required=required)
    return _done(Flag("A second factor is " + ("a must now" if required else "optional now")))


@router.get("/provider")
async def ask_which(request: Request, visit: Managing) -> HTMLResponse:
    """The dialog with what the provider and we know of each other."""
    known = visit.facts.provider
    values = (
        {"name": known.name, "issuer": known.issuer, "client_id": known.client_id} if known else {}
    )
    return fragment(_provider_form(house_of(request), visit, values, {}))


@router.post("/provider", openapi_extra=takes_form(ProviderForm))
async def connect_provider(request: Request, visit: Managing) -> HTMLResponse:
    """Let people sign in there."""
    house = house_of(request)
    sent = await filled(request, ProviderForm)
    errors = sent.errors
    if (form := sent.form) is not None:
        try:
            async with house.database.of_instance(visit.caller.instance_id) as session:
                await set_provider(
                    session,
                    house.changes,
                    visit,
                    name=form.name,
                    issuer=form.issuer,
                    client_id=form.client_id,
                    client_secret=form.client_secret.get_secret_value(),
                )
            return _done(Flag(f"{form.name} was saved", "Test it before you tell people."))
        except InvalidInput as error:
            errors = error.fields
    return fragment(_provider_form(house, visit, sent.values, errors), status=422)


@router.post("/provider/test")
async def test_provider(request: Request, visit: Managing) -> HTMLResponse:
    """Ask the provider what it says of itself, as a sign-in would."""
    name = visit.facts.provider.name if visit.facts.provider else ""
    if not name:
        raise Conflict("There is no identity provider any more.", mend="Reload the page.")
    try:
        async with provider_of(house_of(request), visit.facts) as provider:
            await provider.begin()
    except (CannotTell, NotVouchedFor) as problem:
        detail = problem.detail if isinstance(problem, CannotTell) else str(problem)
        return fragment("", flag=Flag(f"{name} can't be used", detail, "error"))
    words = "It answers as it should. Whether it knows the client shows at the first sign-in."
    return fragment("", flag=Flag(f"{name} answers", words))


@router.get("/provider/remove")
async def ask_to_remove(visit: Managing) -> HTMLResponse:
    """The dialog: what removing means."""
    return fragment(render("administration/provider_remove.html", facts=visit.facts))


@router.post("/provider/remove")
async def disconnect_provider(request: Request, visit: Managing) -> HTMLResponse:
    """Let nobody sign in there any more."""
    house = house_of(request)
    async with house.database.of_instance(visit.caller.instance_id) as session:
        await remove_provider(session, house.changes, visit)
    return _done(Flag("The identity provider was removed"))


def _done(flag: Flag) -> HTMLResponse:
    return fragment("", flag=flag, close_dialog=True, events={CHANGED: {}})


def _provider_form(
    house: House, visit: Visit, values: Mapping[str, str], errors: Mapping[str, str]
) -> Markup:
    return render(
        "administration/provider.html",
        values={"name": "", "issuer": "", "client_id": "", **values},
        errors={"": "", "name": "", "issuer": "", "client_id": "", "client_secret": "", **errors},
        is_new=visit.facts.provider is None,
        redirect=redirect_address(house.settings.app_base_url, visit.facts),
    )
