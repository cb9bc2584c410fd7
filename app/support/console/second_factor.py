"""The second factor of agents: sealed in their row, and each code counts once."""

from uuid import UUID

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.encryption import CannotOpen, ConsoleKeys
from app.signing_in import totp
from app.support.models import SupportAgent

ISSUER = "Getint Support"


def seal(keys: ConsoleKeys, agent_id: UUID, secret: str) -> bytes:
    """As ``totp_secret`` keeps it."""
    return keys.seal(secret.encode(), *_place(agent_id))


def step_of(keys: ConsoleKeys, agent: SupportAgent | None, code: str) -> int | None:
    """The time step that the code is of; None for a wrong one, and where nobody is enrolled."""
    return totp.step_of(_secret(keys, agent), code)


async def use_step(session: AsyncSession, agent_id: UUID, step: int) -> bool:
    """Note that a code was used; False if it, or a later one, was used before."""
    used = await session.scalar(
        update(SupportAgent)
        .where(
            SupportAgent.id == agent_id,
            SupportAgent.state == "active",
            or_(SupportAgent.totp_step.is_(None), SupportAgent.totp_step < step),
        )
        .values(totp_step=step)
        .returning(SupportAgent.id)
    )
    return used is not None


def _secret(keys: ConsoleKeys, agent: SupportAgent | None) -> str | None:
    if agent is None or agent.totp_secret is None:
        return None
    try:
        return keys.open(agent.totp_secret, *_place(agent.id)).decode()
    except CannotOpen:
        return None


def _place(agent_id: UUID) -> tuple[object, ...]:
    return ("support_agents", agent_id, "totp_secret")
