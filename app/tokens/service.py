"""Makes, lists and revokes personal access tokens. A token is told once, to whoever made it."""

from typing import Annotated
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.administration.models import AccessToken
from app.audit.trail import record
from app.encryption import digest
from app.errors import Conflict, NotFound
from app.identity.visit import Visit
from app.tokens.words import Lasts, Scope, ending_of, new_token, told_apart

MOST_OF_ONE = 50
MOST_SHOWN = 500
KIND = "access token"
_NOW = func.statement_timestamp()


def _is_one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("Use letters, digits and signs only, on one line.")
    return text


class NewToken(BaseModel):
    """What is wanted of a token. It always reads: with less it would open nothing."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)

    name: Annotated[
        str, Field(min_length=1, max_length=80, title="A name"), AfterValidator(_is_one_line)
    ]
    days: Annotated[Lasts, Field(title="A time")]
    write: bool = False
    administer: bool = False

    @property
    def scopes(self) -> list[Scope]:
        """What it is good for."""
        wanted = {Scope.READ: True, Scope.WRITE: self.write, Scope.ADMINISTER: self.administer}
        return [scope for scope, is_wanted in wanted.items() if is_wanted]


def of_account(account: str) -> Select[AccessToken]:
    """Those of one person that were not revoked, the newest first."""
    return everybodys().where(AccessToken.account == account)


def everybodys() -> Select[AccessToken]:
    """All that were not revoked, the newest first."""
    return (
        select(AccessToken)
        .where(AccessToken.revoked_at.is_(None))
        .order_by(AccessToken.created_at.desc(), AccessToken.id)
        .limit(MOST_SHOWN)
    )


async def make(session: AsyncSession, visit: Visit, form: NewToken) -> str:
    """A new token of the visitor; the only time that it is told. ``Conflict`` for one too many."""
    living = select(func.count()).where(
        AccessToken.account == visit.caller.account,
        AccessToken.revoked_at.is_(None),
        AccessToken.expires_at > _NOW,
    )
    if (await session.scalar(living) or 0) >= MOST_OF_ONE:
        raise Conflict(
            f"You have {MOST_OF_ONE} access tokens already.",
            title="That is too many",
            mend="Revoke one that is not used any more.",
        )
    token = new_token(visit.caller.instance_id)
    made = AccessToken(
        id=uuid4(),
        instance_id=visit.caller.instance_id,
        account=visit.caller.account,
        name=form.name,
        scopes=[scope.effect.value for scope in form.scopes],
        token_hash=digest(token),
        ending=ending_of(token),
        project_id=visit.project.id if visit.project else None,
        project_key=visit.project.key if visit.project else None,
        expires_at=_NOW + form.days.time,
    )
    session.add(made)
    details = {
        "made": told_apart(made.name, made.ending),
        "good for": ", ".join(form.scopes),
        "days": form.days.value,
    }
    record(session, visit, kind=KIND, thing_id=made.id, details=details)
    return token


async def revoke(
    session: AsyncSession, visit: Visit, token_id: UUID, *, anybodys: bool = False
) -> AccessToken:
    """Make one of the visitor worthless, or with ``anybodys`` one of anybody; ``NotFound``.

    The caller announces it, so that it is so everywhere.
    """
    which = [AccessToken.id == token_id, AccessToken.revoked_at.is_(None)]
    if not anybodys:
        which.append(AccessToken.account == visit.caller.account)
    found: AccessToken | None = await session.scalar(
        update(AccessToken).where(*which).values(revoked_at=_NOW).returning(AccessToken)
    )
    if found is None:
        raise NotFound
    details = {"revoked": told_apart(found.name, found.ending), "of": found.account}
    record(session, visit, kind=KIND, thing_id=found.id, details=details)
    return found
