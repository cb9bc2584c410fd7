"""A partner is made a user, let in and shut out by programs, and has a program of their own."""

from typing import Any
from uuid import UUID

import httpx
import psycopg

from app.encryption import digest
from app.house import House
from app.tokens.words import ending_of, new_token
from tests.api.conftest import Programs
from tests.api.kit import Program, connection, id_of, integration
from tests.integrations.conftest import Foreign
from tests.integrations.kit import OPS, PAY

PAT = {"name": "Pat Partner", "email": "pat@partner.example"}


def token_of_user(
    superuser: psycopg.Connection, http: httpx.AsyncClient, instance_id: UUID, user_id: str
) -> Program:
    """A program with a token that a user made."""
    token = new_token(instance_id)
    superuser.execute(
        "INSERT INTO access_tokens (id, instance_id, account, name, scopes, token_hash, ending,"
        " expires_at) VALUES (gen_random_uuid(), %s, %s, 'CI', '{read,change,administer}', %s, %s,"
        " now() + interval '1 day')",
        (instance_id, f"user:{user_id}", digest(token), ending_of(token)),
    )
    return Program(http, token)


async def _let_in(alice: Program) -> tuple[str, str]:
    """A user in a workspace of their own, where they may choose project PAY."""
    workspace_id = id_of(await alice.post("/workspaces", {"name": "Partners"}))
    changed = await alice.ask("PATCH", f"/workspaces/{workspace_id}", json={"project_ids": [PAY]})
    assert changed.json()["project_ids"] == [PAY], changed.text
    user_id = id_of(await alice.post("/users", PAT))
    user = f"/users/{user_id}"
    invited = await alice.post(f"{user}/invite")
    assert "/welcome#" in invited.json()["address"]
    given = await alice.ask("PUT", f"{user}/access/{workspace_id}", json={"level": "user"})
    assert given.json()["access"] == [{"workspace_id": workspace_id, "level": "user"}]
    assert (await alice.post(f"{user}/enable")).json()["enabled"] is True
    return user_id, workspace_id


async def _announced(house: House, instance_id: UUID) -> None:
    """What was changed behind the app's back counts from here on."""
    async with house.database.of_instance(instance_id) as session:
        await house.changes.announce(session, instance_id, "facts")


async def test_a_partner_is_let_in_works_and_loses_everything_when_disabled(
    program_of: Programs, superuser: psycopg.Connection, instance_id: UUID
) -> None:
    alice = await program_of("admin")
    hers = id_of(await alice.post("/integrations", integration(name="Hers")))
    user_id, workspace_id = await _let_in(alice)
    pat = token_of_user(superuser, alice.http, instance_id, user_id)
    me = (await pat.get("/me")).json()
    assert [each["id"] for each in me["workspaces"]] == [workspace_id]
    connection_id = id_of(await pat.post("/connections", connection()))
    mine = await pat.post("/integrations", integration(connection_id=connection_id))
    assert mine.json()["workspace_id"] == workspace_id, mine.text
    assert mine.json()["owner"] == f"user:{user_id}"
    assert (await pat.get(f"/integrations/{hers}")).status_code == 404
    assert [each["name"] for each in (await pat.get("/integrations")).json()["items"]] == [
        "Payroll"
    ]
    elsewhere = await pat.post("/integrations", integration(project_id=OPS))
    assert elsewhere.status_code == 422
    for path in ("/users", "/workspaces", "/audit"):
        assert (await pat.get(path)).json()["reason"] == "ADMINS_ONLY", path
    other = (await alice.get("/me")).json()["workspaces"]
    foreign = next(each["id"] for each in other if each["id"] != workspace_id)
    smuggled = await pat.post("/integrations", integration(workspace_id=foreign))
    assert list(smuggled.json()["fields"]) == ["workspace_id"]
    assert (await alice.post(f"/users/{user_id}/disable")).status_code == 200
    shut_out = await pat.get("/integrations")
    assert (shut_out.status_code, shut_out.json()["reason"]) == (403, "NO_WORKSPACE")
    assert (await pat.post(f"/integrations/{mine.json()['id']}/pause")).status_code == 403


async def test_who_leaves_hands_over_first_and_takes_their_tokens_along(
    program_of: Programs, superuser: psycopg.Connection, instance_id: UUID
) -> None:
    alice = await program_of("admin")
    user_id, _ = await _let_in(alice)
    pat = token_of_user(superuser, alice.http, instance_id, user_id)
    made = id_of(await pat.post("/integrations", integration()))
    nobody = await alice.ask("DELETE", f"/users/{user_id}")
    assert nobody.status_code == 422
    taker = (await alice.get("/me")).json()["account"]
    assert (await alice.ask("DELETE", f"/users/{user_id}?taker={taker}")).status_code == 204
    assert (await alice.get(f"/integrations/{made}")).json()["owner"] == taker
    assert (await pat.get("/me")).status_code == 401
    assert (await alice.get(f"/users/{user_id}")).status_code == 404


