"""JSON lines on stdout: one for each request, and never a secret among them."""

import logging
import re
import sys
from datetime import UTC, datetime
from functools import cache
from json.encoder import encode_basestring_ascii as _quoted

import structlog
from prometheus_client import Histogram
from starlette.types import Scope
from structlog.typing import EventDict, Processor, WrappedLogger

from app.metrics import REQUEST_SECONDS
from app.web.request_id import current_request_id

REDACTED = "[redacted]"
_access = logging.getLogger("app.access_log")
_SECRET_NAME = re.compile(
    r"token|jwt|secret|authorization|password|passwd|credential|cookie|api_?key|body", re.I
)
_SECRET_VALUE = re.compile(
    r"\bey[\w-]{8,}\.[\w-]+\.[\w-]+|\b(?:Bearer|Basic|JWT)\s+\S+|(?<=/hooks/)[^/\s]+", re.I
)


def redact_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace whatever is named like a secret or looks like a token, at any depth."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: object, value: object) -> object:
    if isinstance(key, str) and _SECRET_NAME.search(key):
        return REDACTED
    if isinstance(value, dict):
        return {name: _redacted(name, item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", item) for item in value]
    return _SECRET_VALUE.sub(REDACTED, value) if isinstance(value, str) else value


def add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the request that a line belongs to, when there is one."""
    if request_id := current_request_id():
        event.setdefault("request_id", request_id)
    return event


def configure_logging(level: str = "INFO") -> None:
    """Send structlog's and the standard library's lines to stdout as JSON."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_id,
        structlog.processors.format_exc_info,
        redact_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _quieten()


def _quieten() -> None:
    """Leave the access line to `log_request`; others' URLs carry tokens in the query string."""
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("httpx", "httpcore", "procrastinate"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log_request(scope: Scope, status: int, seconds: float) -> None:
    """Write the access line: the path without its query string. Counts the time as well."""
    _timed(status // 100).observe(seconds)
    if _access.isEnabledFor(logging.INFO):
        # Straight to where the handlers write: on the way through them it took a fifth of a page.
        path = _quoted(_SECRET_VALUE.sub(REDACTED, scope["path"]))
        sys.stdout.write(
            f'{{"method": {_quoted(scope["method"])}, "path": {path}, "status": {status}, '
            f'"ms": {seconds * 1000:.1f}, "event": "request", "level": "info", '
            f'"logger": "{_access.name}", "timestamp": "{datetime.now(UTC).isoformat()[:-6]}Z", '
            f'"request_id": "{current_request_id()}"}}\n'
        )
        sys.stdout.flush()


@cache
def _timed(hundreds: int) -> Histogram:
    return REQUEST_SECONDS.labels(f"{hundreds}xx")
