"""Pages by offset, with totals, and by keyset, with a cursor."""

import base64
import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import JSONResponse

from sandbox.gitlab.rest.errors import bad_param
from sandbox.gitlab.rest.params import Given, number

PER_PAGE, MOST_PER_PAGE = 20, 100
# From here on GitLab counts no longer: x-total, x-total-pages and `last` are left out.
COUNTED = 10_000
Item = TypeVar("Item")


def per_page_of(given: Given) -> int:
    wanted = number("per_page", given.get("per_page"))
    if wanted is not None and wanted < 1:
        raise bad_param("per_page", "does not have a valid value")
    return min(wanted or PER_PAGE, MOST_PER_PAGE)


def by_offset(
    request: Request,
    base_url: str,
    given: Given,
    items: Sequence[Item],
    bean: Callable[[Item], Any],
) -> JSONResponse:
    """The page that `page` and `per_page` name."""
    size, page = per_page_of(given), max(1, number("page", given.get("page")) or 1)
    shown = items[(page - 1) * size : page * size]
    last = max(1, -(-len(items) // size))
    has_next = page < last
    links = {"prev": page - 1 if page > 1 else 0, "next": page + 1 if has_next else 0, "first": 1}
    headers = {
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(links["prev"] or ""),
        "X-Next-Page": str(links["next"] or ""),
    }
    if len(items) <= COUNTED:
        links["last"] = last
        headers |= {"X-Total": str(len(items)), "X-Total-Pages": str(last)}
    headers["Link"] = ", ".join(
        f'<{_address(request, base_url, page=number, per_page=size)}>; rel="{rel}"'
        for rel, number in links.items()
        if number
    )
    return JSONResponse([bean(each) for each in shown], headers=headers)


def by_keyset(
    request: Request,
    base_url: str,
    given: Given,
    items: Sequence[Item],
    bean: Callable[[Item], Any],
    *,
    key: Callable[[Item], tuple[Any, int]],
    descending: bool,
) -> JSONResponse:
    """Those after the cursor; `items` are in the order of `key`, whose second part is the id."""
    size = per_page_of(given)
    after = _read_cursor(given.get("cursor"))
    if after is not None:
        items = items[_position(items, after, lambda each: _plain(key(each)), descending) :]
    shown = items[:size]
    headers = {"X-Per-Page": str(size)}
    if len(items) > size:
        cursor = _write_cursor(_plain(key(shown[-1])))
        address = _address(request, base_url, cursor=cursor, per_page=size)
        headers["Link"] = f'<{address}>; rel="next"'
    return JSONResponse([bean(each) for each in shown], headers=headers)


def _address(request: Request, base_url: str, **more: Any) -> str:
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in more]
    raw_path = request.scope["raw_path"].decode("ascii").partition("?")[0]
    return f"{base_url}{raw_path}?{urlencode([*kept, *more.items()])}"


def _plain(key: tuple[Any, int]) -> list[Any]:
    value = key[0].isoformat() if isinstance(key[0], date | datetime) else key[0]
    return [value, key[1]]


def _position(
    items: Sequence[Item], after: list[Any], key: Callable[[Item], list[Any]], descending: bool
) -> int:
    """Of the first item that comes after the cursor."""
    try:
        if descending:
            return len(items) - bisect_left(items[::-1], after, key=key)
        return bisect_right(items, after, key=key)
    except TypeError:
        raise bad_param("cursor") from None


def _write_cursor(key: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _read_cursor(value: Any) -> list[Any] | None:
    if not value:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(str(value)))
    except ValueError:
        raise bad_param("cursor") from None
    if not isinstance(found, list) or len(found) != 2:
        raise bad_param("cursor")
    return found
