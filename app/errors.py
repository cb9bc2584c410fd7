"""What can go wrong, in words for the person who meets it.

Services raise these; `app.web.problems` gives each the form that the asker understands.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A refusal or failure with a title, why it happened and how to mend it.

    `fields` maps the name of a form field to what is wrong with it. `retry_after` is in seconds.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "problem"
    default_title: ClassVar[str] = "Something went wrong"

    def __init__(
        self,
        detail: str = "",
        *,
        title: str = "",
        mend: str = "",
        retry_after: int | None = None,
        fields: Mapping[str, str] = _NO_FIELDS,
    ) -> None:
        self.title = title or self.default_title
        self.detail = detail
        self.mend = mend
        self.retry_after = retry_after
        self.fields = fields
        super().__init__(self.title)


class NotFound(Problem):
    """It does not exist, or it is not the asker's to know of."""

    status = 404
    slug = "not-found"
    default_title = "We couldn't find that"


class Conflict(Problem):
    """Somebody else changed it first, or its state does not allow this."""

    status = 409
    slug = "conflict"
    default_title = "That has changed in the meantime"


class InvalidInput(Problem):
    """What was sent cannot be used; `fields` says which part and why."""

    status = 422
    slug = "invalid-input"
    default_title = "Please check what you entered"


class Unproven(Problem):
    """The request does not prove who is asking."""

    status = 401
    slug = "unproven"
    default_title = "We can't tell who is asking"


class NotSignedIn(Unproven):
    """There is no session, or what was brought opens none."""

    slug = "not-signed-in"
    default_title = "You are not signed in"


class TooMany(Problem):
    """It was asked or tried too often."""

    status = 429
    slug = "too-many"
    default_title = "Too many attempts"


class CannotTell(Problem):
    """Something that is needed for the answer cannot be reached: neither yes nor no."""

    status = 503
    slug = "cannot-tell"
    default_title = "We can't answer that right now"


class TooLarge(Problem):
    """More was sent than we take."""

    status = 413
    slug = "too-large"
    default_title = "That is too large"
