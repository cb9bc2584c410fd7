"""Every route of the running app with what it declares: found by walking, not by a list."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.access import Action
from app.identity.visit import Proof

LIFECYCLE = {f"/connect/lifecycle/{event}" for event in ("installed", "uninstalled")}
SIGNED_BY_SITE = {f"/connect/lifecycle/{event}" for event in ("enabled", "disabled")}
WEBHOOKS = {"/connect/webhooks/changed", "/connect/webhooks/deleted"}
SIGNED_BY_TOOL = {"/hooks/{key}"}
SIGN_IN = {  # asks for what proves people, and takes it from our own pages alone
    "/sign-in",
    "/sign-in/{instance_id}",
    "/sign-in/{instance_id}/code",
    "/sign-in/{instance_id}/second-factor",
    "/sign-in/{instance_id}/forgotten",
    "/sign-in/{instance_id}/provider",
    "/sign-in/{instance_id}/provider/back",
    "/sign-out",
    "/welcome",
    "/welcome/link",
}
PUBLIC = SIGN_IN | {
    "/api/v1/openapi.json",  # describes the API, and holds nothing of anybody
    "/atlassian-connect.json",
    "/health/live",
    "/health/ready",
    "/metrics",  # asks for the operator's own token, and is not there without that setting
}


@dataclass(frozen=True)
class Declared:
    """A route and what stands at its head."""

    method: str
    path: str
    proof: Proof | None
    action: Action | None

    @property
    def url(self) -> str:
        """An address of this shape at which there is nothing."""
        return re.sub(r"{[^}]*}", lambda _: str(uuid4()), self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def declared_routes(app: FastAPI) -> Iterator[Declared]:
    """All API routes; mounted static files are not among them."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute) or context.path is None:
            continue
        guard = _guard(route.dependant)
        for method in sorted(route.methods or ()):
            yield Declared(
                method,
                context.path,
                guard.proof if guard else None,
                guard.action if guard else None,
            )


def _guard(dependant: Dependant) -> Declared | None:
    call = dependant.call
    proof, action = getattr(call, "proof", None), getattr(call, "action", None)
    if isinstance(proof, Proof) and isinstance(action, Action):
        return Declared("", "", proof, action)
    for inner in dependant.dependencies:
        if found := _guard(inner):
            return found
    return None


def context_routes(app: FastAPI) -> list[Declared]:
    return [route for route in declared_routes(app) if route.proof is Proof.CONTEXT]


def api_routes(app: FastAPI) -> list[Declared]:
    return [route for route in declared_routes(app) if route.proof is Proof.TOKEN]


def page_routes(app: FastAPI) -> list[Declared]:
    return [route for route in declared_routes(app) if route.proof is Proof.PAGE]
