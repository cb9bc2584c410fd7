"""The Account door: the cookie of a session becomes a Visit of somebody who has an account here."""

from starlette.requests import Request

from app.access import Action, Caller, Door, Situation
from app.errors import NotSignedIn
from app.identity.accounts import KnownAccount, KnownAccounts, account_id_of
from app.identity.visit import Proof, Visit
from app.instances.directory import Directory
from app.instances.facts import InstanceFacts
from app.instances.licence import STANDING, Licences
from app.settings import Settings
from app.signing_in.origin import require_own_page
from app.signing_in.sessions import COOKIE, Sessions
from connect import LicenceState

_ADMINISTRATOR = "administrator"
SECOND_FACTOR_IS_A_MUST = "An administrator has made a second factor a must."


class AccountDoor:
    """Asks for a session, and says who is calling and what they were given."""

    def __init__(
        self,
        *,
        settings: Settings,
        directory: Directory,
        licences: Licences,
        accounts: KnownAccounts,
        sessions: Sessions,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._licences = licences
        self._accounts = accounts
        self._sessions = sessions

    async def enter(self, request: Request, action: Action) -> Visit:
        """Raise ``NotSignedIn`` without a session that is worth something now.

        What changes anything has to come from a page of ours; ``NotFromHere`` otherwise.
        """
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            raise NotSignedIn("This page needs you to sign in.")
        require_own_page(request, self._settings.app_base_url)
        signed_in = await self._sessions.find(cookie)
        if signed_in is None:
            raise _over()
        facts = await self._directory.of_instance(signed_in.instance_id)
        known = await self._accounts.find(signed_in.instance_id, signed_in.account_id)
        if facts is None or known is None or not known.enabled:
            raise _over()
        if known.lacks_second_factor(facts):
            raise NotSignedIn(SECOND_FACTOR_IS_A_MUST, mend="Sign in again to set one up.")
        licence = await self._licence(facts)
        request.state.signed_in = signed_in
        return Visit(
            caller=self._caller(facts, f"user:{known.id}", known, licence),
            facts=facts,
            proof=Proof.SESSION,
            action=action,
            licence=licence,
            project=None,
        )

    async def caller_of(self, facts: InstanceFacts, account: str, licence: LicenceState) -> Caller:
        """Any ``user:<id>`` as they would stand here now; one who is gone may nothing."""
        return self._caller(facts, account, await self._known(facts, account), licence)

    async def lacks_second_factor(self, facts: InstanceFacts, account: str) -> bool:
        """Whether ``user:<id>`` could not sign in for want of one; Jira's people sign in there."""
        known = await self._known(facts, account)
        return known is not None and known.lacks_second_factor(facts)

    async def _known(self, facts: InstanceFacts, account: str) -> KnownAccount | None:
        account_id = account_id_of(account)
        return await self._accounts.find(facts.instance_id, account_id) if account_id else None

    async def _licence(self, facts: InstanceFacts) -> LicenceState:
        if facts.is_installed and facts.is_enabled:
            return await self._licences.state(facts, None)
        return self._licences.known_state(facts)

    def _caller(
        self, facts: InstanceFacts, account: str, known: KnownAccount | None, licence: LicenceState
    ) -> Caller:
        situation = Situation(
            installed=facts.is_installed and facts.is_enabled,
            configured=facts.is_configured,
            licence=STANDING[licence],
            group_prefix=self._settings.group_prefix,
        )
        if known is None or not known.enabled:
            return Caller(facts.instance_id, account, Door.ACCOUNT, situation=situation)
        in_use = {it.id for it in facts.workspaces.values() if not it.is_archived}
        levels = {id_: level for id_, level in known.levels.items() if id_ in in_use}
        workspaces = in_use if known.is_administrator else levels.keys()
        return Caller(
            instance_id=facts.instance_id,
            account=account,
            door=Door.ACCOUNT,
            is_admin=known.is_administrator,
            workspaces=frozenset(workspaces),
            administered=frozenset(id_ for id_, level in levels.items() if level == _ADMINISTRATOR),
            is_workspace_user=bool(workspaces),
            situation=situation,
        )


def _over() -> NotSignedIn:
    return NotSignedIn("Your session has ended.", mend="Sign in again. What you saved is kept.")
