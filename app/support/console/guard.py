"""What every route of the console declares: a session, and what it is about."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request

from app.access import Action
from app.errors import NotSignedIn
from app.identity.visit import Proof
from app.support.console.looking import Looking, NoSuchInstance
from app.support.console.parts import console_of
from app.support.console.sessions import COOKIE, SignedIn


class Session:
    """Asks for a session, and nothing of any customer."""

    proof = Proof.SESSION
    action: Action | None = None

    async def __call__(self, request: Request) -> SignedIn:
        console = console_of(request)
        token = request.cookies.get(COOKIE, "")
        found = await console.sessions.find(token) if token else None
        if found is None:
            raise NotSignedIn("Your session has ended, or there was none.", mend="Sign in again.")
        request.state.agent = found
        return found


class AtInstance:
    """Asks for a session, and for ``action`` at the customer of the address."""

    proof = Proof.SESSION

    def __init__(self, action: Action) -> None:
        self.action = action
        self._session = Session()

    async def __call__(self, request: Request, instance_id: str) -> Looking:
        agent = await self._session(request)
        try:
            wanted = UUID(instance_id)
        except ValueError:
            raise NoSuchInstance from None
        return Looking(console_of(request), agent, wanted, self.action)


def looking(action: Action) -> Any:
    """For everything that shows something of a customer."""
    return AtInstance(action)


Agent = Annotated[SignedIn, Depends(Session())]
