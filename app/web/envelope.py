"""What stands around every answer: its name, its security headers, its access line, and a 500."""

import logging
import time
from collections.abc import Mapping

from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web import request_id
from app.web.headers import SecurityHeaders
from app.web.logging import log_request
from app.web.problems import API_PATH, UNEXPECTED, answer

_BODILESS = {"GET", "HEAD"}
_log = logging.getLogger("app.problems")


class Envelope:
    """The outermost of our layers. One, because each costs every request a step in and out."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        ap_js_url: str | None,
        max_body_bytes: int,
        max_file_bytes: Mapping[str, int],
    ) -> None:
        self._app = app
        self._with_body = RequestBodyLimitMiddleware(app, max_body_size=max_body_bytes)
        self._with_file = {
            path: RequestBodyLimitMiddleware(app, max_body_size=size)
            for path, size in max_file_bytes.items()
        }
        self._headers = SecurityHeaders(ap_js_url)
        self._ap_js_url = ap_js_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0
        name = request_id.taken_over(scope)
        scope.setdefault("state", {})

        async def send_wrapped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *self._headers.around(message["headers"], scope),
                    (request_id.RAW_HEADER, name.encode()),
                ]
            await send(message)

        app = self._app
        # What the API reads is counted where it is read, so that it is refused as a problem there.
        if scope["method"] not in _BODILESS and not scope["path"].startswith(API_PATH):
            app = self._with_file.get(scope["path"], self._with_body)
        token = request_id.CURRENT.set(name)
        try:
            await app(scope, receive, send_wrapped)
        except Exception as error:
            _log.exception(
                "unexpected error", extra={"kind": type(error).__name__, "path": scope["path"]}
            )
            if status:
                raise
            told = answer(Request(scope), UNEXPECTED, self._ap_js_url)
            await told(scope, receive, send_wrapped)
        finally:
            log_request(scope, status or 500, time.perf_counter() - began)
            request_id.CURRENT.reset(token)
