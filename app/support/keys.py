"""The key pair of support: the app seals with the public halves, the console opens with the others.

A share's key is bound to its instance, run and share. Keys are 32 bytes of X25519; a pair is known
by its id, a hash of the public half.
"""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from app.encryption import CannotOpen, RunKey


def key_id(public: X25519PublicKey) -> str:
    """The name of a pair, safe to show and to log."""
    return hashlib.sha256(b"getint support key id" + public.public_bytes_raw()).hexdigest()[:16]


class SupportPublicKeys:
    """What the app has: it seals for the newest, which stands first, and opens nothing."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._newest = X25519PublicKey.from_public_bytes(keys[0]) if keys else None
        self.newest_id = key_id(self._newest) if self._newest else ""

    def __bool__(self) -> bool:
        """Whether there is any key to seal for."""
        return self._newest is not None

    def seal(self, key: RunKey, *, instance_id: UUID, run_id: UUID, share_id: UUID) -> bytes:
        """A run's key, for support alone and for this share."""
        assert self._newest is not None  # noqa: S101 - nothing is shared without a key
        return key.sealed_for(self._newest, *_place(instance_id, run_id, share_id))


class SupportPrivateKeys:
    """What the console has, and nobody else."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        pairs = [X25519PrivateKey.from_private_bytes(key) for key in keys]
        self._by_id = {key_id(private.public_key()): private for private in pairs}

    def open(
        self, sealed: bytes, sealed_for: str, *, instance_id: UUID, run_id: UUID, share_id: UUID
    ) -> RunKey:
        """A shared run's key; ``CannotOpen`` where it is not for us or not of this share."""
        private = self._by_id.get(sealed_for)
        if private is None:
            raise CannotOpen("no configured key of support opens this share")
        return RunKey.opened(sealed, private, *_place(instance_id, run_id, share_id))


def _place(instance_id: UUID, run_id: UUID, share_id: UUID) -> tuple[object, ...]:
    return ("run_shares", instance_id, run_id, share_id, "sealed_key")
