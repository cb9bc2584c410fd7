"""Users: made, let in, given access, shut out and deleted, and what never happens on the way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from app.administration.emails import email_of
from app.administration.users import create_user, delete_user, disable, load_account
from app.errors import Conflict
from app.house import House
from app.instances.facts import InstanceFacts
from sandbox.running import Sandbox
from tests.administration.kit import USERS, Office, link_in, visit_of
from tests.integrations.kit import flag, words
from tests.people import ACCOUNTS, Visitor

As = Callable[..., Visitor]
GIA = f"jira:{ACCOUNTS['gitlab']}"


async def test_a_new_user_can_do_nothing_until_enabled_and_given_access(office: Office) -> None:
    pat = await office.user()
    made = office.account(pat)
    assert (made["enabled"], made["is_administrator"], made["password_hash"]) == (False,) * 2 + (
        None,
    )
    page = await office.admin.get(f"{USERS}/{pat}")
    assert "Enable them and give them access to a workspace." in words(page)
    await office.to(pat, "enable")
    page = await office.admin.get(f"{USERS}/{pat}")
    assert "Give them access to a workspace." in words(page)
    its = office.workspace_called("Default workspace")
    answer = await office.to(pat, "access", workspace_id=str(its), level="user")
    assert answer.status_code == 200
    text = words(await office.admin.get(f"{USERS}/{pat}"))
    assert "They can do nothing" not in text
    assert "Default workspace User" in text
    assert office.trail() == ["created", "invited", "enabled", "given access"]


async def test_a_password_that_is_set_here_is_kept_as_its_hash_alone(office: Office) -> None:
    form = {"name": "Pat", "email": "pat@example.com", "way": "password"}
    short = await office.admin.post(USERS, data={**form, "password": "short"})
    assert short.status_code == 422
    assert "characters" in words(short)
    answer = await office.admin.post(USERS, data={**form, "password": " correct horse battery "})
    assert answer.status_code == 200
    assert "horse" not in answer.text + short.text
    kept = office.account(office.id_of("Pat"))
    assert kept["password_hash"].startswith("$argon2id$")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "", "email": "pat@example.com"}, "A name is needed."),
        ({"name": "x" * 121, "email": "pat@example.com"}, "at most 120"),
        ({"name": "P\u202eat", "email": "pat@example.com"}, "on one line"),
        ({"name": "Pat", "email": "nobody"}, "Enter an e-mail address"),
        ({"name": "Pat", "email": "ｐat@example.com"}, "only look like others"),
        ({"name": "Pat", "email": "TAKEN@example.com"}, "Another user has this e-mail address."),
        ({"name": "Pat", "email": "p@example.com", "way": "magic"}, "Choose one of the options."),
        ({"name": "Pat", "email": "p@example.com", "is_administrator": "true"}, ""),
        ({"name": "Pat", "email": "p@example.com", "enabled": "true"}, ""),
    ],
)
async def test_a_form_that_can_not_be_used_makes_nobody(
    office: Office, superuser: psycopg.Connection, form: dict[str, str], said: str
) -> None:
    await office.user("Tak Taken", "taken@example.com")
    answer = await office.admin.post(USERS, data=form)
    assert answer.status_code == 422
    assert said in words(answer)
    assert superuser.execute("SELECT count(*) FROM accounts").fetchone() == (1,)


async def test_of_two_who_create_the_same_address_at_once_one_does(
    house: House, facts: InstanceFacts, superuser: psycopg.Connection
) -> None:
    async def create(address: str) -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            await create_user(
                session, house.changes, visit_of(facts), name="Pat", email=email_of(address)
            )

    addresses = ("pat@example.com", "PAT@example.com", "Pat@EXAMPLE.com")
    outcome = await asyncio.gather(*map(create, addresses), return_exceptions=True)
    assert sum(each is None for each in outcome) == 1
    assert superuser.execute("SELECT count(*) FROM accounts").fetchone() == (1,)


async def test_the_list_is_searched_filtered_and_paged(office: Office, house: House) -> None:
    for number in range(27):
        await office.user(f"U{number:02} Somebody", f"u{number:02}@example.com")
    await office.to(office.id_of("U03 Somebody"), "enable")
    first = await office.admin.get(USERS)
    assert "U26" in first.text
    assert "U01 " not in first.text
    after = first.text.partition("after=")[2].partition('"')[0]
    second = await office.admin.get(f"{USERS}?after={after}")
    assert "U01 " in second.text
    assert "U26" not in second.text
    found = await office.admin.get(f"{USERS}?q=U2")
    assert found.text.count('<th scope="row"') == 7
    assert (await office.admin.get(f"{USERS}?q=u05@EXAMPLE")).text.count('<th scope="row"') == 1
    enabled = await office.admin.get(f"{USERS}?state=enabled")
    assert enabled.text.count('<th scope="row"') == 1
    assert "Nobody matches" in words(await office.admin.get(f"{USERS}?q=%25"))
    for wrong in ("state=x", "after=x", f"q={'x' * 121}"):
        assert (await office.admin.get(f"{USERS}?{wrong}")).status_code == 422


async def test_what_was_entered_is_text_wherever_it_is_shown(office: Office) -> None:
    pat = await office.user("<b>Pat</b>", "pat@example.com")
    workspace = await office.workspace("<i>Ops</i>")
    await office.to(pat, "access", workspace_id=str(workspace), level="user")
    for path in ("", f"/{pat}", f"/{pat}/edit", f"/{pat}/disable", f"/{pat}/delete"):
        text = (await office.admin.get(f"{USERS}{path}")).text
        assert "<b>" not in text
        assert "<i>" not in text
        assert "&lt;b&gt;" in text


async def test_disabling_ends_sessions_and_links_and_keeps_access(
    office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    await office.to(pat, "enable")
    workspace = office.workspace_called("Default workspace")
    await office.to(pat, "access", workspace_id=str(workspace), level="user")
    signed_in(superuser, pat)
    answer = await office.to(pat, "disable")
    assert answer.status_code == 200
    assert flag(answer)["title"] == "Pat Partner is disabled"
    assert open_sessions(superuser, pat) == 0
    assert superuser.execute("SELECT count(*) FROM account_links").fetchone() == (0,)
    assert superuser.execute("SELECT count(*) FROM workspace_access").fetchone() == (1,)


async def test_a_reset_and_ending_sessions_sign_them_out_everywhere(
    office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    for what in ("end-sessions", "reset-password"):
        signed_in(superuser, pat)
        assert (await office.to(pat, what)).status_code == 200
        assert open_sessions(superuser, pat) == 0


async def test_a_lost_second_factor_is_removed_when_that_is_asked_for_alone(
    office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    superuser.execute("UPDATE accounts SET totp_secret = 'sealed', totp_step = 7")
    await office.to(pat, "reset-password")
    assert office.account(pat)["totp_secret"] is not None
    await office.to(pat, "reset-password", second_factor_too="true")
    its = office.account(pat)
    assert (its["totp_secret"], its["totp_step"]) == (None, None)


async def test_with_another_address_the_identity_provider_is_not_believed_any_more(
    office: Office, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    superuser.execute("UPDATE accounts SET oidc_issuer = 'https://idp', oidc_subject = 'pat'")
    await office.to(pat, "edit", name="Pat P", email="pat@partner.example.com")
    assert office.account(pat)["oidc_subject"] == "pat"
    await office.to(pat, "edit", name="Pat P", email="new@partner.example.com")
    assert office.account(pat)["oidc_subject"] is None


async def test_access_is_set_changed_and_taken_away(
    office: Office, superuser: psycopg.Connection
) -> None:
    pat, ops = await office.user(), await office.workspace("Ops")

    def access() -> list[tuple[UUID, str]]:
        return superuser.execute("SELECT workspace_id, level FROM workspace_access").fetchall()

    for level in ("user", "administrator"):
        await office.to(pat, "access", workspace_id=str(ops), level=level)
        assert access() == [(ops, level)]
    await office.to(pat, f"access/{ops}/remove")
    assert access() == []
    assert (await office.to(pat, f"access/{ops}/remove")).status_code == 404
    for wrong in ({"workspace_id": str(ops), "level": "owner"}, {"level": "user"}):
        assert (await office.to(pat, "access", **wrong)).status_code == 422


async def test_ids_of_another_instance_lead_nowhere(
    office: Office, other_site: Sandbox, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    theirs, account = superuser.execute(
        "SELECT w.id, gen_random_uuid() FROM workspaces w JOIN installations i USING (instance_id)"
        " WHERE i.client_key = %s",
        (other_site.site.client_key,),
    ).fetchone() or (None, None)
    superuser.execute(
        "INSERT INTO accounts (id, instance_id, name, email, email_key) SELECT %s, instance_id,"
        " 'Theirs', 'x', 'x' FROM workspaces WHERE id = %s",
        (account, theirs),
    )
    answer = await office.to(pat, "access", workspace_id=str(theirs), level="user")
    assert answer.status_code == 404
    for what in ("enable", "disable", "delete", "reset-password", "invite", "end-sessions"):
        assert (await office.to(account, what)).status_code == 404
    assert (await office.admin.get(f"{USERS}/{account}")).status_code == 404
    assert (await office.to(uuid4(), "enable")).status_code == 404
    assert "Theirs" not in (await office.admin.get(USERS)).text
    assert superuser.execute("SELECT count(*) FROM workspace_access").fetchone() == (0,)


async def test_what_changes_is_announced_to_every_machine(
    office: Office, house: House, facts: InstanceFacts
) -> None:
    pat = await office.user()
    told: list[UUID | None] = []
    house.changes.on_change("facts", told.append)
    workspace = office.workspace_called("Default workspace")
    for what, form in (
        ("enable", {}),
        ("access", {"workspace_id": str(workspace), "level": "user"}),
        (f"access/{workspace}/remove", {}),
        ("disable", {}),
        ("delete", {}),
    ):
        told.clear()
        assert (await office.to(pat, what, **form)).status_code == 200
        assert facts.instance_id in told, what


# The last administrator.


def alone(facts: InstanceFacts) -> InstanceFacts:
    """The same instance as if no Jira was linked to it."""
    return replace(facts, linked_site=None, installation_id=None)


@pytest.mark.parametrize("what", ["disable", "demote", "delete", "reset"])
async def test_the_last_administrator_of_an_instance_without_jira_stays(
    office: Office, house: House, facts: InstanceFacts, what: str
) -> None:
    from app.administration.users import reset_password, set_administrator

    root = await office.administrator("Root Admin")
    await office.user("Ina Invited")  # has no password yet: she could not take over
    await office.to(office.id_of("Ina Invited"), "enable")
    await office.to(office.id_of("Ina Invited"), "administrator", to="yes")
    visit = visit_of(alone(facts), f"user:{office.id_of('Ina Invited')}")

    async def tried(account_id: UUID) -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            account = await load_account(session, account_id)
            if what == "disable":
                await disable(session, house.changes, visit, account)
            elif what == "demote":
                await set_administrator(session, house.changes, visit, account, to=False)
            elif what == "delete":
                await delete_user(session, house.changes, visit, account)
            else:
                await reset_password(session, house.changes, visit, account)

    with pytest.raises(Conflict, match="last administrator"):
        await tried(root)
    kept = office.account(root)
    assert kept["enabled"]
    assert kept["is_administrator"]
    assert kept["password_hash"]
    second = await office.administrator("Second Admin")
    await tried(root)
    with pytest.raises(Conflict):
        await tried(second)


async def test_of_two_last_administrators_who_remove_each_other_one_stays(
    office: Office, house: House, facts: InstanceFacts, superuser: psycopg.Connection
) -> None:
    one, other = await office.administrator("One"), await office.administrator("Other")

    async def removed(by: UUID, whom: UUID) -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            account = await load_account(session, whom)
            visit = visit_of(alone(facts), f"user:{by}")
            await delete_user(session, house.changes, visit, account)

    outcome = await asyncio.gather(removed(one, other), removed(other, one), return_exceptions=True)
    assert [type(each) for each in outcome if each is not None] == [Conflict]
    assert superuser.execute("SELECT count(*) FROM accounts").fetchone() == (1,)


async def test_beside_a_jira_the_last_account_goes_but_not_by_its_own_hand(
    office: Office, house: House, facts: InstanceFacts
) -> None:
    root = await office.administrator("Root Admin")

    async def disabled_by(account: str) -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            await disable(
                session, house.changes, visit_of(facts, account), await load_account(session, root)
            )

    with pytest.raises(Conflict):
        await disabled_by(f"user:{root}")
    await disabled_by(GIA)
    assert not office.account(root)["enabled"]


# Deleting.


async def test_a_user_who_owns_nothing_is_deleted_with_all_that_was_theirs(
    office: Office, superuser: psycopg.Connection, facts: InstanceFacts
) -> None:
    pat = await office.user()
    token = link_in(await office.to(pat, "invite"))
    superuser.execute(
        "INSERT INTO access_tokens (id, instance_id, account, name, scopes, token_hash, ending,"
        " expires_at) VALUES (gen_random_uuid(), %s, %s, 'n', '{read}', 'h', 'abcd', now())",
        (facts.instance_id, f"user:{pat}"),
    )
    signed_in(superuser, pat)
    answer = await office.to(pat, "delete")
    assert answer.status_code == 200
    assert flag(answer)["title"] == "Pat Partner was deleted"
    left = superuser.execute(
        "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM access_tokens),"
        " (SELECT count(*) FROM account_sessions), (SELECT count(*) FROM account_links)"
    ).fetchone()
    assert left == (0, 0, 0, 0)
    row = superuser.execute(
        "SELECT thing_id, details ->> 'name' FROM audit_entries WHERE details ->> 'user' = %s",
        ("deleted",),
    ).fetchone()
    assert row == (str(pat), "Pat Partner")
    assert token


@pytest.fixture
async def owner(office: Office, facts: InstanceFacts, superuser: psycopg.Connection) -> UUID:
    """Pat, who owns a GitLab integration of PAY, under way, and its connection."""
    pat = await office.user()
    superuser.execute(
        "INSERT INTO connections (id, instance_id, workspace_id, tool, owner, others_may, name,"
        " address, credentials, credentials_changed_at, version) VALUES (%(id)s, %(instance)s,"
        " %(workspace)s, 'gitlab', %(owner)s, 'view', 'Theirs', 'https://x', '', now(), 1)",
        its := {
            "id": uuid4(),
            "instance": facts.instance_id,
            "workspace": facts.workspace_id,
            "owner": f"user:{pat}",
        },
    )
    superuser.execute(
        "INSERT INTO integrations (id, instance_id, workspace_id, kind, name, tool, tool_place,"
        " connection_id, project_id, project_key, direction, jql, state, owner, version) VALUES"
        " (%(id)s, %(instance)s, %(workspace)s, 'integration', 'Payroll', 'gitlab', 'a/b', %(id)s,"
        " '10001', 'PAY', 'both', '', 'active', %(owner)s, 1)",
        its,
    )
    superuser.execute(
        "INSERT INTO runs (id, instance_id, integration_id, trigger, state, step, created, updated,"
        " skipped, failed) VALUES (%(id)s, %(instance)s, %(id)s, 'hand', 'running', '{}', 0, 0, 0,"
        " 0)",
        its,
    )
    return pat


def owners(superuser: psycopg.Connection) -> set[str]:
    rows = superuser.execute("SELECT owner FROM integrations UNION SELECT owner FROM connections")
    return {row[0] for row in rows}


async def test_what_they_own_goes_to_somebody_who_could_have_created_it_while_a_run_goes_on(
    office: Office, owner: UUID, superuser: psycopg.Connection
) -> None:
    dialog = words(await office.admin.get(f"{USERS}/{owner}/delete"))
    assert "They own Payroll and Theirs." in dialog
    found = await office.admin.get(f"{USERS}/{owner}/delete/people?q=Gi")
    assert f'value="{GIA}"' in found.text
    answer = await office.to(owner, "delete", taker=GIA)
    assert answer.status_code == 200, words(answer)
    assert owners(superuser) == {GIA}
    assert superuser.execute("SELECT state FROM runs").fetchone() == ("running",)
    assert superuser.execute("SELECT count(*) FROM accounts").fetchone() == (0,)
    told = superuser.execute(
        "SELECT thing_kind, details -> 'changes' -> 'owner' FROM audit_entries"
        " WHERE details ? 'changes' ORDER BY id"
    ).fetchall()
    assert told == [(kind, [f"user:{owner}", GIA]) for kind in ("integration", "connection")]


@pytest.mark.parametrize(
    ("taker", "said"),
    [
        ("", "Choose a person who can sign in."),
        (f"jira:{ACCOUNTS['azure']}", "Axel Azure could not own Payroll."),
        (f"jira:{ACCOUNTS['nobody']}", "Nora Nobody could not own Payroll."),
        ("jira:nobody-of-this-jira", "Choose a person who can sign in."),
        ("jira:../x", "Choose a person who can sign in."),
        ("user:00000000-0000-4000-8000-000000000000", "Choose a person who can sign in."),
        ("user:x", "Choose a person who can sign in."),
        ("agent:x", "Choose a person who can sign in."),
        ("themselves", "Choose a person who can sign in."),
    ],
)
async def test_nobody_is_deleted_while_what_they_own_goes_to_nobody_who_may_own_it(
    office: Office, owner: UUID, superuser: psycopg.Connection, taker: str, said: str
) -> None:
    taker = f"user:{owner}" if taker == "themselves" else taker
    answer = await office.to(owner, "delete", taker=taker)
    assert answer.status_code == 422
    assert said in words(answer)
    assert owners(superuser) == {f"user:{owner}"}
    assert office.account(owner)["name"] == "Pat Partner"


async def test_what_they_create_while_being_deleted_is_not_lost(
    office: Office, owner: UUID, house: House, facts: InstanceFacts, superuser: psycopg.Connection
) -> None:
    from app.administration.owned import Takeover

    async def delete() -> None:
        async with house.database.of_instance(facts.instance_id) as session:
            account = await load_account(session, owner)
            nothing = Takeover(GIA, frozenset())
            await delete_user(session, house.changes, visit_of(facts), account, nothing)

    with pytest.raises(Conflict, match="changed in the meantime"):
        await delete()
    assert owners(superuser) == {f"user:{owner}"}


# Who may do all this.


@pytest.mark.parametrize("person", ["gitlab", "nobody", "project"])
async def test_nobody_but_administrators_manages_users(
    as_: As, office: Office, person: str, superuser: psycopg.Connection
) -> None:
    pat = await office.user()
    other = as_(person, from_project="PAY" if person == "project" else None)
    for method, path in (
        ("GET", ""),
        ("POST", ""),
        ("GET", f"/{pat}"),
        ("POST", f"/{pat}/enable"),
        ("POST", f"/{pat}/administrator"),
        ("POST", f"/{pat}/delete"),
    ):
        answer = await other.ask(
            method, f"{USERS}{path}", data={"to": "yes"} if method == "POST" else None
        )
        assert answer.status_code == 403
        assert person == "nobody" or "Only administrators can do this." in words(answer)
    assert not office.account(pat)["enabled"]


def signed_in(superuser: psycopg.Connection, account_id: UUID) -> None:
    superuser.execute(
        "INSERT INTO account_sessions (id, instance_id, account_id, token_hash, ends_at) SELECT"
        " gen_random_uuid(), instance_id, id, uuid_send(gen_random_uuid()), now() + interval '1 h'"
        " FROM accounts WHERE id = %s",
        (account_id,),
    )


def open_sessions(superuser: psycopg.Connection, account_id: UUID) -> int:
    row = superuser.execute(
        "SELECT count(*) FROM account_sessions WHERE account_id = %s AND ended_at IS NULL",
        (account_id,),
    ).fetchone()
    assert row
    count: int = row[0]
    return count
