"""E-mail addresses: which are addresses, and which of them are the same."""

import unicodedata
from dataclasses import dataclass

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

LONGEST = 254
# A self-hosted customer's mail may well live in a domain that the internet does not know.
SPECIAL_USE_DOMAIN_NAMES.remove("local")


@dataclass(frozen=True, slots=True)
class Email:
    """An address as people write it, and ``key``, which is equal for equal addresses.

    The key is the part before the @ in lower case and the domain as DNS has it (IDNA).
    """

    written: str
    key: str


class NoAddress(ValueError):  # noqa: N818 - says what it is
    """The text is no e-mail address; says why, for whoever entered it."""


def email_of(text: str) -> Email:
    """The address that was entered; ``NoAddress`` if it is none, or one that looks like another.

    Letters in another width, ligatures and the like are refused instead of folded: so no address
    is ever taken for that of somebody else, and what one person entered is what is kept.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise NoAddress(f"An e-mail address has at most {LONGEST} characters.")
    try:
        found = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise NoAddress("Enter an e-mail address, such as pat@example.com.") from None
    if unicodedata.normalize("NFKC", found.local_part) != found.local_part:
        raise NoAddress("The address has letters that only look like others. Type it anew.")
    key = f"{found.local_part.lower()}@{found.ascii_domain.lower()}"
    return Email(found.normalized, key)


def key_of(text: str) -> str | None:
    """The key to find an account by what somebody says is theirs; None if it is no address."""
    try:
        return email_of(text).key
    except NoAddress:
        return None
