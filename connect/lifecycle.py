"""The lifecycle routes: how a Jira site installs, changes and leaves the app.

`installed` and `uninstalled` are signed by Atlassian (RS256), `enabled` and `disabled` by the
site with its latest secret. The signature covers method, path and query but not the body, so the
body must agree with the token, and a token counts once.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from connect.claims import LEEWAY_S
from connect.install_keys import InstallKeys
from connect.install_tokens import check_install_header, verify_install_token
from connect.jws import Jws, parse_token
from connect.lifecycle_events import EventType, LifecycleEvent
from connect.problems import BodyRefused, problem_of
from connect.refusals import KeyServerUnreachable, TokenProblem, TokenRefused
from connect.requests import request_path, request_query
from connect.sites import AllowedHosts, Site
from connect.tokens import check_site_header, token_in_header, verify_bound_token

MAX_BODY_BYTES = 64 * 1024
EVENTS: tuple[EventType, ...] = ("installed", "uninstalled", "enabled", "disabled")
SIGNED_BY_ATLASSIAN: frozenset[EventType] = frozenset({"installed", "uninstalled"})


@dataclass(frozen=True)
class UsedToken:
    """A lifecycle token that was accepted: SHA-256 of it, to be remembered until `expires_at`.

    `expires_at` is in seconds since the epoch and includes the leeway.
    """

    fingerprint: bytes
    expires_at: int


class LifecycleStore(Protocol):
    """Where installed sites are kept."""

    async def find(self, client_key: str) -> Site | None:
        """The site, also when it was uninstalled; None when it was never seen."""
        ...

    async def apply(self, event: LifecycleEvent, token: UsedToken) -> None:
        """Remember the token and do what the event says, in one transaction.

        It is committed when this returns: `enabled` follows at once, signed with the new secret.
        Raises TokenReplayed when the token was used before, and then changes nothing.
        """
        ...


@dataclass(frozen=True)
class _Lifecycle:
    app_key: str
    app_base_url: str
    allowed_hosts: AllowedHosts
    keys: InstallKeys
    store: LifecycleStore | Callable[[Request], LifecycleStore]

    async def receive(self, request: Request, event_type: EventType) -> None:
        body = await _read_body(request)
        token = token_in_header(request.headers.get("authorization"))
        parsed = parse_token(token)
        check_header = (
            check_install_header if event_type in SIGNED_BY_ATLASSIAN else check_site_header
        )
        check_header(parsed)
        event = self._event(body, event_type)
        store = self._store(request)
        if event_type in SIGNED_BY_ATLASSIAN:
            expires_at = await self._verify_install(request, parsed, event)
            if event_type == "uninstalled" and await store.find(event.client_key) is None:
                return
        else:
            expires_at = self._verify_site(request, parsed, await store.find(event.client_key))
        fingerprint = hashlib.sha256(token.encode("ascii")).digest()
        await store.apply(event, UsedToken(fingerprint, expires_at + LEEWAY_S))

    def _event(self, body: bytes, event_type: EventType) -> LifecycleEvent:
        event = _parse_event(body)
        if event.key != self.app_key:
            raise TokenRefused(TokenProblem.APP_KEY, "The call is meant for another app key.")
        if event.event_type != event_type:
            raise TokenRefused(TokenProblem.EVENT, "The body's event is not the one of this URL.")
        if event.base_url is not None and not self.allowed_hosts.accepts(event.base_url):
            raise TokenRefused(TokenProblem.HOST, "The site's base URL is not on an allowed host.")
        if event.display_url is not None and not self.allowed_hosts.well_formed(event.display_url):
            # Only shown and framed, so a strange one is not worth refusing an install for.
            return event.model_copy(update={"display_url": None})
        return event

    async def _verify_install(self, request: Request, token: Jws, event: LifecycleEvent) -> int:
        return await verify_install_token(
            token,
            self.keys,
            client_key=event.client_key,
            method=request.method,
            path=request_path(request, self.app_base_url),
            query=request_query(request),
            app_base_url=self.app_base_url,
        )

    def _verify_site(self, request: Request, token: Jws, site: Site | None) -> int:
        if site is None:
            # Without its secret nothing proves who calls, so this is no silent yes.
            raise TokenRefused(TokenProblem.UNKNOWN_SITE, "The app is not installed on this site.")
        claims = verify_bound_token(
            token,
            site,
            method=request.method,
            path=request_path(request, self.app_base_url),
            query=request_query(request),
            audiences=(self.app_base_url, self.app_key, site.client_key),
        )
        return claims.expires_at

    def _store(self, request: Request) -> LifecycleStore:
        return self.store(request) if callable(self.store) else self.store


def lifecycle_router(
    *,
    app_key: str,
    app_base_url: str,
    allowed_hosts: AllowedHosts,
    keys: InstallKeys,
    store: LifecycleStore | Callable[[Request], LifecycleStore],
) -> APIRouter:
    """POST /connect/lifecycle/{installed,uninstalled,enabled,disabled}.

    Answers 204; 400 and 413 for bodies that can not be used, 401 for anything that is not proven,
    503 when the key server can not be asked: all as application/problem+json.
    """
    lifecycle = _Lifecycle(app_key, app_base_url.rstrip("/"), allowed_hosts, keys, store)
    router = APIRouter(prefix="/connect/lifecycle", tags=["connect lifecycle"])
    for event_type in EVENTS:
        router.add_api_route(
            f"/{event_type}",
            _endpoint(lifecycle, event_type),
            methods=["POST"],
            name=f"connect_{event_type}",
            status_code=204,
            response_class=Response,
            summary=f"Jira says that the app was {event_type}",
            responses=_RESPONSES,
        )
    return router


_RESPONSES: dict[int | str, dict[str, str]] = {
    400: {"description": "The body is not a lifecycle event"},
    401: {"description": "Not proven to come from the Jira site"},
    413: {"description": "The body is larger than 64 KiB"},
    503: {"description": "The install key could not be fetched"},
}


def _endpoint(
    lifecycle: _Lifecycle, event_type: EventType
) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        try:
            await lifecycle.receive(request, event_type)
        except (TokenRefused, KeyServerUnreachable, BodyRefused) as error:
            return problem_of(error)
        return Response(status_code=204)

    return receive


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BodyRefused(413, "Too large", "A lifecycle event is at most 64 KiB long.")
    return bytes(body)


def _parse_event(body: bytes) -> LifecycleEvent:
    try:
        return LifecycleEvent.model_validate_json(body)
    except ValidationError as error:
        fields = {".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)}
        known = sorted(fields & _FIELD_NAMES)
        about = f" Look at: {', '.join(known)}." if known else ""
    raise BodyRefused(400, "Not a lifecycle event", f"The body is no lifecycle event.{about}")


_FIELD_NAMES = {
    field.alias for field in LifecycleEvent.model_fields.values() if field.alias is not None
}
