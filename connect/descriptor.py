"""The descriptor: what Jira reads to learn of the app."""

import json
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

_PLACEHOLDER = "{{baseUrl}}"


def load_descriptor(path: Path, *, base_url: str, app_key: str) -> dict[str, Any]:
    """Read the descriptor, with its key and every `{{baseUrl}}` filled in.

    Raises OSError, and ValueError when the file holds no JSON object.
    """
    descriptor = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(descriptor, dict):
        raise ValueError(f"{path} holds no JSON object")
    filled: dict[str, Any] = _fill(descriptor, base_url.rstrip("/"))
    filled["key"] = app_key
    return filled


def descriptor_router(path: Path, *, base_url: str, app_key: str) -> APIRouter:
    """GET /atlassian-connect.json, public: it holds nothing that is not."""
    descriptor = load_descriptor(path, base_url=base_url, app_key=app_key)
    router = APIRouter(tags=["connect descriptor"])

    @router.get("/atlassian-connect.json", name="connect_descriptor")
    async def atlassian_connect() -> JSONResponse:
        """The app's Connect descriptor."""
        return JSONResponse(descriptor)

    return router


def _fill(value: Any, base_url: str) -> Any:
    if isinstance(value, dict):
        return {name: _fill(member, base_url) for name, member in value.items()}
    if isinstance(value, list):
        return [_fill(member, base_url) for member in value]
    return value.replace(_PLACEHOLDER, base_url) if isinstance(value, str) else value
