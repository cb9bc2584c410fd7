"""Who is let in by a token, and with what: attacks on the door of programs."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import FastAPI

from app.house import House
from app.tokens.budget import Budget
from app.tokens.words import new_token
from sandbox.faults import Fault, FaultKind
from sandbox.running import Sandbox
from sandbox.seed import GIA
from tests.api.conftest import Programs
from tests.api.kit import V1, Program, integration, made_token
from tests.people import Visitor
from tests.security.walk import Declared, api_routes

As = Callable[..., Visitor]


async def _statuses(
    client: httpx.AsyncClient, routes: list[Declared], headers: dict[str, str], query: str = ""
) -> set[int]:
    return {
        (await client.request(each.method, each.url + query, headers=headers)).status_code
        for each in routes
    }


async def test_no_route_opens_without_a_good_token_and_none_to_another_kind_of_proof(
    app: FastAPI, client: httpx.AsyncClient, as_: As, instance_id: UUID
) -> None:
    good, routes = await made_token(as_("admin")), api_routes(app)
    assert len(routes) > 20
    attacks: dict[str, tuple[dict[str, str], str]] = {
        "nothing": ({}, ""),
        "a token in the address": ({}, f"?token={good}&access_token={good}"),
        "a token as a cookie": ({"Cookie": f"token={good}; Authorization=Bearer {good}"}, ""),
        "a cookie of a session": ({"Cookie": f"__Host-getint={instance_id.hex}.{good}"}, ""),
        "a token of Jira": ({"Authorization": f"JWT {as_('admin').token()}"}, ""),
        "a token of Jira as ours": ({"Authorization": f"Bearer {as_('admin').token()}"}, ""),
        "another scheme": ({"Authorization": f"Basic {good}"}, ""),
        "a token without its scheme": ({"Authorization": good}, ""),
    }
    for attack, (headers, query) in attacks.items():
        # The first is enough for those that count as failures of an address.
        walked = routes if "Authorization" not in headers else routes[:3]
        assert await _statuses(client, walked, headers, query) == {401}, attack
    refused = await client.get(f"{V1}/me")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_token_that_is_made_up_cut_or_of_another_instance_is_refused_alike(
    client: httpx.AsyncClient, as_: As, instance_id: UUID, superuser: psycopg.Connection
) -> None:
    good = await made_token(as_("admin"))
    other = UUID(int=instance_id.int ^ 1)
    answers = []
    for token in (
        new_token(instance_id),
        new_token(other),
        good.replace(instance_id.hex, other.hex),
        good[:-1],
        good + "A",
        good.upper(),
        "getint__x",
        "getint_" + "0" * 32,
        "x" * 5000,
    ):
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(await client.get(f"{V1}/me", headers=headers))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_two_proofs_at_once_are_none(client: httpx.AsyncClient, as_: As) -> None:
    good = await made_token(as_("admin"))
    headers = [
        ("Authorization", f"Bearer {good}"),
        ("Authorization", f"JWT {as_('admin').token()}"),
    ]
    assert (await client.get(f"{V1}/me", headers=headers)).status_code == 401


async def test_whoever_tries_many_tokens_waits_but_not_who_has_a_good_one_in_use(
    client: httpx.AsyncClient, program_of: Programs, instance_id: UUID
) -> None:
    known = await program_of("admin")
    assert (await known.get("/me")).status_code == 200

    async def guess() -> httpx.Response:
        headers = {"Authorization": f"Bearer {new_token(instance_id)}"}
        return await client.get(f"{V1}/me", headers=headers)

    statuses = [(await guess()).status_code for _ in range(32)]
    assert statuses == [401] * 30 + [429] * 2
    assert int((await guess()).headers["retry-after"]) > 0
    assert (await known.get("/me")).status_code == 200


async def test_a_token_has_a_budget_and_is_told_when_there_is_more(
    program_of: Programs, monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    monkeypatch.setattr(house.token_door, "_requests", Budget(3, 60, clock=lambda: 600.0))
    program, other = await program_of("admin"), await program_of("admin")
    statuses = [(await program.get("/me")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert (await program.get("/me")).headers["retry-after"] == "60"
    assert (await other.get("/me")).status_code == 200


async def test_a_revoked_token_is_worth_nothing_at_once_in_every_process(
    program_of: Programs, as_: As, superuser: psycopg.Connection
) -> None:
    program = await program_of("gitlab")
    assert (await program.get("/integrations")).status_code == 200
    row = superuser.execute("SELECT id FROM access_tokens").fetchone()
    assert row
    heard = _listening(superuser)
    revoked = await as_("gitlab").post(f"/account/tokens/{row[0]}/revoke")
    assert revoked.status_code == 200
    assert (await program.get("/integrations")).status_code == 401
    assert heard(), "other processes are told"


def _listening(superuser: psycopg.Connection) -> Callable[[], list[str]]:
    superuser.execute("LISTEN getint_changes")

    def heard() -> list[str]:
        found = [notice.payload for notice in superuser.notifies(timeout=2, stop_after=1)]
        superuser.execute("UNLISTEN getint_changes")
        return found

    return heard


async def test_an_expired_token_is_worth_nothing_also_from_memory(
    program_of: Programs, superuser: psycopg.Connection, house: House
) -> None:
    program = await program_of("gitlab")
    superuser.execute("UPDATE access_tokens SET expires_at = now() + interval '1 second'")
    assert (await program.get("/me")).status_code == 200
    kept = house.token_door._tokens._kept._values
    for token, known in list(kept.items()):
        kept[token] = _over(known)
    assert (await program.get("/me")).status_code == 401
    kept.clear()
    superuser.execute("UPDATE access_tokens SET expires_at = now()")
    assert (await program.get("/me")).status_code == 401


def _over(known: Any) -> Any:
    from dataclasses import replace
    from datetime import UTC, datetime

    return replace(known, expires_at=datetime.now(UTC))


async def test_a_token_does_what_its_scopes_say_and_no_more_than_its_owner_may(
    program_of: Programs,
) -> None:
    reads = await program_of("gitlab", write="", administer="")
    assert (await reads.get("/integrations")).status_code == 200
    refused = await reads.post("/integrations", integration())
    assert refused.status_code == 403
    assert refused.json()["reason"] == "OUTSIDE_THE_SCOPE"
    everything = await program_of("gitlab")
    assert (await everything.post("/integrations", integration())).status_code == 201
    beyond = await everything.post("/integrations", integration(tool="azure", tool_place="a"))
    assert beyond.status_code == 403
    told = beyond.json()
    assert told["reason"] == "NOT_THEIR_TOOL"
    assert told["needed"]
    assert told["who"]
    trail = await everything.get("/audit")
    assert trail.json()["reason"] == "ADMINS_ONLY"


async def test_whoever_left_the_group_keeps_no_power_in_a_token(
    program_of: Programs, ready: Sandbox, asked_again: Callable[[], Awaitable[None]]
) -> None:
    program = await program_of("gitlab")
    made = await program.post("/integrations", integration())
    ready.site.remove_member("getint-jira-gitlab", GIA)
    await asked_again()
    assert (await program.get("/integrations")).json()["reason"] == "NO_ACCESS"
    gone = await program.post(f"/integrations/{made.json()['id']}/pause")
    assert gone.status_code == 403


async def test_a_token_made_in_project_settings_is_good_for_that_project(
    program_of: Programs,
) -> None:
    program = await program_of("project", from_project="PAY")
    assert (await program.get("/me")).json()["project_id"] == "10001"
    made = await program.post("/integrations", integration(project_id=""))
    assert made.status_code == 201, made.text
    assert made.json()["project_key"] == "PAY"
    elsewhere = await program.post("/integrations", integration(project_id="10002"))
    assert elsewhere.status_code == 422
    assert "project_id" in elsewhere.json()["fields"]


async def test_without_a_licence_a_token_only_reads(
    program_of: Programs, ready: Sandbox, as_: As
) -> None:
    program = await program_of("gitlab")
    ready.host.set_licence("lapsed")
    assert (await as_("admin").open("general")).status_code == 200
    assert (await program.get("/integrations")).status_code == 200
    refused = await program.post("/integrations", integration())
    assert (refused.status_code, refused.json()["reason"]) == (403, "LICENCE_NOT_ACTIVE")


async def test_an_uninstalled_app_refuses_every_token(program_of: Programs, ready: Sandbox) -> None:
    program = await program_of("admin")
    await ready.host.uninstall()
    refused = await program.get("/integrations")
    assert (refused.status_code, refused.json()["reason"]) == (403, "UNINSTALLED")


async def test_while_jira_is_away_a_token_is_neither_taken_nor_refused(
    program_of: Programs, ready: Sandbox, asked_again: Callable[[], Awaitable[None]]
) -> None:
    program = await program_of("gitlab")
    await asked_again()
    ready.faults.add(Fault(FaultKind.UNAVAILABLE))
    answer = await program.get("/integrations")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_another_customers_ids_lead_nowhere(
    program_of: Programs, foreign: Any, app: FastAPI
) -> None:
    program = await program_of("admin")
    walked = 0
    for route in api_routes(app):
        if "{integration_id}" in route.path or "{connection_id}" in route.path:
            walked += 1
            path = route.path.removeprefix(V1).format(
                integration_id=foreign.integration_id, connection_id=foreign.connection_id
            )
            answer = await program.ask(route.method, path, headers={"If-Match": "*"})
            assert answer.status_code == 404, str(route)
    assert walked > 10


async def test_no_answer_may_be_read_by_pages_of_others(program_of: Programs) -> None:
    program: Program = await program_of("admin")
    headers = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = await program.ask(method, "/integrations", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert (await program.ask("OPTIONS", "/integrations")).status_code == 405


async def test_what_is_done_with_a_token_is_in_the_trail_as_such(program_of: Programs) -> None:
    program = await program_of("admin", name="Nightly")
    await program.post("/integrations", integration())
    entries = (await program.get("/audit")).json()["items"]
    made = next(entry for entry in entries if entry["thing_kind"] == "integration")
    assert made["door"] == "api"
    assert made["details"]["token"] == f"Nightly (…{program.token[-4:]})"
    reads = await program_of("gitlab", name="Curious")
    await reads.get("/audit")
    newest = (await program.get("/audit")).json()["items"][0]
    assert (newest["allowed"], newest["reason"]) == (False, "ADMINS_ONLY")
    assert newest["details"]["token"].startswith("Curious")
