"""The API described for programs, by OpenAPI 3.1: its own addresses and nothing else of the app."""

import json
from functools import cache
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.api.bodies import JSON, sent
from app.api.problems import ProblemDetails
from app.api.router import ROOT
from app.api.routes import router as described
from app.web.show import VERSION

ADDRESS = f"{ROOT}/openapi.json"
_REF = "#/components/schemas/{model}"
_ABOUT = (
    "Everything that the pages of Getint do, for programs. A personal access token proves who you "
    "are; it can do what you may at that moment, within its scopes. See docs/api.md."
)
_VALIDATION_OF_FASTAPI = ("HTTPValidationError", "ValidationError")
router = APIRouter(tags=["description"])


@router.get(ADDRESS, include_in_schema=False)
async def description() -> Response:
    """The description; it holds nothing of anybody."""
    return Response(_written(), media_type=JSON)


@cache
def _written() -> str:
    return json.dumps(described_api())


def described_api() -> dict[str, Any]:
    """The whole description."""
    found: dict[str, Any] = get_openapi(
        title="Getint",
        version=VERSION,
        openapi_version="3.1.0",
        description=_ABOUT,
        routes=described.routes,
        servers=[{"url": "/"}],
    )
    schemas = found["components"]["schemas"]
    for name in _VALIDATION_OF_FASTAPI:
        schemas.pop(name, None)
    bodies = _bodies()
    names = _add_models(schemas, {*bodies.values(), ProblemDetails})
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            _finish(operation)
            if (body := bodies.get((method, path))) is not None:
                schema = {"$ref": _REF.format(model=names[body])}
                operation["requestBody"] = {
                    "required": True,
                    "content": {JSON: {"schema": schema}},
                }
    found["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A personal access token: Account > Access tokens.",
        }
    }
    found["security"] = [{"token": []}]
    return found


def _finish(operation: dict[str, Any]) -> None:
    """Problems are ours, not FastAPI's, and are told apart from what is answered."""
    for status, answer in operation["responses"].items():
        if not status.startswith("2"):
            answer["content"] = {
                kind: content for kind, content in answer["content"].items() if kind != JSON
            }


def _bodies() -> dict[tuple[str, str], type[BaseModel]]:
    """What each address reads, by method and path."""
    found = {}
    for context in iter_route_contexts(described.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and (model := _body_of(route.dependant)) is not None:
            methods = route.methods or ()
            found.update({(method.lower(), context.path or ""): model for method in methods})
    return found


def _body_of(dependant: Dependant) -> type[BaseModel] | None:
    for needed in dependant.dependencies:
        if isinstance(needed.call, sent):
            return needed.call.model
    return None


def _add_models(
    schemas: dict[str, Any], models: set[type[BaseModel]]
) -> dict[type[BaseModel], str]:
    """Describe what is sent; the names by which it is referred to."""
    ordered = sorted(models, key=lambda model: model.__name__)
    refs, defined = models_json_schema(
        [(model, "validation") for model in ordered], ref_template=_REF
    )
    schemas.update(defined["$defs"])
    return {model: refs[model, "validation"]["$ref"].rpartition("/")[2] for model in ordered}
