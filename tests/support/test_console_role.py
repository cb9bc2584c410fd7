"""With the role of the console and any statement at all, the database keeps the promises."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from app.support.console_role import READABLE, SUPPORT_ROLE, prepare_role
from sandbox.running import Sandbox
from tests.people import Visitor
from tests.runs.reporting_kit import Reports
from tests.security.test_row_security import fill
from tests.support.kit import Desk

As = Callable[..., Visitor]
Role = psycopg.Connection
ROOT = "/settings/account-access"
DENIED = psycopg.errors.InsufficientPrivilege
WHOSE = "SELECT DISTINCT instance_id FROM {}"
COUNT = "SELECT count(*) FROM {}"
ENTRY = (
    "INSERT INTO audit_entries (instance_id, account, door, action, allowed, reason, details)"
    " VALUES (%s, %s, %s, 'read', true, 'GRANTED', '{}')"
)


@pytest.fixture
def role(migrated_url: str, console_role: str) -> Iterator[Role]:
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        connection.execute(f"SET ROLE {console_role}")
        yield connection


def _bind(role: Role, instance_id: UUID | str) -> None:
    role.execute("SELECT set_config('app.instance_id', %s, false)", (str(instance_id),))


def _counts(role: Role) -> dict[str, int]:
    found = {}
    for table in READABLE:
        row = role.execute(COUNT.format(table)).fetchone()
        assert row
        found[table] = row[0]
    return found


async def test_an_instance_that_approved_nothing_is_like_one_that_does_not_exist(
    reports: Reports, desk: Desk, role: Role
) -> None:
    await reports.run(reports.integration())
    for instance_id in (reports.instance_id, uuid4()):
        _bind(role, instance_id)
        assert set(_counts(role).values()) == {0}
        with pytest.raises(DENIED):
            role.execute(ENTRY, (instance_id, "agent:x", "support"))
    sam = desk.agent()
    for instance_id in (reports.instance_id, uuid4()):
        asked = role.execute("SELECT ask_for_support_access(%s, %s, '', '')", (sam, instance_id))
        assert asked.fetchone() == ("",)
        assert set(_counts(role).values()) == {0}
    assert len(desk.requests()) == 1


async def test_while_approved_it_sees_that_instance_and_of_logs_the_shared_alone(
    reports: Reports, other_site: Sandbox, as_: As, role: Role, superuser: psycopg.Connection
) -> None:
    theirs = superuser.execute(
        "SELECT instance_id FROM installations WHERE client_key = %s",
        (other_site.site.client_key,),
    ).fetchone()
    assert theirs
    fill(superuser, theirs[0])
    superuser.execute("UPDATE support_grants SET ended_at = now()")
    run = await reports.run(reports.integration())
    await reports.run(reports.integration("Kept"))
    _bind(role, str(run.instance_id))
    await as_("admin").post(f"{ROOT}/approve", data={"end": "week"})
    seen = _counts(role)
    assert (seen["instances"], seen["runs"], seen["log_chunks"], seen["run_shares"]) == (1, 2, 0, 0)
    await as_("gitlab").post(f"/runs/{run.id}/share", data={"end": "week"})
    assert role.execute("SELECT DISTINCT run_id FROM log_chunks").fetchall() == [(run.id,)]
    for table in set(READABLE) - {"instances"}:
        found = role.execute(WHOSE.format(table)).fetchall()
        assert set(found) <= {(run.instance_id,)}, table
    _bind(role, theirs[0])
    assert set(_counts(role).values()) == {0}
    _bind(role, "")
    role.execute("SET app.housekeeping = 'on'")
    assert set(_counts(role).values()) == {0}


async def test_revoking_closes_what_is_open_in_the_middle_of_a_transaction(
    reports: Reports, as_: As, role: Role
) -> None:
    run = await reports.run(reports.integration())
    await as_("admin").post(f"{ROOT}/approve", data={"end": "week"})
    await as_("gitlab").post(f"/runs/{run.id}/share", data={"end": "week"})
    _bind(role, run.instance_id)
    with role.transaction():
        assert _counts(role)["log_chunks"] == 1
        await as_("admin").post(f"{ROOT}/revoke")
        assert set(_counts(role).values()) == {0}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT wrapped_key FROM instances",
        "SELECT secret FROM installations",
        "SELECT previous_secret FROM installations",
        "SELECT client_key FROM installations",
        "SELECT credentials FROM connections",
        "SELECT wrapped_key FROM runs",
        "SELECT step FROM runs",
        "SELECT * FROM links",
        "SELECT * FROM group_bindings",
        "SELECT details FROM audit_entries",
        "SELECT * FROM procrastinate_jobs",
        "UPDATE support_grants SET ends_at = NULL",
        "INSERT INTO support_grants (id, instance_id, approved_by, note)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'x', '')",
        "UPDATE run_shares SET ends_at = NULL",
        "UPDATE support_requests SET state = 'approved'",
        "INSERT INTO support_requests SELECT * FROM support_requests",
        "UPDATE integrations SET name = 'x'",
        "DELETE FROM runs",
        "DELETE FROM log_chunks",
        "UPDATE audit_entries SET door = 'connect'",
        "INSERT INTO audit_entries (at) VALUES (now())",
        "UPDATE support_agents SET state = 'active'",
        "UPDATE support_agents SET password_hash = 'x'",
        "INSERT INTO support_agents (id, email, display_name, state)"
        " VALUES (gen_random_uuid(), 'x', 'x', 'active')",
        "SELECT put_job('runs', 'x', 0, 'x', 'x', '{}', 0)",
        "CREATE TABLE mine ()",
        "SET ROLE getint_app",
    ],
)
async def test_it_can_read_no_secret_and_write_nothing_of_a_customer(
    statement: str, reports: Reports, as_: As, migrated_url: str, console_role: str
) -> None:
    await as_("admin").post(f"{ROOT}/approve", data={"end": "week"})
    with psycopg.connect(migrated_url, autocommit=True) as connection:
        # As somebody who logs in as this role, not as a superuser who stepped down to it.
        connection.execute(f"SET SESSION AUTHORIZATION {console_role}")
        _bind(connection, reports.instance_id)
        with pytest.raises(DENIED):
            connection.execute(statement)


async def test_it_writes_the_trail_as_an_agent_of_support_and_as_nobody_else(
    reports: Reports, as_: As, role: Role
) -> None:
    await as_("admin").post(f"{ROOT}/approve", data={"end": "week"})
    _bind(role, reports.instance_id)
    role.execute(ENTRY, (reports.instance_id, "agent:x", "support"))
    for account, door in (("jira:x", "support"), ("agent:x", "connect")):
        with pytest.raises(DENIED):
            role.execute(ENTRY, (reports.instance_id, account, door))
    with pytest.raises(DENIED):
        role.execute(ENTRY, (uuid4(), "agent:x", "support"))


def test_asking_leaves_no_binding_behind(role: Role, desk: Desk) -> None:
    mine, asked = uuid4(), uuid4()
    with role.transaction():
        role.execute("SELECT set_config('app.instance_id', %s, true)", (str(mine),))
        role.execute("SELECT ask_for_support_access(%s, %s, '', '')", (desk.agent(), asked))
        assert role.execute("SELECT current_setting('app.instance_id')").fetchone() == (str(mine),)


def test_the_operators_command_can_be_given_again(migrated_url: str, console_role: str) -> None:
    with psycopg.connect(migrated_url) as connection:
        prepare_role(connection, development=True)
        found = connection.execute(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = %s",
            (SUPPORT_ROLE,),
        ).fetchone()
    assert found == (False,)


def test_every_table_that_it_may_read_is_under_a_policy_of_its_own(
    superuser: psycopg.Connection, console_role: str
) -> None:
    readable = superuser.execute(
        "SELECT DISTINCT table_name FROM information_schema.column_privileges"
        " WHERE grantee = %s AND privilege_type = 'SELECT'",
        (console_role,),
    ).fetchall()
    restricted = superuser.execute(
        "SELECT tablename FROM pg_policies WHERE permissive = 'RESTRICTIVE' AND cmd = 'SELECT'"
        " AND %s = ANY (roles)",
        (console_role,),
    ).fetchall()
    of_the_vendor = {("support_agents",), ("agent_sessions",), ("sign_in_failures",)}
    assert set(readable) - of_the_vendor - {("audit_entries",)} == set(restricted)
