"""The commands of docs/api.md, each sent as it stands there."""

import re
import shlex
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI

from app.sync.side_schemas import SchemaReader
from app.tools.side import SideBusy
from tests.api.conftest import Programs
from tests.api.kit import V1, Program
from tests.sync.fake_sides import FakeSides

DOCS = Path(__file__).resolve().parents[2] / "docs" / "api.md"
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_KEPT = re.compile(r"(\w+)=\$\((.*) \| jq -r \.id\)")
_GETINT = "https://getint.example.com"


def commands() -> list[str]:
    """All of them, in their order, each on one line."""
    lines = "".join(_BLOCK.findall(DOCS.read_text())).replace("\\\n", " ").splitlines()
    return [line for line in lines if "ask " in line and not line.startswith("ask()")]


@pytest.fixture(autouse=True)
def sides(app: FastAPI) -> None:
    found = FakeSides()
    found.tool.trouble = SideBusy("GitLab asks to wait.", 1.0)
    app.state.schemas = SchemaReader(found.open)


async def test_every_command_of_the_documentation_does_what_it_says(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    superuser.execute("UPDATE turn_now SET turn = 0")
    alice, known = await program_of("admin"), {"GETINT": _GETINT}
    assert len(commands()) > 15
    for line in commands():
        keeps = _KEPT.fullmatch(line)
        said = keeps[2] if keeps else line
        for name, value in known.items():
            said = said.replace(f"${name}", value)
        made = await _sent(alice, shlex.split(said)[1:])
        if keeps:
            known[keeps[1]] = made


async def _sent(program: Program, words: list[str]) -> str:
    """Send what curl would; the id in the answer, if there is one."""
    method, body, headers, address = "GET", None, {"Content-Type": "application/json"}, ""
    rest = iter(words)
    for word in rest:
        if word == "-X":
            method = next(rest)
        elif word == "-d":
            body = next(rest)
        elif word == "-H":
            name, _, value = next(rest).partition(": ")
            headers[name] = value
        else:
            address = word
    path = address.removeprefix(_GETINT + V1)
    assert path != address, address
    answer = await program.ask(method, path, content=body, headers=headers)
    assert answer.status_code < 300, (method, path, answer.text)
    return str(answer.json().get("id", "")) if answer.content else ""
