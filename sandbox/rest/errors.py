"""Refusals in Jira's shape (ErrorCollection)."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response


class JiraError(Exception):
    """A refusal with its status and the sentences that Jira puts into `errorMessages`."""

    def __init__(self, status: int, *messages: str) -> None:
        super().__init__(*messages)
        self.status = status
        self.messages = list(messages)


def error_answer(status: int, *messages: str) -> JSONResponse:
    return JSONResponse({"errorMessages": list(messages), "errors": {}}, status)


async def answer_jira_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, JiraError):
        raise error
    return error_answer(error.status, *error.messages)


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
