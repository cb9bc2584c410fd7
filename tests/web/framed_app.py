"""A small app of every interaction, to be framed by the sandbox with Atlassian's own bridge."""

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request, Response
from markupsafe import Markup
from starlette.responses import HTMLResponse

from app.access import Action, Answer, Decision, Reason, Refused
from app.errors import CannotTell, Conflict, Unproven
from app.web.pages import Flag, NavItem, Shell, document, fragment
from app.web.setup import install_web
from app.web.templates import environment

USE = '{% import "web/components.html" as ui %}'
LIST = """{% call ui.page("list", "List") %}{% call ui.page_header("List") %}
{{ ui.button("Export", attrs={"data-download": "/export", "data-filename": "list.csv"}) }}
{{ ui.button("New", attrs={"hx-get": "/dialog", "hx-target": "#dialog"}) }}{% endcall %}
{{ ui.search_box("q", "Filter", attrs={"hx-get": "/rows", "hx-target": "#rows"}) }}
{% call ui.table("Things") %}<thead><tr><th>Name</th><th class="actions">Actions</th></tr></thead>
<tbody id="rows"><tr><td>Payroll</td><td class="actions">
{{ ui.icon_button("play", "Run now", disabled_reason="Only its owner can run it.") }}
{{ ui.menu("Actions for Payroll", [
  {"label": "Edit", "attrs": {"hx-get": "/dialog", "hx-target": "#dialog"}},
  {"label": "Share", "disabled_reason": "Only its owner can share it."}]) }}
</td></tr></tbody>{% endcall %}
{{ ui.button("Ask Jira", attrs={"hx-post": "/unsure", "hx-target": "#rows"}) }}
{{ ui.button("Ask late", attrs={"hx-post": "/late", "hx-target": "#rows"}) }}
{{ ui.copy_text("getint-jira-azure") }}{% endcall %}"""
OTHER = """{% call ui.page("other", "Other") %}{{ ui.page_header("Other") }}
{{ ui.radio_cards("kind", "Kind", [{"value": "a", "label": "Integration", "text": "Again."},
  {"value": "b", "label": "Migration", "disabled_reason": "Not yours."}], value="a") }}
{{ ui.checkbox("on", "Every day", checked=true) }}{% endcall %}"""
DIALOG = """{% call ui.dialog("Edit", attrs={"hx-post": "/dialog", "hx-target": "#main"},
  submit="Save") %}{{ ui.field("name", "Name", value=name, error=error) }}{% endcall %}"""


def drawn(source: str, **values: object) -> Markup:
    html = environment().from_string(USE + source).render(values)
    return Markup(html)  # noqa: S704 - autoescaped


@dataclass
class FramedApp:
    """`proofs` are the Authorization headers of what the page asked for, in order."""

    url: str
    site_url: str
    proofs: list[str] = field(default_factory=list)
    unsure_answers: int = 0
    asgi: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.asgi = FastAPI()
        self._add_lifecycle()
        self._add_pages()
        self._add_pieces()
        self._add_dialog()
        self.asgi.middleware("http")(self._note)
        install_web(self.asgi, ap_js_url=f"{self.site_url}/atlassian-connect/all.js")

    async def _note(self, request: Request, call_next: Any) -> Response:
        request.state.frame_ancestors = (self.site_url,)
        if "hx-request" in request.headers:
            self.proofs.append(request.headers.get("authorization", ""))
        answer: Response = await call_next(request)
        return answer

    def _add_lifecycle(self) -> None:
        @self.asgi.get("/atlassian-connect.json")
        async def descriptor() -> dict[str, Any]:
            return {
                "key": "com.example.framed",
                "name": "Framed",
                "baseUrl": self.url,
                "authentication": {"type": "jwt"},
                "apiMigrations": {"signed-install": True, "context-qsh": True, "gdpr": True},
                "scopes": ["READ"],
                "lifecycle": {"installed": "/lifecycle/installed"},
                "modules": {
                    "generalPages": [{"key": "main", "name": {"value": "Main"}, "url": "/list"}]
                },
            }

        @self.asgi.post("/lifecycle/installed", status_code=204)
        async def installed() -> None:
            return None

    def _add_pages(self) -> None:
        def page(request: Request, key: str, html: Markup) -> HTMLResponse:
            if "hx-request" in request.headers:
                return fragment(html)
            nav = [NavItem(name, name.title(), f"/{name}", "link") for name in ("list", "other")]
            nav.append(NavItem("barred", "Barred", "/barred", "lock"))
            framed = "xdm_e" in request.query_params
            bridge = f"{self.site_url}/atlassian-connect/all.js" if framed else None
            shell = Shell(tuple(nav), (), key, key.title(), bridge)
            return document(shell, html)

        @self.asgi.get("/list")
        async def show_list(request: Request) -> HTMLResponse:
            return page(request, "list", drawn(LIST))

        @self.asgi.get("/other")
        async def show_other(request: Request) -> HTMLResponse:
            return page(request, "other", drawn(OTHER))

        @self.asgi.get("/barred")
        async def barred() -> None:
            raise Refused(Decision(Action.OPEN_APP, Answer.NO, Reason.NOT_CONFIGURED))

    def _add_pieces(self) -> None:
        @self.asgi.get("/rows")
        async def rows(q: str = "") -> HTMLResponse:
            return fragment(drawn("<tr><td>Found {{ q }}</td><td></td></tr>", q=q))

        @self.asgi.post("/unsure")
        async def unsure() -> HTMLResponse:
            self.unsure_answers += 1
            if self.unsure_answers == 1:
                raise CannotTell("Jira did not answer.")
            return fragment("<tr><td>Answered</td><td></td></tr>")

        @self.asgi.post("/late")
        async def late() -> None:
            raise Unproven("The token has expired.")

        @self.asgi.get("/export")
        async def export() -> Response:
            return Response("name\r\n<h1>Payroll</h1>\r\n", media_type="text/csv")

    def _add_dialog(self) -> None:
        @self.asgi.get("/dialog")
        async def dialog() -> HTMLResponse:
            return fragment(drawn(DIALOG, name="Payroll", error=""))

        @self.asgi.post("/dialog")
        async def save(name: Annotated[str, Form()] = "") -> HTMLResponse:
            if not name:
                return fragment(drawn(DIALOG, name="", error="Give it a name"), status=422)
            if name == "taken":
                raise Conflict("Somebody else saved it first.")
            return fragment(drawn(LIST), flag=Flag("Saved", name), close_dialog=True)
