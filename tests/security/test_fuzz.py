"""Whatever is sent to any route, with the best of tokens, it is answered and never breaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err

from app.sync.side_schemas import SchemaReader
from sandbox.running import Sandbox
from tests.examples import many
from tests.people import ACCOUNTS
from tests.security.test_row_security import fill
from tests.sync.fake_sides import FakeSides
from tests.town import Town

EXAMPLES_A_ROUTE = many(8)
API = "/api/"
# As they stand in a body or address: bytes that no browser sends, texts that trip others up.
NASTY = ["%00", "%ED%A0%80", "%FF", "%E2%80%AE", "%27%22%60%3B--", "%7B%7B7*7%7D%7D", "%", "..%2F"]
NASTY += [
    "9" * 400,
    "%C3%A9" * 900,
    "",
    "%F0%9F%92%A9",
    "-1",
    "1e999",
    "null",
    "%0D%0ASet-Cookie%3A",
]


@dataclass(frozen=True)
class Target:
    """The app on a real port, with a site, a set-up and one of everything in it."""

    url: str
    sandbox: Sandbox
    ids: dict[str, str]

    def headers(self) -> dict[str, str]:
        token = self.sandbox.host.context_token(ACCOUNTS["admin"])
        return {"Authorization": f"JWT {token}"}

    def description(self) -> dict[str, Any]:
        """Of the pages; the API has a description of its own (tests/api/test_description.py)."""
        described: dict[str, Any] = httpx.get(f"{self.url}/openapi.json", timeout=10).json()
        pages = {path: it for path, it in described["paths"].items() if not path.startswith(API)}
        return {**described, "paths": pages}


@pytest.fixture
def target(set_up_town: Town, superuser: psycopg.Connection) -> Target:
    # Both sides of the integration can be read, so that what comes after is reached.
    set_up_town.app.state.schemas = SchemaReader(FakeSides().open)
    row = superuser.execute("SELECT id FROM instances").fetchone()
    assert row
    integration_id = str(fill(superuser, row[0]))
    others = superuser.execute(
        "SELECT c.id, m.id, r.id, s.id, c.workspace_id"
        " FROM connections c, type_mappings m, runs r, support_requests s"
    ).fetchone()
    assert others
    superuser.execute("UPDATE type_mappings SET tool_type = 'Issue'")
    account = superuser.execute(
        "INSERT INTO accounts (id, instance_id, name, email, email_key)"
        " SELECT gen_random_uuid(), instance_id, 'Pat', 'pat@example.com', 'pat@example.com'"
        " FROM connections RETURNING id"
    ).fetchone()
    assert account
    ids = {
        "integration_id": integration_id,
        "connection_id": str(others[0]),
        "mapping_id": str(others[1]),
        "run_id": str(others[2]),
        "request_id": str(others[3]),
        "workspace_id": str(others[4]),
        "moved_id": integration_id,
        "account_id": str(account[0]),
        "instance_id": str(row[0]),
    }
    return Target(set_up_town.app_url, set_up_town.sandbox, ids)


def test_no_route_breaks_whatever_is_sent_to_it(target: Target) -> None:
    schema = schemathesis.openapi.from_dict(target.description())
    walked = 0
    for result in schema.get_all_operations():
        assert not isinstance(result, Err), result
        operation = result.ok()
        walked += 1

        @settings_of_hypothesis(
            max_examples=EXAMPLES_A_ROUTE,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_real=st.booleans())
        def attack(case: schemathesis.Case[Any], is_real: bool) -> None:
            for name in target.ids.keys() & (case.path_parameters or {}).keys():
                if is_real:
                    case.path_parameters[name] = target.ids[name]
            response = case.call(base_url=target.url, headers=target.headers(), timeout=20)
            case.validate_response(response, checks=[not_a_server_error])

        attack()
    assert walked > 40


def test_no_form_breaks_on_what_no_browser_sends(target: Target) -> None:
    forms = 0
    with httpx.Client(base_url=target.url, timeout=20) as client:
        for path, methods in target.description()["paths"].items():
            body = methods.get("post", {}).get("requestBody")
            if body is None:
                continue
            forms += 1
            fields = body["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
            for content in _nasty_bodies(list(fields)):
                response = client.post(
                    path.format(**target.ids),
                    content=content,
                    headers={
                        **target.headers(),
                        "Content-Type": "application/x-www-form-urlencoded",
                    },
                )
                assert response.status_code < 500, (path, content[:80], response.status_code)
    assert forms >= 8


def _nasty_bodies(fields: list[str]) -> Iterator[bytes]:
    for nasty in NASTY:
        yield "&".join(f"{name}={nasty}" for name in fields).encode()
        yield f"{nasty}={nasty}".encode()
    yield b"&&&==="
    yield b"\xff\xfe"
    yield f"{fields[0]}=1&{fields[0]}=2".encode()


def test_no_address_breaks_on_what_no_browser_sends(target: Target) -> None:
    with httpx.Client(base_url=target.url, timeout=20) as client:
        for path, methods in target.description()["paths"].items():
            for nasty in NASTY:
                url = path.replace("{", "").replace("}", "") if "{" not in path else None
                url = url or path.split("{")[0] + (nasty or "x")
                for method in methods:
                    response = client.request(
                        method, f"{url}?q={nasty}&after={nasty}&{nasty}", headers=target.headers()
                    )
                    known = {200, 303, 400, 401, 403, 404, 405, 409, 413, 422}
                    assert response.status_code in known, (method, url, response.status_code)
