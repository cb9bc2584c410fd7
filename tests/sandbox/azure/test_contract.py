"""Every answer to a question about work items, held against Microsoft's description."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.routing import APIRoute

from sandbox.azure.rest import attachments, comments, queries, types, work_items
from tests.sandbox.azure import swagger
from tests.sandbox.azure.conftest import PATCH, Place

pytestmark = pytest.mark.skipif(
    not swagger.PATH.exists(), reason="Microsoft's description is not here"
)
HOME = "/{organization}/{project}/_apis/wit"
ITEM = "/workitems/{id}"
COMMENTS = "/workItems/{workItemId}/comments"
TITLE = {"op": "add", "path": "/fields/System.Title", "value": "x"}
HYPERLINK = {"rel": "Hyperlink", "url": "https://example.com/"}
WIQL = {"query": "SELECT [System.Id], [System.Title] FROM WorkItems ORDER BY [System.Id] DESC"}


@dataclass(frozen=True)
class Call:
    """`template` is the path in the description after `.../_apis/wit`; `path` the one called."""

    method: str
    template: str
    path: str
    json: Any = None
    query: str = ""
    whole: str | None = None

    @property
    def address(self) -> str:
        return self.whole or HOME + self.template


CALLS = [
    Call("GET", "/workitems", "/workitems", query="?ids=1,2&fields=System.Title,System.AssignedTo"),
    Call("GET", "/workitems", "/workitems", query="?ids=1,9999&$expand=all&errorPolicy=omit"),
    Call("GET", ITEM, "/workitems/1", query="?$expand=all"),
    Call("GET", ITEM, "/workitems/21"),
    Call("POST", "/workitemsbatch", "/workitemsbatch", {"ids": [1, 2], "$expand": "relations"}),
    Call("POST", "/workitems/${type}", "/workitems/$User%20Story", [TITLE]),
    Call("PATCH", ITEM, "/workitems/3", [TITLE]),
    Call("PATCH", ITEM, "/workitems/3", [{**TITLE, "path": "/relations/-", "value": HYPERLINK}]),
    Call("DELETE", ITEM, "/workitems/4"),
    Call("GET", "/workItems/{id}/updates", "/workitems/21/updates"),
    Call("GET", "/workItems/{id}/revisions", "/workitems/21/revisions"),
    Call("GET", "/workItems/{id}/revisions/{revisionNumber}", "/workitems/21/revisions/1"),
    Call("GET", "/recyclebin", "/recyclebin"),
    Call("GET", "/recyclebin/{id}", "/recyclebin/5"),
    Call("PATCH", "/recyclebin/{id}", "/recyclebin/5", {"isDeleted": False}),
    Call("DELETE", "/recyclebin/{id}", "/recyclebin/5"),
    Call("GET", COMMENTS + "?", "/workitems/21/comments", query="?$top=3&$expand=renderedText"),
    Call("GET", COMMENTS, "/workitems/21/comments", query="?ids=5000001"),
    Call("POST", COMMENTS, "/workitems/21/comments", {"text": "<b>x</b>"}),
    Call("GET", COMMENTS + "/{commentId}", "/workitems/21/comments/{mine}"),
    Call("PATCH", COMMENTS + "/{commentId}", "/workitems/21/comments/{mine}", {"text": "y"}),
    Call("DELETE", COMMENTS + "/{commentId}", "/workitems/21/comments/{mine}"),
    Call("POST", "/attachments", "/attachments", query="?fileName=a.txt"),
    Call("GET", "/workitemtypes", "/workitemtypes"),
    Call("GET", "/workitemtypes/{type}", "/workitemtypes/Bug"),
    Call("GET", "/workitemtypes/{type}/states", "/workitemtypes/Bug/states"),
    Call("GET", "/workitemtypes/{type}/fields", "/workitemtypes/Bug/fields", query="?$expand=all"),
    Call(
        "GET", "/workitemtypes/{type}/fields/{field}", "/workitemtypes/Bug/fields/System.State"
    ),
    Call("GET", "/fields", "/fields"),
    Call("GET", "/fields/{fieldNameOrRefName}", "/fields/System.AssignedTo"),
    Call("GET", "/tags", "/tags"),
    Call("GET", "/classificationnodes", "/classificationnodes", query="?$depth=2"),
    Call(
        "GET",
        "/classificationnodes/{structureGroup}/{path}",
        "/classificationnodes/areas/Backend",
    ),
    Call(
        "GET",
        "",
        "/workitemrelationtypes",
        whole="/{organization}/_apis/wit/workitemrelationtypes",
    ),
    Call("POST", "", "/wiql", WIQL, whole="/{organization}/{project}/{team}/_apis/wit/wiql"),
]  # fmt: skip


async def _send(place: Place, call: Call) -> Any:
    """With an item in the recycle bin and a comment of one's own, for those who need them."""
    await place.call("DELETE", "/Payments/_apis/wit/workitems/5")
    version = "7.1-preview.4" if "/comments" in call.path else "7.1"
    address = f"/Payments/_apis/wit{call.path}"
    if "{mine}" in address:
        made = await place.call(
            "POST",
            "/_apis/wit/workitems/21/comments",
            version=version,
            json={"text": "mine"},
        )
        address = address.replace("{mine}", str(made.json()["id"]))
    is_patch = call.method in ("POST", "PATCH") and isinstance(call.json, list)
    headers = PATCH if is_patch else {"Content-Type": "application/json"}
    content = json.dumps(call.json) if call.json is not None else "content"
    return await place.call(
        call.method, address + call.query, version=version, content=content, headers=headers
    )


@pytest.mark.parametrize("call", CALLS, ids=lambda c: f"{c.method} {c.path}{c.query}")
async def test_an_answer_has_the_shape_that_microsoft_describes(place: Place, call: Call) -> None:
    response = await _send(place, call)
    # What has no body is described as 200 and answered with 204.
    described = swagger.operation(call.method, call.address)["responses"]["200"]
    assert response.status_code == (200 if "schema" in described else 204), response.text
    if "schema" in described:
        assert swagger.faults_of(call.method, call.address, response.json()) == []
        assert swagger.unknown_names(call.method, call.address, response.json()) == set()


def test_every_endpoint_is_held_against_the_description() -> None:
    def plain(path: str) -> str:
        return re.sub(r"\{[^}]+\}|\$\{type\}", "{}", path.removesuffix("?")).lower()

    ours = {
        (method, plain(route.path.removeprefix("/wit")))
        for part in (work_items, comments, attachments, queries, types)
        for route in part.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    held = {(call.method, plain(call.template) or call.path) for call in CALLS}
    # The content of a file has no shape; the root of a tree is a node of it without a path.
    others = {("GET", "/attachments/{}"), ("GET", "/classificationnodes/{}")}
    assert ours - others == {(method, path.replace("$", "")) for method, path in held}
