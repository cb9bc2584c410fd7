"""Each route says what proof it takes and what it is about; nothing is open by oversight."""

from fastapi import FastAPI

from app.access import Action
from app.identity.visit import Proof
from tests.security.walk import (
    LIFECYCLE,
    PUBLIC,
    SIGNED_BY_SITE,
    SIGNED_BY_TOOL,
    WEBHOOKS,
    declared_routes,
)


def test_every_route_declares_its_proof_and_action_or_is_known_to_be_public(app: FastAPI) -> None:
    undeclared = {
        route.path for route in declared_routes(app) if route.proof is None or route.action is None
    }
    assert undeclared == PUBLIC | LIFECYCLE | SIGNED_BY_SITE | WEBHOOKS | SIGNED_BY_TOOL


def test_the_api_takes_tokens_of_people_and_nothing_else_does(app: FastAPI) -> None:
    for route in declared_routes(app):
        is_api = route.path.startswith("/api/") and route.path not in PUBLIC
        assert (route.proof is Proof.TOKEN) == is_api, route


def test_only_the_addresses_of_the_descriptor_take_a_page_token(app: FastAPI) -> None:
    for route in declared_routes(app):
        is_framed = route.path.startswith("/connect/pages/")
        assert (route.proof is Proof.PAGE) == is_framed, route
        assert route.method == "GET" or route.proof is not Proof.PAGE, route


def test_every_action_is_what_some_route_is_about(app: FastAPI) -> None:
    used = {route.action for route in declared_routes(app)}
    assert set(Action) <= used
