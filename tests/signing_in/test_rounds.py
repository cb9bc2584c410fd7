"""What is over is cleared away, and what is worth something stays."""

from typing import Any

import psycopg

from app.house import House
from app.signing_in.rounds import forget_what_is_over
from tests.signing_in.kit import Accounts, Browser, form_of

COUNTS = (
    "SELECT (SELECT count(*) FROM account_sessions), (SELECT count(*) FROM account_links),"
    " (SELECT count(*) FROM sign_in_failures)"
)


async def test_what_is_over_is_cleared_away_and_nothing_else(
    accounts: Accounts, house: House, superuser: psycopg.Connection[Any]
) -> None:
    its = accounts.user()
    pat, other = await accounts.signed_in(), await accounts.signed_in(place="192.0.2.2")
    await other.post("/sign-out")
    for days in (1, -1):
        superuser.execute(
            "INSERT INTO account_links (id, instance_id, account_id, purpose, token_hash,"
            " email_key, expires_at) VALUES (gen_random_uuid(), %s, %s, 'reset', %s, 'x',"
            " now() + make_interval(days => %s))",
            (accounts.instance_id, its, str(days).encode(), days),
        )
    await Browser.at(accounts.app).post(accounts.base, data=form_of(password="wrong"))
    superuser.execute(
        "UPDATE sign_in_failures SET at = now() - interval '1 hour'"
        " WHERE id = (SELECT min(id) FROM sign_in_failures)"
    )
    before = superuser.execute(COUNTS).fetchone()
    assert before
    await forget_what_is_over(house.database)
    sessions, links, failures = superuser.execute(COUNTS).fetchone() or (0, 0, 0)
    assert (sessions, links, failures) == (1, 1, before[2] - 1)
    assert (await pat.get("/integrations")).status_code == 200
