"""One-time codes by time (TOTP, RFC 6238), each of which counts once."""

import hmac
from datetime import UTC, datetime
from uuid import UUID

import pyotp
from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.encryption import CannotOpen, ConsoleKeys
from app.support.models import SupportAgent

ISSUER = "Getint Support"
_NOBODYS = pyotp.random_base32()
_STEPS_OFF = (0, -1, 1)
"""Clocks of telephones may be half a minute off."""


def new_secret() -> str:
    """A random secret, in base 32."""
    return pyotp.random_base32()


def seal(keys: ConsoleKeys, agent_id: UUID, secret: str) -> bytes:
    """As ``totp_secret`` keeps it."""
    return keys.seal(secret.encode(), *_place(agent_id))


def enrolment(secret: str, email: str) -> str:
    """The otpauth address that an authenticator takes."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(keys: ConsoleKeys, agent: SupportAgent | None, code: str) -> int | None:
    """The time step that the code is of; None for a wrong one, and where nobody is enrolled."""
    secret = _secret(keys, agent)
    totp, given = pyotp.TOTP(secret or _NOBODYS), "".join(code.split())
    now = totp.timecode(datetime.now(UTC))
    matching = [
        now + off
        for off in _STEPS_OFF
        if hmac.compare_digest(totp.generate_otp(now + off).encode(), given.encode())
    ]
    return matching[0] if matching and secret else None


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
