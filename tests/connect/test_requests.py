"""What a token is bound to is read from the request as it was sent."""

from typing import Any

import pytest
from starlette.requests import Request

from connect import request_path, request_query


def request(raw_path: bytes | None, path: str = "/", query: bytes = b"") -> Request:
    scope: dict[str, Any] = {"type": "http", "path": path, "query_string": query, "headers": []}
    return Request(scope if raw_path is None else scope | {"raw_path": raw_path})


@pytest.mark.parametrize(
    ("base_url", "raw_path", "expected"),
    [
        ("https://app.example.com", b"/a%20b/%2F", "/a%20b/%2F"),
        ("https://app.example.com/", b"/a", "/a"),
        ("https://app.example.com/getint", b"/getint/a", "/a"),
        ("https://app.example.com/getint/", b"/getint/a", "/a"),
        ("https://app.example.com/getint", b"/a", "/a"),
        ("https://app.example.com/getint", b"/getint", "/"),
        ("https://app.example.com/getint", b"/getintruder/a", "/getintruder/a"),
    ],
)
def test_the_path_is_relative_to_our_base_url(
    base_url: str, raw_path: bytes, expected: str
) -> None:
    assert request_path(request(raw_path), base_url) == expected


def test_a_server_that_gives_no_raw_path_still_has_one() -> None:
    assert request_path(request(None, "/a b"), "https://app.example.com") == "/a%20b"


def test_the_query_is_raw() -> None:
    assert request_query(request(b"/", query=b"a=%20&b=+")) == "a=%20&b=+"
