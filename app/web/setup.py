"""Puts the web layer around an application, in the order that lets it cover everything."""

from fastapi import FastAPI

from app.web.headers import SecurityHeaders
from app.web.logging import AccessLog
from app.web.problems import install_problem_handlers
from app.web.request_id import RequestId
from app.web.static_files import STATIC_PATH, HashedStaticFiles
from app.web.templates import compile_all


def install_web(app: FastAPI, *, ap_js_url: str | None) -> None:
    """Static files, problem answers, headers, access lines and request ids; templates compiled.

    The middleware added last is the outermost, so call this after any other.
    """
    compile_all()
    app.mount(STATIC_PATH, HashedStaticFiles(), name="static")
    install_problem_handlers(app, ap_js_url=ap_js_url)
    app.add_middleware(SecurityHeaders, ap_js_url=ap_js_url)
    app.add_middleware(AccessLog)
    app.add_middleware(RequestId)
