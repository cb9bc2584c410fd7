"""How a call to Jira can fail, told apart by what the caller should do."""

from collections.abc import Mapping, Sequence


class JiraError(Exception):
    """Jira did not do what was asked. Messages name the endpoint, never a token or a body."""


class Forbidden(JiraError):  # noqa: N818
    """401 or 403: the app may not ask this. Says nothing about a person's rights."""


class Unauthorized(Forbidden):
    """401: the site does not know the app (any more), or not by this secret."""


class Rejected(JiraError):  # noqa: N818
    """400, 409, 413, 422: not to be done as it was asked.

    `fields` has Jira's sentence by field id, `messages` those about no single field; both may
    quote what was sent, so they are no part of the message.
    """

    def __init__(self, message: str, fields: Mapping[str, str], messages: Sequence[str]) -> None:
        super().__init__(message)
        self.fields = fields
        self.messages = messages


class Gone(JiraError):  # noqa: N818
    """404 or 410: not there, or not for us to know of."""


class Busy(JiraError):  # noqa: N818
    """429, or a pause after one: ask again in `retry_after` seconds."""

    def __init__(self, retry_after: float, reason: str) -> None:
        super().__init__(f"Jira asks to wait {retry_after:.0f} s ({reason}).")
        self.retry_after = retry_after
        self.reason = reason


class Unreachable(JiraError):  # noqa: N818
    """No answer, a server error after all tries, or an answer that can not be read."""


class Unanswered(JiraError):  # noqa: N818
    """A change was sent and no good answer came: it may have happened."""
