"""The API as it is described, and that it is as described, whatever is sent to it."""

from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)

from app.access import Action
from app.api.description import described_api
from app.api.routes import router
from app.sync.side_schemas import SchemaReader
from tests.api.kit import V1, token_form
from tests.examples import many
from tests.people import ACCOUNTS
from tests.security.test_row_security import fill
from tests.security.walk import api_routes
from tests.sync.fake_sides import FakeSides
from tests.town import Town

EXAMPLES_A_ROUTE = many(2)


def test_the_description_is_valid_and_of_every_route_of_the_api_and_no_other(app: FastAPI) -> None:
    described = described_api()
    validate(described)
    assert described["openapi"].startswith("3.1")
    found = {
        f"{method.upper()} {path}"
        for path, methods in described["paths"].items()
        for method in methods
    }
    assert found == {str(route) for route in api_routes(app)}
    names = [
        operation["operationId"]
        for methods in described["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names))


def test_every_body_and_problem_is_described_and_refuses_what_it_does_not_name() -> None:
    described = described_api()
    schemas = described["components"]["schemas"]
    for methods in described["paths"].values():
        for operation in methods.values():
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"]["$ref"].endswith("/ProblemDetails")
            assert operation["description"]
            if body := operation.get("requestBody"):
                name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert schemas[name]["additionalProperties"] is False, name
                assert schemas[name]["examples"], name


def test_no_body_is_read_before_its_sender_has_proved_who_they_are() -> None:
    for context in iter_route_contexts(router.routes):
        route = context.original_route
        assert isinstance(route, APIRoute)
        assert route.body_field is None, "FastAPI would read it first, and as long as it is"


def test_no_address_of_the_api_makes_or_shows_tokens(app: FastAPI) -> None:
    assert not [path for path in described_api()["paths"] if "token" in path]
    assert Action.HAVE_TOKENS not in {route.action for route in api_routes(app)}


async def test_the_description_is_public_and_holds_nothing_of_anybody(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get(f"{V1}/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == described_api()
    assert "set-cookie" not in answer.headers


@pytest.fixture
def ids(superuser: psycopg.Connection, set_up_town: Town) -> dict[str, str]:
    set_up_town.app.state.schemas = SchemaReader(FakeSides().open)
    row = superuser.execute("SELECT id, jira_workspace_id FROM instances").fetchone()
    assert row
    integration_id = fill(superuser, row[0])
    others = superuser.execute("SELECT c.id, r.id FROM connections c, runs r").fetchone()
    assert others
    return {
        "integration_id": str(integration_id),
        "connection_id": str(others[0]),
        "run_id": str(others[1]),
        "workspace_id": str(row[1]),
    }


@pytest.fixture
def token(set_up_town: Town) -> str:
    """Of an administrator, made as people do."""
    jwt = set_up_town.sandbox.host.context_token(ACCOUNTS["admin"])
    answer = httpx.post(
        f"{set_up_town.app_url}/account/tokens",
        data=token_form(),
        headers={"Authorization": f"JWT {jwt}", "HX-Request": "true"},
    )
    return answer.text.split('<code id="new-token">')[1].split("<")[0]


def test_whatever_is_sent_the_answer_is_as_described(
    ids: dict[str, str], token: str, set_up_town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_up_town.app.state.house.token_door._requests, "_most", 100_000)
    description = httpx.get(f"{set_up_town.app_url}{V1}/openapi.json").json()
    schema = schemathesis.openapi.from_dict(description)
    checks = [not_a_server_error, response_schema_conformance, content_type_conformance]
    statuses: set[int] = set()
    for result in schema.get_all_operations():
        assert not isinstance(result, Err), result
        operation = result.ok()

        @settings_of_hypothesis(
            max_examples=EXAMPLES_A_ROUTE,
            deadline=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), is_real=st.booleans())
        def attack(case: schemathesis.Case[Any], is_real: bool) -> None:
            for name in ids.keys() & (case.path_parameters or {}).keys():
                if is_real:
                    case.path_parameters[name] = ids[name]
            headers = {"Authorization": f"Bearer {token}"}
            response = case.call(base_url=set_up_town.app_url, headers=headers, timeout=20)
            statuses.add(response.status_code)
            case.validate_response(response, checks=checks)

        attack()
    assert {200, 404, 422} <= statuses
    assert 401 not in statuses
