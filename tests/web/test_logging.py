import json
import logging
from collections.abc import Iterator

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.web.logging import REDACTED, configure_logging, redact_secrets
from app.web.request_id import current_request_id

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("uvicorn.access").disabled = False
    structlog.reset_defaults()


def drain(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


async def test_a_request_writes_one_line_without_its_query(
    asker: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    answer = await asker.get("/page", params={"jwt": TOKEN})
    (line,) = [line for line in drain(capsys) if line["event"] == "request"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/page", 200)
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert isinstance(line["ms"], float)
    assert TOKEN not in json.dumps(line)


async def test_an_unexpected_error_is_logged_with_its_request_id(
    asker: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging()
    answer = await asker.get("/problem/crash")
    errors = [line for line in drain(capsys) if line["level"] == "error"]
    (line,) = errors
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "RuntimeError" in str(line["exception"])


@pytest.mark.parametrize(
    "name", ["token", "jwt", "shared_secret", "Authorization", "password", "api_key", "set-cookie"]
)
def test_what_is_named_like_a_secret_is_not_logged(name: str) -> None:
    event = {"event": "x", name: "s3cr3t", "more": {name: ["s3cr3t"]}}
    assert "s3cr3t" not in json.dumps(dict(redact_secrets(None, "info", event)))


@given(st.text(max_size=20), st.text(max_size=20))
def test_a_token_is_not_logged_wherever_it_stands(before: str, after: str) -> None:
    event = {"event": f"{before} {TOKEN} {after}", "list": [f"JWT {TOKEN}"]}
    said = json.dumps(dict(redact_secrets(None, "info", event)))
    assert TOKEN not in said
    assert REDACTED in said


def test_the_standard_library_logs_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging()
    logging.getLogger("somebody.else").warning("called with %s", f"Bearer {TOKEN}")
    (line,) = drain(capsys)
    assert line["logger"] == "somebody.else"
    assert TOKEN not in json.dumps(line)


@pytest.mark.parametrize(
    ("given_id", "taken"),
    [("abcdef-123456", True), ("short", False), ("has space in it", False), ("x" * 65, False)],
)
async def test_only_a_well_formed_request_id_is_taken_over(
    asker: httpx.AsyncClient, given_id: str, taken: bool
) -> None:
    answer = await asker.get("/page", headers={"X-Request-ID": given_id})
    assert (answer.headers["X-Request-ID"] == given_id) is taken
    assert current_request_id() == ""
