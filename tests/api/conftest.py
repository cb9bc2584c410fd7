"""A configured site, and programs of its people."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from fastapi import FastAPI

from sandbox.running import Sandbox
from tests.api.kit import Program, made_token
from tests.integrations.conftest import Names, asked_again, foreign, instance_id
from tests.people import Visitor
from tests.runs.conftest import customers, reports

Programs = Callable[..., Awaitable[Program]]
__all__ = ["asked_again", "customers", "foreign", "instance_id", "reports"]


@pytest.fixture(autouse=True)
def ready(configured: Sandbox, app: FastAPI) -> Sandbox:
    """Every test here begins with the app installed and set up; names resolve without a network."""
    app.state.house = replace(app.state.house, look_up=Names())
    return configured


@pytest.fixture
def program_of(as_: Callable[..., Visitor]) -> Programs:
    """``await program_of("gitlab", write="")``: a program with a token of this person."""

    async def made(person: str, *, from_project: str | None = None, **form: str) -> Program:
        visitor = as_(person, from_project=from_project)
        return Program(visitor.http, await made_token(visitor, **form))

    return made
