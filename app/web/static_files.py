"""Static files: named by their content, cached for a year, checked again when unnamed."""

import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

STATIC_DIR = Path(__file__).resolve().parent / "static"
STATIC_PATH = "/static"
FOREVER = "public, max-age=31536000, immutable"
CHECK_AGAIN = "no-cache"


@cache
def content_hash(name: str) -> str:
    """The first 12 hex digits of the SHA-256 of a static file; empty when there is none."""
    path = STATIC_DIR / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""


@cache
def static_url(name: str) -> str:
    """Address of a static file, for templates: `/static/app.css?v=1f2e3d4c5b6a`."""
    return f"{STATIC_PATH}/{name}?v={content_hash(name)}"


class HashedStaticFiles(StaticFiles):
    """Serves `STATIC_DIR`; only the address that carries the present content's hash may be kept."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC_DIR)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        version = parse_qs(scope["query_string"].decode("latin-1")).get("v", [""])[0]
        named = response.status_code < 400 and version and version == content_hash(path)
        response.headers["Cache-Control"] = FOREVER if named else CHECK_AGAIN
        return response
