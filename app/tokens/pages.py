"""The pages of access tokens: one's own, and for administrators everybody's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from app.administration.models import AccessToken
from app.house import House
from app.identity.people import Person
from app.identity.visit import Visit
from app.integrations.reading import things
from app.integrations.wording import when
from app.tokens import service
from app.tokens.words import Lasts, Scope, scopes_of
from app.web.templates import render

OWN, EVERYBODYS = "/account/tokens", "/administration/tokens"
CHANGED = "getint:tokens-changed"
SCOPES = (
    (Scope.WRITE, "Write", "Create, change, run, share and delete, as far as you may."),
    (Scope.ADMINISTER, "Administer", "Settings, workspaces and users, as far as you may."),
)
LASTS = [
    (Lasts.A_WEEK, "7 days"),
    (Lasts.A_MONTH, "30 days"),
    (Lasts.A_QUARTER, "90 days"),
    (Lasts.A_YEAR, "A year"),
]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is drawn."""

    id: str
    name: str
    ending: str
    scopes: str
    project_key: str
    made: str
    used: str
    until: str
    is_over: bool
    owner: Person | None


async def own_main(house: House, visit: Visit) -> Markup:
    """The visitor's own tokens, and what the API is."""
    rows = await things(house, visit, service.of_account(visit.caller.account))
    return render(
        "tokens/own.html",
        rows=[_row(row) for row in rows],
        base=OWN,
        changed=CHANGED,
        api=f"{house.settings.app_base_url}/api/v1",
    )


async def everybodys_main(house: House, visit: Visit) -> Markup:
    """All tokens of the instance, with whose they are."""
    rows = await things(house, visit, service.everybodys())
    people = await house.people.named(visit.facts, [row.account for row in rows])
    return render(
        "tokens/everybodys.html",
        rows=[_row(row, people[row.account]) for row in rows],
        base=EVERYBODYS,
        changed=CHANGED,
        is_cut=len(rows) == service.MOST_SHOWN,
    )


def new_dialog(visit: Visit, values: Mapping[str, str], errors: Mapping[str, str]) -> Markup:
    """Asks what the token is for."""
    return render(
        "tokens/new.html",
        base=OWN,
        values={"days": Lasts.A_QUARTER.value, **values},
        errors=errors,
        scopes=SCOPES,
        lasts=[(each.value, label) for each, label in LASTS],
        project_key=visit.project.key if visit.project else "",
    )


def made_dialog(house: House, token: str) -> Markup:
    """The token, the only time it is shown."""
    example = f'curl -H "Authorization: Bearer {token}" {house.settings.app_base_url}/api/v1/me'
    return render("tokens/made.html", token=token, example=example)


def revoke_dialog(row: AccessToken, base: str) -> Markup:
    """Asks whether it is meant."""
    return render("tokens/revoke.html", row=_row(row), base=base)


def _row(row: AccessToken, owner: Person | None = None) -> TokenRow:
    labels = {Scope.READ: "Read", **{scope: label for scope, label, _ in SCOPES}}
    return TokenRow(
        id=str(row.id),
        name=row.name,
        ending=row.ending,
        scopes=", ".join(labels[scope] for scope in scopes_of(row.scopes)),
        project_key=row.project_key or "",
        made=when(row.created_at),
        used=when(row.last_used_at) if row.last_used_at else "",
        until=when(row.expires_at),
        is_over=row.expires_at <= datetime.now(UTC),
        owner=owner,
    )
