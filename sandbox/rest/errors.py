"""Refusals in Jira's shape (ErrorCollection)."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response


class JiraError(Exception):
    """A refusal with its status, the sentences of `errorMessages`, and those for single fields."""

    def __init__(
        self,
        status: int,
        *messages: str,
        errors: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages = list(messages)
        self.errors = errors or {}
        self.headers = headers


def error_answer(
    status: int,
    *messages: str,
    errors: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    return JSONResponse({"errorMessages": list(messages), "errors": errors or {}}, status, headers)


async def answer_jira_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, JiraError):
        raise error
    return error_answer(error.status, *error.messages, errors=error.errors, headers=error.headers)


async def answer_invalid_request(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return error_answer(
        400, *(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors())
    )


async def answer_http_exception(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return error_answer(error.status_code, str(error.detail))
