"""Refusals in the shape that all of Azure DevOps has: a message, a type key, an event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from sandbox.azure.process import FIELDS
from sandbox.tools.limit import Limit

SIGN_IN = """<!DOCTYPE html><html lang="en"><head><title>Azure DevOps Services | Sign In</title>
</head><body><h1>Sign in to your account</h1></body></html>"""
BLOCKED = (
    "TF400733: The request has been canceled: Request was blocked due to exceeding usage of "
    "resource 'Concurrency' in namespace 'User'."
)


class AzureError(Exception):
    """A refusal; `custom` goes into `customProperties`."""

    def __init__(
        self, status: int, key: str, message: str, custom: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.key = key
        self.message = message
        self.custom = custom


class SignInError(Exception):
    """No proof, or one that does not hold."""


def rule_broken(field: str, code: str, *, flags: str = "") -> AzureError:
    """A rule of the process refuses a field's value; `code` such as "Required, InvalidEmpty"."""
    name = FIELDS[field].name if field in FIELDS else field
    message = f"TF401320: Rule Error for field {name}. Error code: {code}."
    error = {
        "fieldReferenceName": field,
        "fieldStatusFlags": flags or code[:1].lower() + code[1:],
        "errorMessage": message,
        "fieldStatusCode": 0,
        "ruleValidationErrors": None,
    }
    custom = {"RuleValidationErrors": [error], **{k: v for k, v in error.items() if v is not None}}
    return AzureError(400, "RuleValidationException", message, custom)


def no_such_item(item_id: int) -> AzureError:
    return AzureError(
        404,
        "WorkItemUnauthorizedAccessException",
        f"TF401232: Work item {item_id} does not exist, or you do not have permissions to read it.",
    )


def no_such_field(name: str) -> AzureError:
    return AzureError(
        400,
        "WorkItemTrackingFieldDefinitionNotFoundException",
        f"TF51535: Cannot find field {name}.",
    )


def bad_request(message: str, key: str = "VssPropertyValidationException") -> AzureError:
    return AzureError(400, key, message)


def _body(key: str, message: str, custom: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = {
        "$id": "1",
        "innerException": None,
        "message": message,
        "typeName": f"Microsoft.TeamFoundation.WorkItemTracking.Server.{key}, Microsoft.Server",
        "typeKey": key,
        "errorCode": 0,
        "eventId": 3200,
    }
    return {**answer, "customProperties": custom} if custom else answer


async def answer_azure_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, AzureError):
        raise error
    return JSONResponse(_body(error.key, error.message, error.custom), error.status)


async def answer_sign_in(request: Request, _: Exception) -> Response:
    """203 with a page to sign in, or 401 to who asked not to be sent there."""
    if request.headers.get("x-tfs-fedauthredirect", "").lower() == "suppress":
        challenge = {"WWW-Authenticate": 'Basic realm="http://localhost/"'}
        return PlainTextResponse("", 401, challenge)
    return HTMLResponse(SIGN_IN, 203)


async def answer_http_exception(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message = f"The requested resource does not exist or not with this method ({error.detail})."
    return JSONResponse(_body("HttpResponseException", message), error.status_code)


def refuse(status: int, wait_s: int | None) -> Response:
    """For faults and the rate limit."""
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    if status in (401, 502):
        return PlainTextResponse("", status, headers)
    messages = {
        403: "TF50309: The following account does not have sufficient permissions.",
        429: BLOCKED,
        503: "TF400733: The request has been canceled: the service is unavailable.",
    }
    message = messages.get(status, "TF400898: An Internal Error Occurred.")
    return JSONResponse(_body("RequestBlockedException", message), status, headers)


def limit_headers(limit: Limit, now: datetime) -> dict[str, str]:
    return {
        "X-RateLimit-Resource": "WorkItemTracking/User",
        "X-RateLimit-Limit": str(limit.calls),
        "X-RateLimit-Remaining": str(limit.remaining),
        "X-RateLimit-Reset": str(int(limit.reset.timestamp())),
        "X-RateLimit-Delay": "0" if limit.remaining else str(limit.wait_s(now)),
    }


def collection(values: Sequence[Any]) -> dict[str, Any]:
    """How lists are wrapped; the description tells of the list alone."""
    return {"count": len(values), "value": list(values)}
