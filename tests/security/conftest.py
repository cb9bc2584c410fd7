"""A second customer on the same app."""

import copy
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from sandbox.main import create_app as create_sandbox
from sandbox.running import Sandbox
from sandbox.site import SiteState
from tests.people import ACCOUNTS, APP_URL, Visitor

OTHER_URL = "http://localhost:2991"


@pytest.fixture
async def other_site(
    app: FastAPI,
    configured: Sandbox,
    opened_site: SiteState,
    http: httpx.AsyncClient,
    doors: dict[str, httpx.AsyncBaseTransport],
) -> Sandbox:
    """Another Jira site with the app; the same Atlassian accounts may use both, as in life."""
    site = copy.deepcopy(opened_site)
    site.base_url, site.client_key = OTHER_URL, str(uuid4())
    program = create_sandbox(site, app_http=http)
    doors[OTHER_URL] = httpx.ASGITransport(program)
    other: Sandbox = program.state.sandbox
    await other.host.install(f"{APP_URL}/atlassian-connect.json")
    response = await Visitor(other, http, ACCOUNTS["admin"]).post(
        f"{APP_URL}/set-up", data={"kind": "integration"}
    )
    assert response.status_code < 400, response.text
    return other