async def test_tokens_of_who_lacks_a_second_factor_that_is_a_must_rest_until_they_have_it(
    program_of: Programs, superuser: psycopg.Connection, instance_id: UUID, house: House
) -> None:
    alice = await program_of("admin")
    user_id, _ = await _let_in(alice)
    pat = token_of_user(superuser, alice.http, instance_id, user_id)
    assert (await pat.get("/me")).status_code == 200
    superuser.execute("UPDATE instances SET second_factor_required = true")
    await _announced(house, instance_id)
    refused = await pat.get("/me")
    assert (refused.status_code, "second factor" in refused.text) == (401, True)
    # Who signs in to Jira has no factor here, and needs none.
    assert (await alice.get("/me")).status_code == 200
    superuser.execute("UPDATE accounts SET totp_secret = 'sealed' WHERE id = %s", (user_id,))
    await _announced(house, instance_id)
    assert (await pat.get("/me")).status_code == 200


async def test_a_password_that_is_set_is_a_good_one_and_is_never_answered_with(
    program_of: Programs,
) -> None:
    alice = await program_of("admin")
    easy = await alice.post("/users", {**PAT, "password": "password1234"})
    assert (easy.status_code, list(easy.json()["fields"])) == (422, ["password"])
    good = "a horse that counts the stairs"
    made = await alice.post("/users", {**PAT, "password": good})
    assert made.json()["can_sign_in"] is True
    assert "password1234" not in easy.text
    assert good not in made.text


async def test_users_are_listed_changed_and_never_twice_with_one_address(
    program_of: Programs,
) -> None:
    alice = await program_of("admin")
    user_id, _ = await _let_in(alice)
    again = await alice.post("/users", {**PAT, "email": "PAT@Partner.example"})
    assert (again.status_code, list(again.json()["fields"])) == (422, ["email"])
    for wrong in ({"email": "nobody"}, {"name": ""}, {"password_hash": "x"}):
        assert (await alice.post("/users", {**PAT, **wrong})).status_code == 422, wrong
    renamed = await alice.ask("PATCH", f"/users/{user_id}", json={"name": "Pat P"})
    assert (renamed.json()["name"], renamed.json()["email"]) == ("Pat P", PAT["email"])
    found = (await alice.get("/users?q=pat&state=enabled")).json()["items"]
    assert [each["id"] for each in found] == [user_id]
    assert (await alice.get("/users?state=disabled")).json()["items"] == []


async def test_the_last_workspace_and_the_one_of_jira_stay_and_integrations_move(
    program_of: Programs,
) -> None:
    alice = await program_of("admin")
    listed: list[dict[str, Any]] = (await alice.get("/workspaces")).json()["items"]
    first = listed[0]
    assert first["opens_from_jira"] is True
    assert (await alice.post(f"/workspaces/{first['id']}/archive")).status_code == 409
    second = id_of(await alice.post("/workspaces", {"name": "Second"}))
    taken = await alice.post("/workspaces", {"name": "second"})
    assert list(taken.json()["fields"]) == ["name"]
    made = id_of(await alice.post("/integrations", integration()))
    moved = await alice.post(f"/integrations/{made}/move", {"workspace_id": second})
    assert moved.json()["workspace_id"] == second
    assert (await alice.post(f"/workspaces/{second}/archive")).status_code == 200
    refused = await alice.post(f"/integrations/{made}/move", {"workspace_id": first["id"]})
    assert refused.status_code == 200, "out of an archived one"


async def test_only_administrators_manage_and_only_their_own(
    program_of: Programs, foreign: Foreign
) -> None:
    gia, reads = await program_of("gitlab"), await program_of("admin", administer="")
    for program, reason in ((gia, "ADMINS_ONLY"), (reads, "OUTSIDE_THE_SCOPE")):
        refused = await program.post("/users", PAT)
        assert (refused.status_code, refused.json()["reason"]) == (403, reason)
    alice = await program_of("admin")
    path = f"/workspaces/{foreign.workspace_id}"
    assert (await alice.get(path)).status_code == 404
    assert (await alice.post(f"{path}/archive")).status_code == 404
    user_id = id_of(await alice.post("/users", PAT))
    level = {"level": "user"}
    smuggled = await alice.ask("PUT", f"/users/{user_id}/access/{foreign.workspace_id}", json=level)
    assert smuggled.status_code == 404
