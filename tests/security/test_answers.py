"""Every answer carries the headers, and no answer or log line carries a secret."""

import logging
from collections.abc import Callable, Iterator

import httpx
import pytest
import structlog
from fastapi import FastAPI

from app.main import DESCRIPTOR
from sandbox.running import Sandbox
from tests.people import JIRA_URL, Visitor
from tests.security.walk import declared_routes, page_routes

As = Callable[..., Visitor]


@pytest.fixture
def log_lines() -> Iterator[list[str]]:
    """Everything that is logged, by us or by libraries, at every level."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(f"{record.getMessage()} {record.__dict__} {record.exc_info}")

    def keep(_logger: object, _name: str, event: structlog.typing.EventDict) -> str:
        lines.append(str(event))
        return ""

    root, handler = logging.getLogger(), Keep(level=0)
    level = root.level
    root.addHandler(handler)
    root.setLevel(0)
    structlog.configure(
        processors=[structlog.processors.format_exc_info, keep],
        logger_factory=structlog.ReturnLoggerFactory(),
    )
    yield lines
    structlog.reset_defaults()
    root.removeHandler(handler)
    root.setLevel(level)


def assert_headers(response: httpx.Response, ancestors: str) -> None:
    cache = response.headers["cache-control"]
    assert "no-cache" in cache
    assert "no-store" in cache
    policy = response.headers["referrer-policy"]
    assert policy in {"strict-origin-when-cross-origin", "same-origin", "strict-origin", "origin"}
    assert "max-age=31536000" in response.headers["strict-transport-security"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "x-frame-options" not in response.headers
    directives = dict(
        part.strip().partition(" ")[::2]
        for part in response.headers["content-security-policy"].split(";")
    )
    assert directives["default-src"] == "'none'"
    assert directives["frame-ancestors"] == ancestors
    assert "unsafe" not in response.headers["content-security-policy"]
    assert "*" not in response.headers["content-security-policy"]
    assert "set-cookie" not in response.headers


async def test_every_route_answers_with_the_security_headers_whatever_it_answers(
    app: FastAPI, client: httpx.AsyncClient, configured: Sandbox, as_: As
) -> None:
    for route in declared_routes(app):
        assert_headers(await client.request(route.method, route.url), "'none'")
    for route in declared_routes(app):
        if route.proof == "context":
            answered = await as_("admin").ask(route.method, route.url)
            assert_headers(answered, JIRA_URL)
    assert_headers(await client.get("/nothing/here"), "'none'")
    assert_headers(await client.request("BREW", "/integrations"), "'none'")


async def test_a_page_may_be_framed_by_the_verified_site_alone(
    app: FastAPI, configured: Sandbox, as_: As
) -> None:
    for page in ("general", "admin"):
        assert_headers(await as_("admin").open(page), JIRA_URL)
        assert_headers(await as_("nobody").open(page), JIRA_URL)
    assert page_routes(app)


async def test_no_answer_shows_a_secret_and_none_reaches_the_log(
    app: FastAPI, configured: Sandbox, as_: As, log_lines: list[str]
) -> None:
    admin = as_("admin")
    secrets = {configured.host.addon.shared_secret}
    answers = []
    for route in declared_routes(app):
        token = admin.token()
        secrets.add(token)
        response = await admin.http.request(
            route.method,
            route.url,
            headers={"Authorization": f"JWT {token}"},
            data={"secret": "hush-hush-hush", "token": "hush-hush-hush"},
        )
        answers.append(response.text + str(response.headers))
    framed = configured.host.frame_url(admin.account_id, "getint")
    secrets |= {framed.rsplit("jwt=", 1)[1], "hush-hush-hush"}
    answers.append((await admin.http.get(framed)).text)
    await configured.host.rotate_secret()
    secrets.add(configured.host.addon.shared_secret)
    await configured.host.uninstall()
    ours = [line for line in log_lines if "httpx" not in line]  # the sandbox logs what it sends
    assert ours
    for secret in secrets:
        assert not [text for text in answers if secret in text]
        assert not [line for line in ours if secret in line]


async def test_refusals_come_in_the_form_that_was_asked_for(
    client: httpx.AsyncClient, configured: Sandbox, as_: As
) -> None:
    nobody = as_("nobody")
    program = await nobody.http.get(
        "/integrations", headers={"Authorization": f"JWT {nobody.token()}"}
    )
    assert program.headers["content-type"] == "application/problem+json"
    told = program.json()
    assert told["status"] == program.status_code == 403
    assert told["detail"]
    assert told["needed"]
    assert told["who"]
    piece = await nobody.get("/integrations")
    assert piece.headers["content-type"].startswith("text/html")
    assert "<html" not in piece.text
    page = await nobody.open("general")
    assert "<html" in page.text
    assert page.status_code == 403


async def test_the_descriptor_is_public_and_holds_no_secret(client: httpx.AsyncClient) -> None:
    response = await client.get("/atlassian-connect.json")
    assert response.status_code == 200
    assert response.json()["baseUrl"] == "http://localhost:8000"
    assert DESCRIPTOR.exists()


async def test_a_body_that_is_too_large_is_refused(
    client: httpx.AsyncClient, configured: Sandbox, as_: As
) -> None:
    large = await as_("admin").post("/integrations", content=b"name=" + b"x" * 2_000_000)
    assert large.status_code == 413
