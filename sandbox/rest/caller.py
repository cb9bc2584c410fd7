"""Who calls the REST API: the app by its JWT, a person by cookie or basic auth, or nobody."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from sandbox.permissions import Holder, implied_scopes
from sandbox.rest.errors import JiraError
from sandbox.running import Here, Sandbox
from sandbox.site import Person
from sandbox.tokens import TokenRefusedError, query_string_hash, verify_app_token

INACCESSIBLE = "INACCESSIBLE"
NOT_AUTHENTICATED = "Client must be authenticated to access this resource."


def app_token(request: Request) -> str | None:
    """The JWT of a call that says it comes from the app."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme == "JWT" else request.query_params.get("jwt")


async def caller_of(request: Request, sandbox: Here) -> Holder:
    """Raises 401 where a proof was given and does not hold."""
    token = app_token(request)
    if token is not None:
        return _app(request, sandbox, token)
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        return Holder(sandbox.site, person=_by_basic_auth(sandbox, value))
    if scheme:
        raise JiraError(401, NOT_AUTHENTICATED)
    cookie = request.cookies.get(sandbox.site.person_cookie)
    return Holder(sandbox.site, person=sandbox.site.find_person(cookie))


def _app(request: Request, sandbox: Sandbox, token: str) -> Holder:
    addon = sandbox.site.addon
    if addon is None or not addon.installed:
        raise JiraError(401, NOT_AUTHENTICATED)
    raw_path = request.scope["raw_path"].decode("ascii")
    query = request.scope["query_string"].decode("ascii")
    qsh = query_string_hash(request.method, raw_path, query)
    try:
        verify_app_token(token, app_key=addon.key, secret=addon.shared_secret, qsh=qsh)
    except TokenRefusedError as refused:
        raise JiraError(401, f"{NOT_AUTHENTICATED} ({refused})") from None
    if sandbox.quota.exhausted:
        raise JiraError(429, "Rate limit exceeded.")
    return Holder(sandbox.site, addon=addon)


def _by_basic_auth(sandbox: Sandbox, value: str) -> Person:
    """The name is an e-mail or an account id, the password an API token where the site has any."""
    try:
        name, _, password = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise JiraError(401, NOT_AUTHENTICATED) from None
    for person in sandbox.site.people:
        if name in (person.email, person.account_id) and _opens(sandbox, person, password):
            return person
    raise JiraError(401, NOT_AUTHENTICATED)


def _opens(sandbox: Sandbox, person: Person, password: str) -> bool:
    tokens = sandbox.site.api_tokens
    if tokens is None:
        return True
    token = tokens.get(person.account_id)
    return token is not None and hmac.compare_digest(token.encode(), password.encode())


def needs(scope: str, *, anonymous: bool = False) -> Callable[[Holder], Awaitable[Holder]]:
    """A dependency: the caller, if the app's scopes (or a person's login) let them in."""

    async def allowed(caller: Annotated[Holder, Depends(caller_of)]) -> Holder:
        if caller.addon is not None:
            if scope not in implied_scopes(caller.addon):
                raise JiraError(403, f"The app is not allowed to do this: it needs scope {scope}.")
        elif caller.person is None and not anonymous:
            raise JiraError(401, NOT_AUTHENTICATED)
        return caller

    return allowed


# The Connect scope of each endpoint is `x-atlassian-connect-scope` of Atlassian's OpenAPI.
Reader = Annotated[Holder, Depends(needs("READ"))]
Anybody = Annotated[Holder, Depends(needs("READ", anonymous=True))]
Writer = Annotated[Holder, Depends(needs("WRITE"))]
Deleter = Annotated[Holder, Depends(needs("DELETE"))]
Administrator = Annotated[Holder, Depends(needs("ADMIN"))]
PersonOnly = Annotated[Holder, Depends(needs(INACCESSIBLE))]
Unscoped = Annotated[Holder, Depends(needs("NONE"))]


def require_browse_users(caller: Holder) -> None:
    """*Browse users and groups*, or 403."""
    if not caller.has_global("USER_PICKER"):
        raise JiraError(403, "Browse users and groups permission is required.")
