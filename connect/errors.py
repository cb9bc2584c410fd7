"""How a call to Jira can fail, told apart by what the caller should do."""


class JiraError(Exception):
    """Jira did not do what was asked. Messages name the endpoint, never a token or a body."""


class Forbidden(JiraError):  # noqa: N818
    """401 or 403: the app may not ask this. Says nothing about a person's rights."""


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
