"""The descriptor holds what Jira needs, and its modules follow Atlassian's own schemas."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from fastapi import FastAPI

from connect import descriptor_router, load_descriptor
from connect.lifecycle import EVENTS
from tests.connect.kit import APP_URL

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "atlassian-connect.json"
SCHEMA = ROOT / "node_modules/@forge/manifest/out/schema/manifest-schema.json"
APP_KEY = "com.getint.jira.test"
DESCRIPTOR = load_descriptor(FILE, base_url=APP_URL + "/", app_key=APP_KEY)
MODULES: dict[str, Any] = DESCRIPTOR["modules"]
needs_schema = pytest.mark.skipif(not SCHEMA.exists(), reason="npm ci has not been run")


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return schema


def module_schema(manifest: dict[str, Any], kind: str) -> dict[str, Any]:
    definitions = copy.deepcopy(manifest["definitions"])
    composite = definitions["compositeCondition"]["properties"]
    _point_self_references(composite, "#/definitions/compositeCondition")
    schema = definitions["ModuleSchema"]["properties"][f"connect-jira:{kind}"]
    return {"$schema": manifest["$schema"], **schema, "definitions": definitions}


def _point_self_references(node: Any, target: str) -> None:
    """`"$ref": "#"` was meant for the definition it stands in, not for the document's root."""
    if isinstance(node, dict):
        if node.get("$ref") == "#":
            node["$ref"] = target
        for value in node.values():
            _point_self_references(value, target)
    elif isinstance(node, list):
        for value in node:
            _point_self_references(value, target)


def entries(kind: str) -> list[dict[str, Any]]:
    """In the descriptor some modules are single objects; the schemas know arrays only.

    The schemas are those of Forge, where webhooks have a key; a Connect descriptor knows none.
    """
    found = MODULES[kind]
    if kind == "webhooks":
        return [{"key": f"webhook-{number}", **entry} for number, entry in enumerate(found)]
    return found if isinstance(found, list) else [found]


@needs_schema
@pytest.mark.parametrize("kind", sorted(MODULES))
def test_every_module_follows_atlassians_schema(manifest: dict[str, Any], kind: str) -> None:
    validator = jsonschema.Draft7Validator(module_schema(manifest, kind))
    assert [error.message for error in validator.iter_errors(entries(kind))] == []


@needs_schema
@pytest.mark.parametrize("kind", sorted(MODULES))
@pytest.mark.parametrize("missing", ["key", "name", "event", "url"])
def test_the_schema_would_notice(manifest: dict[str, Any], kind: str, missing: str) -> None:
    broken = [{k: v for k, v in entry.items() if k != missing} for entry in entries(kind)]
    if broken == entries(kind):
        pytest.skip("this kind of module has none")
    validator = jsonschema.Draft7Validator(module_schema(manifest, kind))
    assert not validator.is_valid(broken)


def test_the_settings_are_filled_in() -> None:
    assert DESCRIPTOR["key"] == APP_KEY
    assert DESCRIPTOR["baseUrl"] == APP_URL
    assert DESCRIPTOR["links"]["self"] == f"{APP_URL}/atlassian-connect.json"
    assert "{{" not in json.dumps(DESCRIPTOR)


def test_it_asks_for_the_strict_protocol_and_no_more_than_issues() -> None:
    assert DESCRIPTOR["authentication"] == {"type": "jwt"}
    assert DESCRIPTOR["apiMigrations"] == {
        "signed-install": True,
        "context-qsh": True,
        "gdpr": True,
    }
    assert DESCRIPTOR["enableLicensing"] is True
    # It writes issues, and deletes their copies where an owner wants that; nothing of projects.
    assert DESCRIPTOR["scopes"] == ["READ", "WRITE", "DELETE"]


def test_the_top_level_has_the_documented_fields() -> None:
    assert set(DESCRIPTOR) == {
        "key", "name", "description", "baseUrl", "links", "vendor", "authentication", "apiVersion",
        "apiMigrations", "enableLicensing", "scopes", "lifecycle", "modules",
    }  # fmt: skip
    assert set(DESCRIPTOR["vendor"]) == {"name", "url"}
    assert re.fullmatch(r"[a-zA-Z0-9._-]{1,64}", DESCRIPTOR["key"])


def test_every_lifecycle_event_has_its_route() -> None:
    assert DESCRIPTOR["lifecycle"] == {event: f"/connect/lifecycle/{event}" for event in EVENTS}


def test_jira_tells_of_changes_by_ids_alone() -> None:
    for webhook in MODULES["webhooks"]:
        gone = "/connect/webhooks/deleted?project={project.id}&issue={issue.id}"
        changed = "/connect/webhooks/changed?project={project.id}"
        assert webhook["url"] == (gone if webhook["event"] == "jira:issue_deleted" else changed)
        assert webhook["excludeBody"] is True


def test_module_keys_are_unique_and_urls_are_plain_paths() -> None:
    modules = [entry for kind in set(MODULES) - {"webhooks"} for entry in entries(kind)]
    keys = [entry["key"] for entry in modules]
    assert len(set(keys)) == len(keys)
    for entry in modules:
        assert re.fullmatch(r"/connect/pages/[a-z-]+(\?[A-Za-z0-9{}.&=]+)?", entry["url"])
        # Pages that are cached come without a token.
        assert not entry.get("cacheable")


@pytest.mark.parametrize(
    ("kind", "key", "condition"),
    [
        ("adminPages", "getint-admin", "user_is_admin"),
        ("jiraProjectAdminTabPanels", "getint-project", "user_is_project_admin"),
        ("generalPages", "getint", "user_is_logged_in"),
    ],
)
def test_each_module_is_shown_to_whom_it_concerns(kind: str, key: str, condition: str) -> None:
    (entry,) = entries(kind)
    assert (entry["key"], entry["conditions"]) == (key, [{"condition": condition}])


async def test_it_is_served_to_anybody() -> None:
    api = FastAPI()
    api.include_router(descriptor_router(FILE, base_url=APP_URL, app_key=APP_KEY))
    transport = httpx.ASGITransport(app=api)
    async with httpx.AsyncClient(transport=transport, base_url=APP_URL) as http:
        answer = await http.get("/atlassian-connect.json")
    assert answer.status_code == 200
    assert answer.json() == DESCRIPTOR


def test_a_file_that_is_no_object_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "atlassian-connect.json"
    file.write_text("[]")
    with pytest.raises(ValueError, match="no JSON object"):
        load_descriptor(file, base_url=APP_URL, app_key=APP_KEY)
