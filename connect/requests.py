"""The parts of an ASGI request that a token is bound to."""

from urllib.parse import quote, urlsplit

from starlette.requests import Request


def request_path(request: Request, app_base_url: str) -> str:
    """The path as it was sent (still encoded), relative to the path of our public base URL.

    Proxies may strip that prefix or leave it: both give the same answer.
    """
    raw = request.scope.get("raw_path")
    path = raw.decode("latin-1") if isinstance(raw, bytes) else quote(request.scope["path"])
    base_path = urlsplit(app_base_url).path.rstrip("/")
    if base_path and (path == base_path or path.startswith(f"{base_path}/")):
        return path[len(base_path) :] or "/"
    return path


def request_query(request: Request) -> str:
    """The raw query string, without the question mark."""
    query: bytes = request.scope["query_string"]
    return query.decode("latin-1")
