"""The parts of the console, put together once for each process."""

from dataclasses import dataclass

import httpx
from starlette.requests import Request

from app.audit.trail import Refusals
from app.database import Database
from app.encryption import ConsoleKeys
from app.signing_in.provider import Client, IdentityProvider
from app.support.console.sessions import Sessions
from app.support.console.settings import ConsoleSettings
from app.support.console.signing_in import SigningIn
from app.support.console_role import SUPPORT_ROLE
from app.support.keys import SupportPrivateKeys

CALLBACK = "/sign-in/provider/back"


@dataclass(frozen=True, slots=True)
class Console:
    """Everything that the console's routes are handed. There is no master key among it."""

    settings: ConsoleSettings
    database: Database
    keys: ConsoleKeys
    private_keys: SupportPrivateKeys
    sessions: Sessions
    signing_in: SigningIn
    provider: IdentityProvider | None
    refusals: Refusals
    http: httpx.AsyncClient

    async def close(self) -> None:
        """Give back connections."""
        await self.http.aclose()
        await self.database.close()


def console_of(request: Request) -> Console:
    """The console that answers this request."""
    console: Console = request.app.state.console
    return console


def build_console(settings: ConsoleSettings, http: httpx.AsyncClient) -> Console:
    """Build all parts; nothing is connected yet. ``http`` is for the identity provider."""
    database = Database(settings, SUPPORT_ROLE)
    keys = ConsoleKeys(settings.session_keys)
    sessions = Sessions(database, idle=settings.idle, longest=settings.longest)
    client = _client(settings)
    return Console(
        settings=settings,
        database=database,
        keys=keys,
        private_keys=SupportPrivateKeys(settings.private_keys),
        sessions=sessions,
        signing_in=SigningIn(database, keys, sessions),
        provider=IdentityProvider(client, keys, http) if client else None,
        refusals=Refusals(database),
        http=http,
    )


def _client(settings: ConsoleSettings) -> Client | None:
    if not (settings.support_oidc_issuer and settings.support_oidc_client_id):
        return None
    assert settings.support_oidc_client_secret is not None  # noqa: S101 - they come together
    return Client(
        issuer=settings.support_oidc_issuer,
        id=settings.support_oidc_client_id,
        secret=settings.support_oidc_client_secret.get_secret_value(),
        redirect_uri=f"{settings.support_base_url}{CALLBACK}",
    )
