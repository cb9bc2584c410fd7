"""The parts of one running sandbox, for its routes and for tests in the same process."""

from dataclasses import dataclass, field
from typing import Annotated

import httpx
from fastapi import Depends, Request

from sandbox.faults import Faults
from sandbox.host import Host
from sandbox.quota import Quota
from sandbox.request_log import RequestLog
from sandbox.site import SiteState
from sandbox.webhooks import Webhooks

UPLOAD_LIMIT = 20 * 1024 * 1024


@dataclass(slots=True)
class Sandbox:
    """A site, its Connect host, and what can be done to it; `upload_limit` in bytes a file."""

    site: SiteState
    host: Host
    log: RequestLog
    faults: Faults
    webhooks: Webhooks
    quota: Quota = field(default_factory=Quota)
    upload_limit: int = UPLOAD_LIMIT

    @classmethod
    def of(cls, site: SiteState, app_http: httpx.AsyncClient) -> "Sandbox":
        log, faults = RequestLog(), Faults()
        host = Host(site, app_http, log)
        webhooks = Webhooks(site, host.send, faults)
        return cls(site=site, host=host, log=log, faults=faults, webhooks=webhooks)


async def sandbox_of(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


Here = Annotated[Sandbox, Depends(sandbox_of)]
