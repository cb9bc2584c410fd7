"""Refusals in GitLab's two shapes: `message` of its own, `error` of the layer that reads params."""

from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from sandbox.tools.limit import Limit


class GitLabError(Exception):
    """A refusal with its status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def not_found(what: str | None = None) -> GitLabError:
    return GitLabError(404, {"message": f"404 {what} Not Found" if what else "404 Not found"})


def forbidden() -> GitLabError:
    return GitLabError(403, {"message": "403 Forbidden"})


def unauthorized() -> GitLabError:
    return GitLabError(401, {"message": "401 Unauthorized"})


def bad_param(name: str, wrong: str = "is invalid") -> GitLabError:
    return GitLabError(400, {"error": f"{name} {wrong}"})


def not_valid(field: str, wrong: str) -> GitLabError:
    """What a model refuses."""
    return GitLabError(400, {"message": {field: [wrong]}})


async def answer_gitlab_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, GitLabError):
        raise error
    return JSONResponse(error.body, error.status)


async def answer_http_exception(_: Request, error: Exception) -> Response:
    """No such route, or not with this method."""
    if not isinstance(error, HTTPException):
        raise error
    words = {404: "404 Not Found", 405: "405 Not Allowed"}
    body = {"error": words.get(error.status_code, str(error.detail))}
    return JSONResponse(body, error.status_code)


def refuse(status: int, wait_s: int | None) -> Response:
    """For faults and the rate limit."""
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    if status == 429:
        return PlainTextResponse("Retry later\n", status, headers)
    words = {
        401: "401 Unauthorized",
        403: "403 Forbidden",
        500: "500 Internal Server Error",
    }
    if status in words:
        return JSONResponse({"message": words[status]}, status, headers)
    return PlainTextResponse(f"GitLab is not responding ({status})\n", status, headers)


def limit_headers(limit: Limit, now: datetime) -> dict[str, str]:
    del now
    return {
        "RateLimit-Name": "throttle_authenticated_api",
        "RateLimit-Limit": str(limit.calls),
        "RateLimit-Observed": str(limit.used),
        "RateLimit-Remaining": str(limit.remaining),
        "RateLimit-Reset": str(int(limit.reset.timestamp())),
    }
