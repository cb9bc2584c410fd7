"""Fixtures of everybody who has an account; conftest.py of a folder imports what it needs."""

import psycopg
import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI

from app.signing_in import passwords
from sandbox.running import Sandbox
from tests.signing_in.kit import Accounts


@pytest.fixture
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs to guess a password is not what these tests wait for."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_NOBODYS", cheap.hash("nobody's"))


@pytest.fixture
def accounts(
    app: FastAPI, configured: Sandbox, superuser: psycopg.Connection, cheap_hashes: None
) -> Accounts:
    """Of the customer whose Jira the sandbox is."""
    row = superuser.execute(
        "SELECT instance_id FROM installations WHERE client_key = %s",
        (configured.site.client_key,),
    ).fetchone()
    assert row
    return Accounts(app, superuser, row[0])
