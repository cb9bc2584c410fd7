"""Why a token was refused, in words a developer can act on and without a byte of the token."""

from enum import StrEnum


class TokenProblem(StrEnum):
    """The one rule that a refused token broke."""

    MISSING = "missing"
    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    SIGNATURE = "signature"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    LIFETIME = "lifetime"
    AUDIENCE = "audience"
    ISSUER = "issuer"
    QSH = "qsh"
    KIND = "kind"
    KEY_ID = "key_id"
    UNKNOWN_KEY = "unknown_key"
    REPLAYED = "replayed"
    UNKNOWN_SITE = "unknown_site"
    EVENT = "event"
    APP_KEY = "app_key"
    HOST = "host"


class TokenRefused(Exception):  # noqa: N818
    """A request did not prove where it comes from. `reason` says which rule it broke."""

    def __init__(self, reason: TokenProblem, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class TokenReplayed(TokenRefused):
    """A lifecycle token was used a second time; a store raises it from `apply`."""

    def __init__(self) -> None:
        super().__init__(TokenProblem.REPLAYED, "This lifecycle token was used before.")


class KeyServerUnreachable(Exception):  # noqa: N818
    """The install key could not be asked for: neither a yes nor a no."""
