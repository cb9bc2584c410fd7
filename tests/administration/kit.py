"""What administrators enter, and what became of it."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import psycopg

from app.access import Action, Caller
from app.administration.links import WELCOME
from app.identity.visit import Proof, Visit
from app.instances.facts import InstanceFacts
from connect import LicenceState
from tests.people import ACCOUNTS, APP_URL, Visitor

USERS = "/administration/users"
WORKSPACES = "/administration/workspaces"
ALICE = f"jira:{ACCOUNTS['admin']}"
_LINK = re.compile(rf'data-copy="{APP_URL}{WELCOME}#([^"]+)"')


@dataclass(frozen=True)
class Office:
    """An administrator's browser, and a look past row-level security."""

    admin: Visitor
    superuser: psycopg.Connection[Any]

    async def user(self, name: str = "Pat Partner", email: str = "", **form: str) -> UUID:
        """Create a user; their id."""
        email = email or f"{name.split(maxsplit=1)[0].lower()}@partner.example.com"
        answer = await self.admin.post(USERS, data={"name": name, "email": email, **form})
        assert answer.status_code == 200, answer.text
        return self.id_of(name)

    def id_of(self, name: str) -> UUID:
        row = self.superuser.execute("SELECT id FROM accounts WHERE name = %s", (name,)).fetchone()
        assert row, name
        found: UUID = row[0]
        return found

    async def workspace(self, name: str) -> UUID:
        """Create a workspace; its id."""
        answer = await self.admin.post(WORKSPACES, data={"name": name})
        assert answer.status_code == 200, answer.text
        return self.workspace_called(name)

    def workspace_called(self, name: str) -> UUID:
        row = self.superuser.execute(
            "SELECT id FROM workspaces WHERE name = %s", (name,)
        ).fetchone()
        assert row, name
        found: UUID = row[0]
        return found

    async def to(self, account_id: UUID, what: str, **form: str) -> httpx.Response:
        """Do something to a user."""
        return await self.admin.post(f"{USERS}/{account_id}/{what}", data=form)

    async def administrator(self, name: str) -> UUID:
        """An enabled administrator's account with a password."""
        its = await self.user(name)
        await self.to(its, "enable")
        await self.to(its, "administrator", to="yes")
        self.can_sign_in(its)
        return its

    def can_sign_in(self, account_id: UUID) -> None:
        """As if they had set a password."""
        self.superuser.execute(
            "UPDATE accounts SET password_hash = 'set' WHERE id = %s", (account_id,)
        )

    def account(self, account_id: UUID) -> dict[str, Any]:
        """A row as it is in the database."""
        cursor = self.superuser.execute("SELECT * FROM accounts WHERE id = %s", (account_id,))
        row = cursor.fetchone()
        assert row
        assert cursor.description
        return {column.name: value for column, value in zip(cursor.description, row, strict=True)}

    def trail(self) -> list[str]:
        """What the trail says was done to users and workspaces, in order."""
        rows = self.superuser.execute(
            "SELECT details ->> thing_kind FROM audit_entries WHERE thing_kind IN ('user',"
            " 'workspace') AND allowed ORDER BY id"
        )
        return [row[0] for row in rows]


def link_in(answer: httpx.Response) -> str:
    """The token of the link that a dialog shows."""
    found = _LINK.search(answer.text)
    assert found, answer.text
    return found[1]


def visit_of(facts: InstanceFacts, account: str = ALICE) -> Visit:
    """An administrator about to manage users, without a browser."""
    return Visit(
        caller=Caller(facts.instance_id, account, is_admin=True),
        facts=facts,
        proof=Proof.CONTEXT,
        action=Action.MANAGE_USERS,
        licence=LicenceState.ACTIVE,
        project=None,
    )
