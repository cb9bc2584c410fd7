"""Idempotency-Key: what is sent again is done once."""

import asyncio
from uuid import uuid4

import psycopg
from fastapi import FastAPI
from psycopg.sql import SQL, Identifier

from app.api.once import forget_old_keys
from app.database import Database
from tests.api.conftest import Programs
from tests.api.kit import connection, id_of, integration


def _key(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or str(uuid4())}


def _count(superuser: psycopg.Connection, table: str = "integrations") -> int:
    row = superuser.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone()
    assert row
    return int(row[0])


async def test_the_same_request_with_the_same_key_makes_one_thing(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia, key = await program_of("gitlab"), _key()
    first = await gia.post("/integrations", integration(), headers=key)
    await gia.post(f"/integrations/{id_of(first)}/pause")
    again = await gia.post("/integrations", integration(), headers=key)
    assert id_of(again) == id_of(first)
    assert again.json()["state"] == "paused", "the answer is the thing as it is now"
    assert _count(superuser) == 1
    await gia.post("/integrations", integration(), headers=_key())
    assert _count(superuser) == 2


async def test_the_same_key_with_another_request_is_refused(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia, key = await program_of("gitlab"), _key()
    await gia.post("/integrations", integration(), headers=key)
    for path, body in (("/integrations", integration(name="x")), ("/connections", connection())):
        other = await gia.post(path, body, headers=key)
        assert other.status_code == 422
        assert "another request" in other.json()["detail"]
    assert (_count(superuser), _count(superuser, "connections")) == (1, 0)


async def test_a_key_is_its_senders_own(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia, alice, key = await program_of("gitlab"), await program_of("admin"), _key()
    hers = id_of(await gia.post("/integrations", integration(), headers=key))
    his = id_of(await alice.post("/integrations", integration(), headers=key))
    assert hers != his
    assert _count(superuser) == 2


async def test_a_request_that_came_to_nothing_may_be_sent_again(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia, key = await program_of("gitlab"), _key()
    wrong = await gia.post("/integrations", integration(project_id="99999"), headers=key)
    assert wrong.status_code == 422
    assert (await gia.post("/integrations", integration(), headers=key)).status_code == 201


async def test_many_at_once_make_one_thing(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia, key = await program_of("gitlab"), _key()
    sent = [gia.post("/integrations", integration(), headers=key) for _ in range(6)]
    answers = await asyncio.gather(*sent)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({id_of(answer) for answer in answers if answer.status_code == 201}) == 1
    assert _count(superuser) == 1


async def test_while_the_first_is_going_on_others_are_told_so(
    program_of: Programs, superuser: psycopg.Connection, app: FastAPI
) -> None:
    gia, key = await program_of("gitlab"), _key()
    me = (await gia.get("/me")).json()
    named = f"once {me['instance_id']} {me['account']} {key['Idempotency-Key']}"
    with superuser.transaction():
        superuser.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (named,))
        busy = await gia.post("/integrations", integration(), headers=key)
    assert (busy.status_code, busy.headers["retry-after"]) == (409, "1")
    assert (await gia.post("/integrations", integration(), headers=key)).status_code == 201


async def test_a_key_counts_for_a_day_and_is_then_forgotten(
    program_of: Programs, superuser: psycopg.Connection, database: Database
) -> None:
    gia, key = await program_of("gitlab"), _key()
    first = id_of(await gia.post("/connections", connection(), headers=key))
    await forget_old_keys(database)
    assert _count(superuser, "kept_answers") == 1
    superuser.execute("UPDATE kept_answers SET created_at = now() - interval '25 hours'")
    assert id_of(await gia.post("/connections", connection(), headers=key)) != first
    superuser.execute("UPDATE kept_answers SET created_at = now() - interval '25 hours'")
    await forget_old_keys(database)
    assert _count(superuser, "kept_answers") == 0


async def test_no_credential_can_be_guessed_from_what_is_kept(
    program_of: Programs, superuser: psycopg.Connection
) -> None:
    gia = await program_of("gitlab")
    await gia.post("/connections", connection(), headers=_key("same"))
    first = superuser.execute("SELECT request_hash FROM kept_answers").fetchone()
    assert first
    assert len(first[0]) == 16, "a keyed fingerprint, not a hash that anybody could make"


async def test_a_key_that_is_none_is_refused(program_of: Programs) -> None:
    gia = await program_of("gitlab")
    for key in ("", "a b", "x" * 129):
        answer = await gia.post("/integrations", integration(), headers={"Idempotency-Key": key})
        assert answer.status_code == 422, key
