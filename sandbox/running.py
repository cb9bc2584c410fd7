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


@dataclass(slots=True)
class Sandbox:
    """A site, its Connect host, and what can be done to it."""

    site: SiteState
    host: Host
    log: RequestLog
    faults: Faults = field(default_factory=Faults)
    quota: Quota = field(default_factory=Quota)

    @classmethod
    def of(cls, site: SiteState, app_http: httpx.AsyncClient) -> "Sandbox":
        log = RequestLog()
        return cls(site=site, host=Host(site, app_http, log), log=log)


def sandbox_of(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


Here = Annotated[Sandbox, Depends(sandbox_of)]
