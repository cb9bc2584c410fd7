"""The product and a Jira site that listen on real ports."""

from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from sandbox.running import Sandbox


@dataclass
class Town:
    """A Jira site and the app in it, as they are on the web."""

    jira_url: str
    app_url: str
    sandbox: Sandbox
    app: FastAPI

    def control(self, method: str, path: str, json: Any = None) -> httpx.Response:
        """Use the sandbox's remote control."""
        url = f"{self.jira_url}/sandbox/api{path}"
        response = httpx.request(method, url, json=json, timeout=20)
        response.raise_for_status()
        return response
