"""Puts the web layer around an application, in the order that lets it cover everything."""

from collections.abc import Mapping

from fastapi import FastAPI

from app.web.envelope import Envelope
from app.web.problems import install_problem_handlers
from app.web.static_files import STATIC_PATH, HashedStaticFiles
from app.web.templates import compile_all

# Forms are small; what comes in larger is not read to its end, but for files where they belong.
MAX_BODY_BYTES = 256 * 1024
_AROUND_A_FILE = 16 * 1024


def install_web(
    app: FastAPI, *, ap_js_url: str | None, largest_files: Mapping[str, int] | None = None
) -> None:
    """Static files, problem answers and the envelope; templates compiled.

    ``largest_files`` are the paths that take a file, with its largest size in bytes. The
    middleware added last is the outermost, so call this after any other.
    """
    compile_all()
    app.mount(STATIC_PATH, HashedStaticFiles(), name="static")
    install_problem_handlers(app, ap_js_url=ap_js_url)
    app.add_middleware(
        Envelope,
        ap_js_url=ap_js_url,
        max_body_bytes=MAX_BODY_BYTES,
        max_file_bytes={
            path: size + _AROUND_A_FILE for path, size in (largest_files or {}).items()
        },
    )
