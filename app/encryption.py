"""Envelope encryption, AES-256-GCM: master keys of the settings wrap one key per instance,
which seals its secrets and wraps one key per run, which seals the run's log.

A sealed value is ``nonce (12 bytes) + ciphertext + tag``. Associated data binds it to its place
(table, row, column), so that a value copied elsewhere does not open.

A run's key can be handed to others, sealed for their public key with HPKE (RFC 9180, base mode;
X25519, HKDF-SHA256, AES-256-GCM): ``encapsulated key (32 bytes) + ciphertext + tag``, bound to its
place by ``info``.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

_NONCE = 12
_KEY_ID = 8
_HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def digest(token: str) -> bytes:
    """What is stored of a token that is as long as ours: nobody guesses it back."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


class CannotOpen(Exception):  # noqa: N818 - says what happened
    """The key is not ours any more, or the sealed value was changed or moved."""


def _seal(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def _open(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to)
    except (InvalidTag, ValueError):
        raise CannotOpen("sealed value does not open") from None


class _Key:
    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, plain: bytes, *place: object) -> bytes:
        """Seal ``plain`` for ``place``, such as ``("connections", row_id, "credentials")``."""
        return _seal(self._key, plain, _bound(place))

    def open(self, sealed: bytes, *place: object) -> bytes:
        """Open what was sealed for the same place; ``CannotOpen`` otherwise."""
        return _open(self._key, sealed, _bound(place))

    def fingerprint(self, plain: bytes) -> str:
        """A keyed hash: equal for equal texts of this customer, and telling nothing else."""
        key = hmac.digest(self._key, b"getint fingerprints", "sha256")
        return hmac.digest(key, plain, "sha256")[:16].hex()


class RunKey(_Key):
    """Seals and opens the log of one run; destroyed, the log is too."""

    __slots__ = ()

    def sealed_for(self, public: X25519PublicKey, *place: object) -> bytes:
        """This key for whoever has the private key to ``public``, and for one place."""
        return _HPKE.encrypt(self._key, public, info=_bound(place))

    @classmethod
    def opened(cls, sealed: bytes, private: X25519PrivateKey, *place: object) -> "RunKey":
        """The key that was sealed for us and for this place; ``CannotOpen`` otherwise."""
        try:
            return cls(_HPKE.decrypt(sealed, private, info=_bound(place)))
        except (InvalidTag, ValueError):
            raise CannotOpen("sealed run key does not open") from None


class InstanceKey(_Key):
    """Seals and opens one customer's secrets."""

    __slots__ = ()

    def new_run_key(self, run_id: UUID) -> bytes:
        """Make a random key for a run's log and return it wrapped."""
        return self.seal(os.urandom(32), "runs", run_id, "log key")

    def run_key(self, wrapped: bytes, run_id: UUID) -> RunKey:
        """Unwrap; ``CannotOpen`` when it is another run's, or another customer's."""
        return RunKey(self.open(wrapped, "runs", run_id, "log key"))


class MasterKeys:
    """The operator's keys, newest first: the first one wraps, all of them unwrap."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._by_id = {_key_id(key): key for key in keys}
        self._newest = keys[0]

    def new_instance_key(self, instance_id: UUID) -> bytes:
        """Make a random instance key and return it wrapped."""
        return self._wrap(os.urandom(32), instance_id)

    def instance_key(self, wrapped: bytes, instance_id: UUID) -> InstanceKey:
        """Unwrap; ``CannotOpen`` when the master key it was wrapped with is not configured."""
        return InstanceKey(self._unwrap(wrapped, instance_id))

    def is_current(self, wrapped: bytes) -> bool:
        """Whether the newest master key wrapped it."""
        return wrapped[:_KEY_ID] == _key_id(self._newest)

    def rewrap(self, wrapped: bytes, instance_id: UUID) -> bytes:
        """The same instance key under the newest master key; what it sealed stays as it is."""
        return self._wrap(self._unwrap(wrapped, instance_id), instance_id)

    def _wrap(self, key: bytes, instance_id: UUID) -> bytes:
        place = _bound(("instances", instance_id, "wrapped_key"))
        return _key_id(self._newest) + _seal(self._newest, key, place)

    def _unwrap(self, wrapped: bytes, instance_id: UUID) -> bytes:
        master = self._by_id.get(wrapped[:_KEY_ID])
        if master is None:
            raise CannotOpen("no configured master key wrapped this instance key")
        place = _bound(("instances", instance_id, "wrapped_key"))
        return _open(master, wrapped[_KEY_ID:], place)


class ConsoleKeys:
    """The keys of the support console's own, newest first: the first seals, all of them open."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    def seal(self, plain: bytes, *place: object) -> bytes:
        """Seal ``plain`` for ``place``, such as ``("support_agents", row_id, "totp_secret")``."""
        return _seal(self._keys[0], plain, _bound(place))

    def open(self, sealed: bytes, *place: object) -> bytes:
        """Open what was sealed for the same place; ``CannotOpen`` otherwise."""
        for key in self._keys:
            try:
                return _open(key, sealed, _bound(place))
            except CannotOpen:
                continue
        raise CannotOpen("no configured key of the console opens this")


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"getint master key id" + key).digest()[:_KEY_ID]


def _bound(place: tuple[object, ...]) -> bytes:
    return "\x1f".join(str(part) for part in place).encode()
