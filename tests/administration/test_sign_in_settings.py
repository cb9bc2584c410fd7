"""Administration > Sign-in: the second factor, and the customer's identity provider."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import psycopg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.administration.sign_in import remove_provider
from app.errors import Conflict
from app.house import House
from app.instances.facts import InstanceFacts
from tests.administration.kit import Office, visit_of
from tests.integrations.kit import flag, words
from tests.people import Visitor
from tests.servers import free_port, serving

SIGN_IN = "/administration/sign-in"
SECRET = "the-clients-own-secret"
As = Callable[..., Visitor]


def provider(issuer: str = "https://login.example.com", **changes: str) -> dict[str, str]:
    return {
        "name": "Acme Login",
        "issuer": issuer,
        "client_id": "getint",
        "client_secret": SECRET,
        **changes,
    }


@pytest.fixture
def issuer() -> Iterator[str]:
    """A provider that says of itself what it should."""
    port = free_port()
    address = f"http://localhost:{port}"

    async def metadata(request: Request) -> JSONResponse:
        del request
        ends = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        return JSONResponse({"issuer": address, **{end: f"{address}/{end}" for end in ends}})

    route = Route("/.well-known/openid-configuration", metadata)
    with serving(Starlette(routes=[route]), port):
        yield address


async def test_a_second_factor_is_made_a_must_and_optional_again(
    office: Office, house: House, facts: InstanceFacts
) -> None:
    for choice, is_required in (("yes", True), ("yes", True), ("no", False)):
        answer = await office.admin.post(f"{SIGN_IN}/second-factor", data={"required": choice})
        assert answer.status_code == 200
        now = await house.directory.of_instance(facts.instance_id)
        assert now
        assert now.second_factor_required is is_required
    assert (await office.admin.post(f"{SIGN_IN}/second-factor")).status_code == 422


async def test_the_secret_is_sealed_and_never_shown_again(
    office: Office, house: House, facts: InstanceFacts, superuser: psycopg.Connection
) -> None:
    answer = await office.admin.post(f"{SIGN_IN}/provider", data=provider())
    assert answer.status_code == 200
    for page in ("", "/provider"):
        shown = await office.admin.get(f"{SIGN_IN}{page}")
        assert "https://login.example.com" in shown.text
        assert SECRET not in shown.text
    kept = superuser.execute(
        "SELECT (SELECT string_agg(p::text, '') FROM identity_providers p)"
        " || (SELECT string_agg(a::text, '') FROM audit_entries a)"
    ).fetchone()
    assert kept
    assert SECRET not in kept[0]
    assert SECRET.encode().hex() not in kept[0]
    now = await house.directory.of_instance(facts.instance_id)
    assert now
    assert now.provider
    assert now.provider.client_secret == SECRET
    assert SECRET not in repr(now)


async def test_an_empty_secret_keeps_the_one_that_is_set_but_not_for_another_issuer(
    office: Office, house: House, facts: InstanceFacts
) -> None:
    await office.admin.post(f"{SIGN_IN}/provider", data=provider())
    renamed = provider(name="Renamed", client_secret="")
    assert (await office.admin.post(f"{SIGN_IN}/provider", data=renamed)).status_code == 200
    now = await house.directory.of_instance(facts.instance_id)
    assert now
    assert now.provider
    assert (now.provider.name, now.provider.client_secret) == ("Renamed", SECRET)
    # Else whoever changes the issuer would be sent a secret that they never knew.
    elsewhere = provider("https://evil.example.com", client_secret="")
    answer = await office.admin.post(f"{SIGN_IN}/provider", data=elsewhere)
    assert answer.status_code == 422
    assert "A client secret is needed." in words(answer)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "http://login.example.com"}, "must be https"),
        ({"issuer": "login.example.com"}, "must be an address"),
        ({"issuer": "https://u:p@login.example.com"}, "must be an address"),
        ({"issuer": ""}, "must be an address"),
        ({"client_id": ""}, "A client ID is needed."),
        ({"client_secret": ""}, "A client secret is needed."),
        ({"name": ""}, "A name is needed."),
    ],
)
async def test_a_provider_that_can_not_be_used_is_refused(
    office: Office, superuser: psycopg.Connection, changes: dict[str, str], said: str
) -> None:
    answer = await office.admin.post(f"{SIGN_IN}/provider", data=provider(**changes))
    assert answer.status_code == 422
    assert said in words(answer)
    assert SECRET not in answer.text
    assert superuser.execute("SELECT count(*) FROM identity_providers").fetchone() == (0,)


async def test_a_provider_is_tested_as_a_sign_in_would_ask_it(office: Office, issuer: str) -> None:
    assert (await office.admin.post(f"{SIGN_IN}/provider/test")).status_code == 409
    await office.admin.post(f"{SIGN_IN}/provider", data=provider(issuer))
    answer = await office.admin.post(f"{SIGN_IN}/provider/test")
    assert flag(answer)["title"] == "Acme Login answers"
    await office.admin.post(f"{SIGN_IN}/provider", data=provider(f"{issuer}/"))
    answer = await office.admin.post(f"{SIGN_IN}/provider/test")
    assert flag(answer)["kind"] == "error"
    assert "calls itself by another name" in flag(answer)["body"]


async def test_a_provider_does_not_lead_into_the_operators_network(office: Office) -> None:
    await office.admin.post(f"{SIGN_IN}/provider", data=provider("https://10.0.0.1"))
    answer = await office.admin.post(f"{SIGN_IN}/provider/test")
    assert answer.status_code == 200
    assert flag(answer)["kind"] == "error"
    assert "leads into a private network" in flag(answer)["body"]


async def test_who_was_known_at_another_issuer_or_at_a_removed_one_is_found_anew(
    office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    known = "UPDATE accounts SET oidc_issuer = 'https://login.example.com', oidc_subject = 'pat'"
    await office.admin.post(f"{SIGN_IN}/provider", data=provider())
    superuser.execute(known)
    await office.admin.post(f"{SIGN_IN}/provider", data=provider(name="Same issuer"))
    assert office.account(pat)["oidc_subject"] == "pat"
    await office.admin.post(f"{SIGN_IN}/provider", data=provider("https://other.example.com"))
    assert office.account(pat)["oidc_subject"] is None
    superuser.execute(known)
    assert (await office.admin.post(f"{SIGN_IN}/provider/remove")).status_code == 200
    assert office.account(pat)["oidc_subject"] is None
    assert superuser.execute("SELECT count(*) FROM identity_providers").fetchone() == (0,)


async def test_the_provider_stays_while_the_only_administrators_sign_in_by_it(
    office: Office, house: House, facts: InstanceFacts, superuser: psycopg.Connection
) -> None:
    await office.admin.post(f"{SIGN_IN}/provider", data=provider())
    root = await office.administrator("Root Admin")
    superuser.execute(
        "UPDATE accounts SET password_hash = NULL, oidc_issuer = 'i', oidc_subject = 's'"
    )
    alone = replace(facts, linked_site=None)

    async def removed() -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            await remove_provider(session, house.changes, visit_of(alone))

    with pytest.raises(Conflict, match="still needed"):
        await removed()
    office.can_sign_in(root)
    await removed()


async def test_nobody_but_administrators_decides_how_people_sign_in(
    as_: As, office: Office, superuser: psycopg.Connection
) -> None:
    for method, path in (
        ("GET", ""),
        ("POST", "/second-factor"),
        ("POST", "/provider"),
        ("POST", "/provider/test"),
        ("POST", "/provider/remove"),
    ):
        answer = await as_("gitlab").ask(method, f"{SIGN_IN}{path}")
        assert answer.status_code == 403
        assert "Only administrators can do this." in words(answer)
