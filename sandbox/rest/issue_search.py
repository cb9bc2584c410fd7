"""search/jql and search/approximate-count.

A page token is a position in the result, as in Jira's own example: what changes its place
between two pages can be missed or seen twice.
"""

import base64
import binascii
import json
import zlib
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from sandbox.issues.jql import JqlError
from sandbox.issues.search import Search
from sandbox.permissions import Holder
from sandbox.rest.caller import Anybody
from sandbox.rest.errors import JiraError
from sandbox.rest.issue_beans import (
    SEARCH_COMMENTS,
    IssueBeans,
    names_and_schema,
    wanted_fields,
)
from sandbox.rest.issues import property_names
from sandbox.rest.meter import CORE_POINTS, charge
from sandbox.running import Here, Sandbox

router = APIRouter()
KEYS_LIMIT = 5000
FIELDS_LIMIT = 100
PROPERTIES_LIMIT = 5
RECONCILE_LIMIT = 50
BAD_TOKEN = "The page token is not valid for this query: begin again without one."  # noqa: S105


class SearchBody(BaseModel):
    """SearchAndReconcileRequestBean."""

    model_config = ConfigDict(extra="forbid")
    jql: str = ""
    nextPageToken: str | None = None  # noqa: N815 - Jira's names
    maxResults: int = 50  # noqa: N815
    fields: list[str] | None = None
    expand: str | None = None
    properties: list[str] | None = None
    fieldsByKeys: bool = False  # noqa: N815
    reconcileIssues: list[int] = []  # noqa: N815


class CountBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    jql: str = ""


@router.get("/search/jql")
async def search_by_get(
    *,
    request: Request,
    sandbox: Here,
    caller: Anybody,
    jql: str = "",
    token: Annotated[str | None, Query(alias="nextPageToken")] = None,
    max_results: Annotated[int, Query(alias="maxResults")] = 50,
    fields: Annotated[list[str] | None, Query()] = None,
    expand: str | None = None,
    properties: Annotated[list[str] | None, Query()] = None,
    reconcile: Annotated[list[int] | None, Query(alias="reconcileIssues")] = None,
) -> dict[str, Any]:
    body = SearchBody(
        jql=jql,
        nextPageToken=token,
        maxResults=max_results,
        fields=fields,
        expand=expand,
        properties=properties,
        reconcileIssues=reconcile or [],
    )
    return _answer(request, sandbox, caller, body)


@router.post("/search/jql")
async def search_by_post(
    request: Request, sandbox: Here, caller: Anybody, body: SearchBody
) -> dict[str, Any]:
    return _answer(request, sandbox, caller, body)


@router.post("/search/approximate-count")
async def count(
    request: Request, sandbox: Here, caller: Anybody, body: CountBody
) -> dict[str, int]:
    search = Search(sandbox.site, caller, body.jql)
    try:
        search.require_bounds()
        found = search.found()
    except JqlError as wrong:
        raise JiraError(400, str(wrong)) from None
    charge(request, 1, CORE_POINTS)
    return {"count": len(found)}


def _answer(request: Request, sandbox: Sandbox, caller: Holder, body: SearchBody) -> dict[str, Any]:
    _refuse_too_much(body)
    names = wanted_fields(body.fields, "id")
    start = _position(body)
    search = Search(sandbox.site, caller, body.jql)
    try:
        search.require_bounds()
        found = search.found(body.reconcileIssues)
    except JqlError as wrong:
        raise JiraError(400, str(wrong)) from None
    size = min(body.maxResults, FIELDS_LIMIT if names or body.properties else KEYS_LIMIT)
    shown = found[start : start + size]
    made = IssueBeans(sandbox.site, caller)
    is_last = start + len(shown) >= len(found)
    answer: dict[str, Any] = {
        "issues": [
            made.issue(
                issue,
                names,
                properties=property_names(issue, body.properties),
                comments=SEARCH_COMMENTS,
            )
            for issue in shown
        ],
        "isLast": is_last,
        **names_and_schema(names, body.expand),
    }
    if not is_last:
        answer["nextPageToken"] = _token(body.jql, start + len(shown))
    charge(request, len(shown), CORE_POINTS)
    return answer


def _refuse_too_much(body: SearchBody) -> None:
    if not 1 <= body.maxResults <= KEYS_LIMIT:
        raise JiraError(400, f"The value of 'maxResults' must be between 1 and {KEYS_LIMIT}.")
    properties = [part for name in body.properties or [] for part in name.split(",")]
    if len(properties) > PROPERTIES_LIMIT:
        raise JiraError(400, f"At most {PROPERTIES_LIMIT} issue properties can be asked for.")
    if len(body.reconcileIssues) > RECONCILE_LIMIT:
        raise JiraError(400, f"At most {RECONCILE_LIMIT} issues can be reconciled.")


def _token(jql: str, position: int) -> str:
    picture = json.dumps([zlib.crc32(jql.encode()), position])
    return base64.urlsafe_b64encode(picture.encode()).decode()


def _position(body: SearchBody) -> int:
    if not body.nextPageToken:
        return 0
    try:
        query, position = json.loads(base64.urlsafe_b64decode(body.nextPageToken))
    except (binascii.Error, ValueError, TypeError):
        raise JiraError(400, BAD_TOKEN) from None
    if query != zlib.crc32(body.jql.encode()):
        raise JiraError(400, BAD_TOKEN)
    return int(position)
