"""Parameters, which GitLab takes from the query, a JSON body and a form alike."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import QueryParams

from sandbox.gitlab.rest.errors import GitLabError, bad_param

Given = Mapping[str, Any]
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def _given(request: Request) -> Given:
    given = _collected(request.query_params)
    kind = request.headers.get("content-type", "").partition(";")[0]
    if kind == "application/json":
        return {**given, **_json(await request.body())}
    if kind in FORMS:
        form = await request.form()
        return {**given, **_collected(QueryParams([(k, str(v)) for k, v in form.multi_items()]))}
    return given


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        raise GitLabError(400, {"error": "Problems parsing JSON"}) from None
    if not isinstance(found, dict):
        raise GitLabError(400, {"error": "The body should be a JSON object"})
    return found


def _collected(query: QueryParams) -> dict[str, Any]:
    """`name[]=a&name[]=b` is the list `name`."""
    given: dict[str, Any] = {}
    for key, value in query.multi_items():
        if key.endswith("[]"):
            given.setdefault(key[:-2], []).append(value)
        else:
            given[key] = value
    return given


Params = Annotated[Given, Depends(_given)]


def required(given: Given, name: str) -> str:
    if name not in given:
        raise bad_param(name, "is missing")
    if not str(given[name] or "").strip():
        raise bad_param(name, "is empty")
    return str(given[name])


def words(value: Any) -> list[str]:
    """A list, or its comma-separated form; empty parts left out."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return [str(part).strip() for part in parts if str(part).strip()]


def numbers(name: str, value: Any) -> list[int]:
    try:
        return [int(part) for part in words(value)]
    except ValueError:
        raise bad_param(name) from None


def number(name: str, value: Any) -> int | None:
    found = numbers(name, [value] if value not in (None, "") else [])
    return found[0] if found else None


def flag(name: str, value: Any) -> bool:
    if str(value).lower() not in ("true", "false", "1", "0"):
        raise bad_param(name)
    return str(value).lower() in ("true", "1")


def day(name: str, value: Any) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise bad_param(name) from None


def moment(name: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value).replace(" ", "+"))
    except ValueError:
        raise bad_param(name) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def one_of(given: Given, name: str, allowed: tuple[str, ...], default: str) -> str:
    value = str(given.get(name) or default)
    if value not in allowed:
        raise bad_param(name, "does not have a valid value")
    return value
