"""All doors that people come through, and which of them a request is at."""

from starlette.requests import Request

from app.access import Action, Caller
from app.errors import NotSignedIn
from app.identity.account_door import AccountDoor
from app.identity.accounts import USER
from app.identity.connect_door import ConnectDoor
from app.identity.visit import ProjectInView, Proof, Visit
from app.instances.facts import InstanceFacts
from connect import LicenceState


class Doors:
    """Inside of Jira a token counts and no cookie is looked at, elsewhere a session does."""

    def __init__(self, connect: ConnectDoor, account: AccountDoor) -> None:
        self.connect = connect
        self.account = account

    async def enter(self, request: Request, proof: Proof, action: Action) -> Visit:
        """Raise ``Unproven`` without good proof, ``CannotTell`` when Jira can not be asked."""
        brings_token = "authorization" in request.headers or "jwt" in request.query_params
        if proof is Proof.SESSION and brings_token:
            raise NotSignedIn("This is for people who signed in here, outside of Jira.")
        if proof is Proof.PAGE or brings_token:
            return await self.connect.enter(request, proof, action)
        return await self.account.enter(request, action)

    async def caller_of(
        self,
        facts: InstanceFacts,
        account: str,
        project: ProjectInView | None,
        licence: LicenceState,
    ) -> Caller:
        """Anybody as they would stand here now: ``jira:<id>`` from ``project``, or ``user:<id>``.

        Raises ``CannotTell`` where the answer is Jira's and it can not be asked.
        """
        if account.startswith(USER):
            return await self.account.caller_of(facts, account, licence)
        account_id = account.removeprefix("jira:")
        return await self.connect.caller_of(facts, account_id, project, licence)
