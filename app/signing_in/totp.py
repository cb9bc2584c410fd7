"""One-time codes by time (TOTP, RFC 6238)."""

import hmac
from datetime import UTC, datetime

import pyotp

_NOBODYS = pyotp.random_base32()
_STEPS_OFF = (0, -1, 1)
"""Clocks of telephones may be half a minute off."""


def new_secret() -> str:
    """A random secret, in base 32."""
    return pyotp.random_base32()


def enrolment(secret: str, email: str, issuer: str) -> str:
    """The otpauth address that an authenticator takes."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def step_of(secret: str | None, code: str) -> int | None:
    """The time step that the code is of; None for a wrong one, and where there is no secret.

    A code counts once: whoever asks keeps the step, and takes none that is not later.
    """
    totp, given = pyotp.TOTP(secret or _NOBODYS), "".join(code.split())
    now = totp.timecode(datetime.now(UTC))
    matching = [
        now + off
        for off in _STEPS_OFF
        if hmac.compare_digest(totp.generate_otp(now + off).encode(), given.encode())
    ]
    return matching[0] if matching and secret else None
