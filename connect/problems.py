"""Refusals as RFC 9457 problem details: what, why, and how to mend it."""

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from connect.refusals import KeyServerUnreachable, TokenRefused

_MEND = "Check that the app's base URL, app key and clock are what the Jira site expects."


class BodyRefused(Exception):  # noqa: N818
    """The body of a lifecycle call can not be used."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    reason: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A response of type application/problem+json that no cache keeps."""
    content: dict[str, str | int] = {"title": title, "status": status, "detail": detail}
    if reason is not None:
        content["reason"] = reason
    return JSONResponse(
        content,
        status_code=status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-cache, no-store", **(headers or {})},
    )


def problem_of(error: TokenRefused | KeyServerUnreachable | BodyRefused) -> JSONResponse:
    """The response to a lifecycle call that was refused."""
    if isinstance(error, BodyRefused):
        return problem(error.status, error.title, str(error))
    if isinstance(error, KeyServerUnreachable):
        return problem(
            503,
            "Cannot tell",
            "The key that signed this call could not be fetched. Send it again in a moment.",
            headers={"Retry-After": "5"},
        )
    return problem(
        401,
        "Not proven to come from the Jira site",
        f"{error} {_MEND}",
        reason=error.reason,
        headers={"WWW-Authenticate": "JWT"},
    )
