"""Access tokens as people make, list and revoke them."""

from collections.abc import Callable
from uuid import uuid4

import psycopg
import pytest

from app.encryption import digest
from app.tokens.service import MOST_OF_ONE
from app.tokens.words import ending_of
from sandbox.running import Sandbox
from tests.api.kit import made_token, token_form
from tests.integrations.conftest import Foreign, foreign, instance_id
from tests.integrations.kit import words
from tests.people import Visitor

As = Callable[..., Visitor]
__all__ = ["foreign", "instance_id"]
pytestmark = pytest.mark.usefixtures("configured")


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(
    as_: As, superuser: psycopg.Connection
) -> None:
    gia = as_("gitlab")
    token = await made_token(gia, name="Nightly export", administer="")
    page = await gia.get("/account/tokens")
    assert token not in page.text
    told = words(page)
    assert "Nightly export" in told
    assert f"…{token[-4:]}" in told
    assert "Read, Write" in told
    row = superuser.execute(
        "SELECT token_hash, ending, scopes, account, expires_at - created_at FROM access_tokens"
    ).fetchone()
    assert row
    assert row[:4] == (digest(token), ending_of(token), ["read", "change"], gia.account)
    assert row[4].days == 30
    kept = superuser.execute("SELECT t::text FROM access_tokens t").fetchone()
    assert kept
    assert token.split("_", 2)[2] not in kept[0]
    trail = superuser.execute("SELECT details::text FROM audit_entries").fetchall()
    assert not [entry for entry in trail if token in entry[0]]


async def test_everybody_has_their_own_and_administrators_see_and_revoke_all(
    as_: As, superuser: psycopg.Connection
) -> None:
    gia, axel, alice = as_("gitlab"), as_("azure"), as_("admin")
    await made_token(gia, name="Hers")
    row = superuser.execute("SELECT id FROM access_tokens").fetchone()
    assert row
    assert "Hers" not in words(await axel.get("/account/tokens"))
    for path in (f"/account/tokens/{row[0]}/revoke", f"/account/tokens/{uuid4()}/revoke"):
        assert (await axel.get(path)).status_code == 404
        assert (await axel.post(path)).status_code == 404
    assert (await axel.get("/administration/tokens")).status_code == 403
    assert (await axel.post(f"/administration/tokens/{row[0]}/revoke")).status_code == 403
    everybodys = words(await alice.get("/administration/tokens"))
    assert "Hers" in everybodys
    assert "Gia" in everybodys
    asked = await alice.get(f"/administration/tokens/{row[0]}/revoke")
    assert "Revoke Hers?" in words(asked)
    assert (await alice.post(f"/administration/tokens/{row[0]}/revoke")).status_code == 200
    assert "No access tokens yet" in words(await gia.get("/account/tokens"))
    entry = superuser.execute(
        "SELECT account, details ->> 'of' FROM audit_entries WHERE details ? 'revoked'"
    ).fetchone()
    assert entry == (alice.account, gia.account)


async def test_a_token_of_another_customer_is_nobodys_here(
    as_: As, foreign: Foreign, superuser: psycopg.Connection
) -> None:
    token_id = uuid4()
    superuser.execute(
        "INSERT INTO access_tokens (id, instance_id, account, name, scopes, token_hash, ending,"
        " expires_at) VALUES (%s, %s, %s, 'Not ours', '{read}', 'x', 'abcd',"
        " now() + interval '1 hour')",
        (token_id, foreign.instance_id, as_("admin").account),
    )
    for path in ("/account/tokens", "/administration/tokens"):
        assert "Not ours" not in (await as_("admin").get(path)).text
        for method in ("GET", "POST"):
            answer = await as_("admin").ask(method, f"{path}/{token_id}/revoke")
            assert answer.status_code == 404, (method, path)
    assert superuser.execute("SELECT revoked_at FROM access_tokens").fetchone() == (None,)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "A name is needed."),
        ({"name": "a\nb"}, "on one line"),
        ({"days": "0"}, "Choose one of the options."),
        ({"days": ""}, "Choose one of the options."),
        ({"days": "36500"}, "Choose one of the options."),
        ({"account": "jira:somebody"}, ""),
        ({"project_id": "10001"}, ""),
    ],
)
async def test_no_token_is_without_a_name_without_an_end_or_for_somebody_else(
    changes: dict[str, str], said: str, as_: As, superuser: psycopg.Connection
) -> None:
    answer = await as_("gitlab").post("/account/tokens", data=token_form(**changes))
    assert answer.status_code == 422
    assert said in words(answer)
    assert superuser.execute("SELECT count(*) FROM access_tokens").fetchone() == (0,)


async def test_nobody_has_tokens_without_end(as_: As, superuser: psycopg.Connection) -> None:
    gia = as_("gitlab")
    await made_token(gia)
    superuser.execute(
        "INSERT INTO access_tokens (id, instance_id, account, name, scopes, token_hash, ending,"
        " expires_at) SELECT gen_random_uuid(), instance_id, account, name, scopes,"
        " sha256(n::text::bytea), 'abcd', expires_at FROM access_tokens,"
        " generate_series(2, %s) n",
        (MOST_OF_ONE,),
    )
    answer = await gia.post("/account/tokens", data=token_form())
    assert answer.status_code == 409
    superuser.execute("UPDATE access_tokens SET expires_at = now() WHERE ending = 'abcd'")
    assert (await gia.post("/account/tokens", data=token_form())).status_code == 200
    assert "Expired" in words(await gia.get("/account/tokens"))


async def test_a_token_of_project_settings_says_so(as_: As) -> None:
    pia = as_("project", from_project="PAY")
    assert "good for that project" in words(await pia.get("/account/tokens/new"))
    await made_token(pia)
    assert "in project PAY" in words(await pia.get("/account/tokens"))


async def test_somebody_without_access_has_no_tokens(as_: As, configured: Sandbox) -> None:
    refused = await as_("nobody").post("/account/tokens", data=token_form())
    assert refused.status_code == 403
