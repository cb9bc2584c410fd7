"""A tiny Connect app: remembers what it is told, and has one page of each kind."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response

BASE_URL = "http://app.test"
APP_KEY = "com.example.stub"


def descriptor(base_url: str = BASE_URL, scopes: tuple[str, ...] = ("READ",)) -> dict[str, Any]:
    def page(key: str, url: str, **more: Any) -> dict[str, Any]:
        return {"key": key, "name": {"value": key.title()}, "url": url, **more}

    admin_only = [{"condition": "user_is_admin"}]
    return {
        "key": APP_KEY,
        "name": "Stub",
        "baseUrl": base_url,
        "authentication": {"type": "jwt"},
        "apiMigrations": {"signed-install": True, "context-qsh": True, "gdpr": True},
        "enableLicensing": True,
        "scopes": list(scopes),
        "lifecycle": {
            "installed": "/lifecycle/installed",
            "enabled": "/lifecycle/enabled",
            "disabled": "/lifecycle/disabled",
            "uninstalled": "/lifecycle/uninstalled",
        },
        "modules": {
            "generalPages": [page("main", "/page?from=menu")],
            "adminPages": [page("administration", "/page/admin", conditions=admin_only)],
            "jiraProjectAdminTabPanels": [
                page(
                    "project-tab",
                    "/page/project?id={project.id}&key={project.key}",
                    location="projectgroup4",
                    conditions=[{"condition": "user_is_project_admin"}],
                )
            ],
            "configurePage": page("configure", "/page/configure", conditions=admin_only),
        },
    }


@dataclass
class Told:
    """One request of the site to the app."""

    path: str
    authorization: str
    body: dict[str, Any]


@dataclass
class StubApp:
    """The ASGI program is `asgi`; `refuse` names the events that it answers with 400."""

    base_url: str = BASE_URL
    scopes: tuple[str, ...] = ("READ",)
    told: list[Told] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)
    asgi: FastAPI = field(default_factory=FastAPI)
    site_url: str = "http://localhost:2990"

    def __post_init__(self) -> None:
        self.asgi.add_api_route("/atlassian-connect.json", self.serve_descriptor)
        self.asgi.add_api_route("/lifecycle/{event}", self.hear, methods=["POST"])
        self.asgi.add_api_route("/frame.js", self.serve_script)
        self.asgi.add_api_route("/page{rest:path}", self.serve_page)

    def serve_descriptor(self) -> dict[str, Any]:
        return descriptor(self.base_url, self.scopes)

    async def hear(self, event: str, request: Request) -> Response:
        self.told.append(
            Told(request.url.path, request.headers["authorization"], await request.json())
        )
        return Response(status_code=400 if event in self.refuse else 204)

    def serve_page(self) -> Response:
        """A page as strict as the product's: nothing inline, only its own files and the bridge."""
        policy = "; ".join(
            [
                "default-src 'none'",
                f"script-src 'self' {self.site_url}",
                f"style-src 'self' {self.site_url}",
                "connect-src 'self'",
                f"frame-ancestors {self.site_url}",
            ]
        )
        page = f'''<!doctype html><html lang="en"><head><title>Stub</title>
            <script src="{self.site_url}/atlassian-connect/all.js"></script>
            <script src="/frame.js"></script></head>
            <body><div class="ac-content"><h1>A page of the app</h1></div></body></html>'''
        return Response(page, media_type="text/html", headers={"Content-Security-Policy": policy})

    def serve_script(self) -> Response:
        """Remembers what the policy forbade."""
        script = """window.violations = [];
            addEventListener("securitypolicyviolation", (e) =>
              window.violations.push(e.violatedDirective + " " + e.blockedURI));"""
        return Response(script, media_type="text/javascript")

    def events(self) -> list[str]:
        return [told.path.rpartition("/")[2] for told in self.told]
