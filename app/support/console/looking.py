"""The one way of the console to a customer's rows: looked up, decided, noted, and only then shown.

A route opens its look, reads what it shows with the look's session, and says what that was. The
entry in the customer's trail is part of the same transaction, so what could not be noted is not
seen.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import TABLE, Action, Caller, Decision, Door, Refused, Thing, decide, require
from app.audit.trail import record
from app.errors import NotFound
from app.support.console.parts import Console
from app.support.console.sessions import SignedIn
from app.support.situation import support_situation


class NoSuchInstance(NotFound):
    """There is none of this id, or none that lets support in: the console does not know which."""

    default_title = "There is no instance that you can see under this ID"

    def __init__(self) -> None:
        super().__init__(
            "Either no customer has this Instance ID, or none that approved access for support: "
            "not yet, or not any more.",
            mend="Check the ID with the customer. If it is right, ask for access.",
        )


@dataclass(frozen=True, slots=True)
class AgentVisit:
    """An agent who is about to look, with what they look for."""

    caller: Caller
    action: Action
    token: str = ""

    def can(self, action: Action, thing: Thing | None = None) -> Decision:
        """The decision on any action."""
        return decide(self.caller, action, thing)

    def require(self, thing: Thing | None = None) -> None:
        """Let the route's own action pass for ``thing``, or raise ``Refused``."""
        require(self.caller, self.action, thing)


class Look:
    """A look under way: its session sees one customer, as far as the database lets support."""

    def __init__(self, session: AsyncSession, visit: AgentVisit) -> None:
        self.session = session
        self.visit = visit
        self.is_noted = False
        self._about: dict[str, str] = {}

    @property
    def instance_id(self) -> UUID:
        """The customer."""
        return self.visit.caller.instance_id

    def about(self, **ids: str) -> None:
        """What the address names, for the trail in case it is refused."""
        self._about = ids

    @property
    def named(self) -> dict[str, str]:
        """What ``about`` was told."""
        return self._about

    def note(self, kind: str | None = None, thing_id: UUID | None = None, **details: str) -> None:
        """Write into the customer's trail what is about to be seen."""
        record(self.session, self.visit, kind=kind, thing_id=thing_id, details=details)
        self.is_noted = True


class NotNoted(Exception):  # noqa: N818 - a mistake of a route, which tests find
    """A route looked and did not say at what."""


class Looking:
    """A request of an agent about one customer, on which nothing is decided yet."""

    def __init__(
        self, console: Console, agent: SignedIn, instance_id: UUID, action: Action
    ) -> None:
        self.console = console
        self.agent = agent
        self.instance_id = instance_id
        self.action = action

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Look]:
        """The look, if the customer lets support in now; ``NoSuchInstance`` or ``Refused``.

        ``NotNoted`` where it ends without a note: then nothing is committed and nothing shown.
        """
        look: Look | None = None
        try:
            async with self.console.database.of_instance(self.instance_id) as session:
                visit = AgentVisit(await self.caller(session), self.action)
                if not visit.can(Action.OPEN_APP):
                    # No reason either: it would tell that there is such a customer.
                    raise NoSuchInstance
                look = Look(session, visit)
                if not TABLE[self.action].needs_a_thing:
                    visit.require()
                yield look
                if not look.is_noted:
                    raise NotNoted
        except Refused as refused:
            if look is not None:
                await self._note_refusal(look, refused.decision)
            raise
        except DBAPIError as error:
            raise _meant(error) from None

    async def _note_refusal(self, look: Look, decision: Decision) -> None:
        try:
            await self.console.refusals.note(look.visit, decision, look.named)
        except DBAPIError as error:
            raise _meant(error) from None

    async def caller(self, session: AsyncSession) -> Caller:
        """The agent as the rules see them now."""
        return Caller(
            instance_id=self.instance_id,
            account=self.agent.account,
            door=Door.SUPPORT,
            is_support=True,
            situation=await support_situation(session, self.instance_id),
        )


def _meant(error: DBAPIError) -> Exception:
    """The trail takes nothing once access ended: that it did so during a look is no fault."""
    ended = isinstance(error.orig, psycopg.errors.InsufficientPrivilege) and (
        "row-level security" in str(error.orig)
    )
    return NoSuchInstance() if ended else error
