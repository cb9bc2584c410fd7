"""The token door: a personal access token becomes a Visit of whoever made it, as they stand now."""

from dataclasses import replace
from datetime import UTC, datetime

import structlog
from starlette.requests import Request

from app.access import Action, Caller, Situation
from app.errors import TooMany, Unproven
from app.identity.account_door import SECOND_FACTOR_IS_A_MUST
from app.identity.doors import Doors
from app.identity.visit import Proof, Visit
from app.instances.directory import Directory
from app.instances.facts import InstanceFacts
from app.instances.licence import Licences
from app.metrics import TOKENS_REFUSED
from app.settings import Settings
from app.tokens.budget import Budget
from app.tokens.known import KnownToken, KnownTokens
from app.tokens.words import Written, written
from connect import LicenceState

REQUESTS_A_MINUTE = 600
_FAILURES, _FAILURES_WITHIN_S = 30, 15 * 60
_SCHEME = "bearer "
_log = structlog.stdlib.get_logger("app.door")
NOT_GOOD = "This needs an access token that is good now."
MEND = "Send `Authorization: Bearer <token>` with a token of Account > Access tokens."


class TokenDoor:
    """Asks for a token and nothing else: no cookie, no token of Jira, none in the address."""

    def __init__(
        self,
        *,
        settings: Settings,
        directory: Directory,
        licences: Licences,
        doors: Doors,
        tokens: KnownTokens,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._licences = licences
        self._doors = doors
        self._tokens = tokens
        self._requests = Budget(REQUESTS_A_MINUTE, 60)
        self._failures = Budget(_FAILURES, _FAILURES_WITHIN_S)

    async def enter(self, request: Request, action: Action) -> Visit:
        """Raise ``Unproven`` without a good token, ``TooMany`` for too many requests of one,
        ``CannotTell`` when Jira can not be asked.
        """
        token = await self._proven(request)
        if wait := self._requests.spend(token.id):
            raise TooMany(
                f"A token is good for {REQUESTS_A_MINUTE} requests a minute.",
                title="Too many requests",
                mend="Wait as long as Retry-After says.",
                retry_after=wait,
            )
        facts = await self._directory.of_instance(token.instance_id)
        if facts is None:
            raise _refused("unknown token")
        if await self._doors.account.lacks_second_factor(facts, token.account):
            raise _refused(
                "second factor",
                SECOND_FACTOR_IS_A_MUST,
                "Sign in to Getint to set one up. The token is good again from then on.",
            )
        await self._tokens.note_use(token)
        return await self._visit(facts, token, action)

    async def _proven(self, request: Request) -> KnownToken:
        """Whose the token is. One that memory does not have is looked up, whatever it says."""
        given = request.headers.getlist("authorization")
        if len(given) != 1 or not given[0].lower().startswith(_SCHEME):
            raise _refused("no token")
        place = request.client.host if request.client else ""
        token = written(given[0][len(_SCHEME) :].strip())
        found = self._tokens.kept(token) if token else None
        if found is None:
            found = await self._looked_up(token, place)
        if found is None or found.is_over(datetime.now(UTC)):
            self._failures.spend(place)
            raise _refused("unknown token")
        return found

    async def _looked_up(self, token: Written | None, place: str) -> KnownToken | None:
        """Nobody looks up without end; whoever has a token that is in use is not held up by it."""
        if wait := self._failures.wait(place):
            raise TooMany(
                "Too many tokens from this address were not good.",
                mend="Wait as long as Retry-After says, then use a token that is.",
                retry_after=wait,
            )
        return await self._tokens.looked_up(token) if token else None

    async def _visit(self, facts: InstanceFacts, token: KnownToken, action: Action) -> Visit:
        caller, licence = await self._caller(facts, token)
        return Visit(
            caller=replace(caller, scope=token.scope),
            facts=facts,
            proof=Proof.TOKEN,
            action=action,
            licence=licence,
            project=token.project,
            token=token.in_trail,
        )

    async def _caller(self, facts: InstanceFacts, token: KnownToken) -> tuple[Caller, LicenceState]:
        if not (facts.is_installed and facts.is_enabled):
            situation = Situation(installed=False, group_prefix=self._settings.group_prefix)
            nobody = Caller(facts.instance_id, token.account, situation=situation)
            return nobody, self._licences.known_state(facts)
        licence = await self._licences.state(facts, None)
        caller = await self._doors.caller_of(facts, token.account, token.project, licence)
        return caller, licence


def _refused(why: str, told: str = NOT_GOOD, mend: str = MEND) -> Unproven:
    _log.info("token refused", reason=why, proof=Proof.TOKEN)
    TOKENS_REFUSED.labels(why).inc()
    return Unproven(told, mend=mend)
