"""Ids of others, fields that no form has, and bodies that no browser sends."""

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from tests.integrations.conftest import Foreign
from tests.integrations.kit import connected, connection, created, edited, integration, words
from tests.people import ACCOUNTS, Visitor

As = Callable[..., Visitor]

INTEGRATION_PATHS = [
    ("GET", ""),
    ("GET", "/edit"),
    ("POST", ""),
    ("POST", "/pause"),
    ("POST", "/resume"),
    ("GET", "/delete"),
    ("POST", "/delete"),
    ("GET", "/hand-over"),
    ("GET", "/hand-over/people?q=a"),
    ("POST", "/hand-over"),
]
CONNECTION_PATHS = [
    ("GET", "/edit"),
    ("POST", ""),
    ("POST", "/test"),
    ("GET", "/sharing"),
    ("POST", "/sharing"),
    ("GET", "/delete"),
    ("POST", "/delete"),
]


@pytest.mark.parametrize(("method", "path"), INTEGRATION_PATHS)
async def test_an_integration_of_another_customer_is_not_there(
    as_: As, foreign: Foreign, superuser: psycopg.Connection, *, method: str, path: str
) -> None:
    answer = await as_("admin").ask(
        method, f"/integrations/{foreign.integration_id}{path}", data=edited(name="Mine")
    )
    assert answer.status_code == 404
    assert "Theirs" not in answer.text
    row = superuser.execute("SELECT name, state, version FROM integrations").fetchall()
    assert row == [("Theirs", "active", 1)]


@pytest.mark.parametrize(("method", "path"), CONNECTION_PATHS)
async def test_a_connection_of_another_customer_is_not_there(
    as_: As, foreign: Foreign, superuser: psycopg.Connection, *, method: str, path: str
) -> None:
    form = {"others_may": "edit", "version": "1", "name": "Mine", "address": "https://x.com"}
    answer = await as_("admin").ask(
        method, f"/connections/{foreign.connection_id}{path}", data=form
    )
    assert answer.status_code == 404
    assert superuser.execute("SELECT name, version FROM connections").fetchall() == [("Theirs", 1)]


async def test_a_connection_of_another_customer_cannot_be_chosen(
    as_: As, foreign: Foreign, superuser: psycopg.Connection
) -> None:
    admin = as_("admin")
    form = integration(connection_id=str(foreign.connection_id))
    assert (await admin.post("/integrations", data=form)).status_code == 422
    its = await created(admin)
    change = edited(connection_id=str(foreign.connection_id))
    assert (await admin.post(f"/integrations/{its}", data=change)).status_code == 422
    used = superuser.execute("SELECT count(*) FROM integrations WHERE connection_id IS NOT NULL")
    assert used.fetchone() == (0,)


@pytest.mark.parametrize(
    "field",
    [
        "owner",
        "instance_id",
        "workspace_id",
        "id",
        "state",
        "created_at",
        "project_key",
        "__proto__",
    ],
)
async def test_a_field_that_no_form_has_is_refused_and_sets_nothing(
    as_: As, foreign: Foreign, superuser: psycopg.Connection, field: str
) -> None:
    gitlab = as_("gitlab")
    extra = {field: str(foreign.workspace_id) if field.endswith("id") else ACCOUNTS["admin"]}
    answer = await gitlab.post("/integrations", data=integration() | extra)
    assert answer.status_code == 422
    assert "a field that does not belong to it" in words(answer)
    its = await created(gitlab)
    before = superuser.execute("SELECT * FROM integrations WHERE id = %s", (its,)).fetchone()
    answer = await gitlab.post(f"/integrations/{its}", data=edited(name="New") | extra)
    assert answer.status_code == 422
    after = superuser.execute("SELECT * FROM integrations WHERE id = %s", (its,)).fetchone()
    assert after == before


@pytest.mark.parametrize(
    "field", ["owner", "instance_id", "project_id", "tested_at", "credentials"]
)
async def test_a_field_that_no_connection_form_has_is_refused(
    as_: As, superuser: psycopg.Connection, field: str
) -> None:
    answer = await as_("gitlab").post("/connections", data=connection() | {field: "10002"})
    assert answer.status_code == 422
    assert superuser.execute("SELECT count(*) FROM connections").fetchone() == (0,)


@pytest.mark.parametrize(
    "thing_id", ["nonsense", str(UUID(int=1)), "%00", "..", "0", "new%2Fx", "é", "1" * 400]
)
async def test_ids_that_are_none_are_not_there(as_: As, thing_id: str) -> None:
    admin = as_("admin")
    for method, path in INTEGRATION_PATHS[1:]:
        answer = await admin.ask(method, f"/integrations/{thing_id}{path}", data=edited())
        assert answer.status_code in {404, 405}
    for method, path in CONNECTION_PATHS:
        answer = await admin.ask(method, f"/connections/{thing_id}{path}", data=edited())
        assert answer.status_code in {404, 405}


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 422),
        (b"name=%ff%fe", "application/x-www-form-urlencoded", 422),
        (b"name=\xff", "application/x-www-form-urlencoded", 422),
        (b"name=%ED%A0%80", "application/x-www-form-urlencoded", 422),
        (b"name=a&name=b", "application/x-www-form-urlencoded", 422),
        (b"&".join(b"f%d=x" % n for n in range(100)), "application/x-www-form-urlencoded", 422),
        (b"name=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b'{"name": "x"}', "application/json", 422),
        (b"--x\r\n", "multipart/form-data; boundary=x", 422),
        (b"name=x", "text/plain", 422),
        (b"a[b]=1&=2&%00=3", "application/x-www-form-urlencoded", 422),
    ],
)
@pytest.mark.parametrize("path", ["/integrations", "/connections"])
async def test_bodies_that_no_form_sends_are_refused(
    as_: As, *, path: str, content: bytes, kind: str, status: int
) -> None:
    answer = await as_("admin").post(path, content=content, headers={"Content-Type": kind})
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/integrations", "/integrations/new", "/connections"])
async def test_without_a_proof_nothing_is_shown(as_: As, path: str) -> None:
    answer = await as_("admin").http.get(path)
    assert answer.status_code == 401


async def test_a_refusal_is_in_the_trail(as_: As, superuser: psycopg.Connection) -> None:
    its = await created(as_("admin"))
    theirs = await connected(as_("admin"))
    await as_("gitlab").post(f"/integrations/{its}/delete")
    await as_("gitlab").post(f"/connections/{theirs}/delete")
    rows = superuser.execute(
        "SELECT thing_kind, thing_id, reason FROM audit_entries WHERE NOT allowed ORDER BY id"
    ).fetchall()
    assert rows == [("integration", its, "NOT_OWNER"), ("connection", theirs, "NOT_OWNER")]
