"""Mail with links: handed to a real SMTP server, from the queue, sealed until then."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from fastapi import FastAPI
from procrastinate import App, PsycopgConnector
from pydantic import SecretStr

from app.administration.links import use_link
from app.administration.mail import MailServer, NotDelivered, Words, letter
from app.administration.mailing import MOST_TRIES, deliver_link
from app.house import House
from app.instances.facts import InstanceFacts
from app.runs.tasks import build_app
from app.runs.work import Work
from app.settings import Settings
from tests.administration.kit import Office
from tests.integrations.kit import words
from tests.servers import free_port

WORDS = Words(subject="s", why="w", do="d", within="h", otherwise="o")


@dataclass
class Post:
    """A mail server on loopback and what was handed in."""

    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    refuses_with: str = ""

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if self.refuses_with:
            return self.refuses_with
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        self.raw.append(content)
        self.recipients += envelope.rcpt_tos
        parsed = message_from_bytes(content, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        self.letters.append(parsed)
        return "250 OK"


@pytest.fixture
def post() -> Iterator[Post]:
    found = Post(free_port())

    def check(_s: Any, _session: Any, _e: Any, _mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=(data.login, data.password) == (b"getint", b"p@ss/word"))

    controller = Controller(
        found,
        hostname="127.0.0.1",
        port=found.port,
        authenticator=check,
        auth_require_tls=False,
        enable_SMTPUTF8=True,
    )
    controller.start()
    yield found
    controller.stop()


@pytest.fixture
def mailing(app: FastAPI, post: Post) -> House:
    """The app with that server in its settings."""
    settings = app.state.house.settings.model_copy(
        update={
            "smtp_url": SecretStr(f"smtp://getint:p%40ss%2Fword@127.0.0.1:{post.port}"),
            "mail_from": "Getint <getint@vendor.example.com>",
        }
    )
    app.state.house = replace(app.state.house, settings=settings)
    house: House = app.state.house
    return house


@pytest.fixture
def deliver(mailing: House, superuser: psycopg.Connection) -> Callable[..., Any]:
    superuser.execute("DELETE FROM procrastinate_jobs")

    async def delivered(tries: int = 0) -> None:
        """Do what a worker does with the jobs that wait."""
        for args in jobs(superuser):
            await deliver_link(
                mailing, UUID(args["instance_id"]), UUID(args["account_id"]), args["link"], tries
            )

    return delivered


def jobs(superuser: psycopg.Connection) -> list[dict[str, str]]:
    rows = superuser.execute(
        "SELECT args FROM procrastinate_jobs WHERE task_name = 'send_link' AND queue_name = 'mail'"
    )
    return [row[0] for row in rows]


def token_in(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).partition("/welcome#")[2].split()[0]


async def test_an_invitation_is_mailed_as_text_and_html_and_its_link_works(
    office: Office, post: Post, deliver: Any, house: House, facts: InstanceFacts
) -> None:
    answer = await office.admin.post(
        "/administration/users", data={"name": "Pat Pärtner", "email": "pat@example.com"}
    )
    assert "A link is on its way to pat@example.com." in words(answer)
    assert "/welcome#" not in answer.text
    assert post.letters == []  # no page waits for a mail server
    await deliver()
    (sent,) = post.letters
    assert post.recipients == ["pat@example.com"]
    assert sent["Subject"] == "You are invited to Getint"
    assert sent["From"] == "Getint <getint@vendor.example.com>"
    assert sent["To"] == "pat@example.com"
    plain, html = sent.get_body(("plain",)), sent.get_body(("html",))
    assert plain
    assert "Hello Pat Pärtner," in plain.get_content()
    assert html
    assert "Hello Pat Pärtner," in html.get_content()
    token = token_in(sent)
    assert html.get_content().count(token) == 2
    async with house.database.of_instance(facts.instance_id) as session:
        account = await use_link(session, token)
    assert account
    assert account.name == "Pat Pärtner"


async def test_a_worker_sends_what_waits_and_tries_again_later(
    office: Office, post: Post, mailing: House, app_of_queue: App, superuser: psycopg.Connection
) -> None:
    superuser.execute("DELETE FROM procrastinate_jobs")
    worker = build_app(
        cast("PsycopgConnector", app_of_queue.connector), mailing, cast("Work", None)
    )
    await office.user()
    post.refuses_with = "451 later"
    for _ in range(2):
        await worker.run_worker_async(
            queues=["mail"], wait=False, install_signal_handlers=False, listen_notify=False
        )
    tried = (
        "SELECT attempts, scheduled_at > now() FROM procrastinate_jobs"
        " WHERE status = 'todo' AND task_name = 'send_link'"
    )
    assert superuser.execute(tried).fetchall() == [(1, True)]
    post.refuses_with = ""
    superuser.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL")
    await worker.run_worker_async(
        queues=["mail"], wait=False, install_signal_handlers=False, listen_notify=False
    )
    assert post.recipients == ["pat@partner.example.com"]
    assert superuser.execute(tried).fetchall() == []


async def test_neither_queue_nor_log_nor_trail_holds_the_link(
    office: Office,
    post: Post,
    deliver: Any,
    superuser: psycopg.Connection,
    capfd: pytest.CaptureFixture[str],
) -> None:
    pat = await office.user()
    await office.to(pat, "reset-password")
    await deliver()
    secrets = {token_in(letter).partition(".")[2] for letter in post.letters}
    assert secrets
    kept = superuser.execute(
        "SELECT (SELECT string_agg(j::text, '') FROM procrastinate_jobs j)"
        " || (SELECT string_agg(a::text, '') FROM audit_entries a)"
        " || (SELECT string_agg(l::text, '') FROM account_links l)"
    ).fetchone()
    assert kept
    said = "".join(capfd.readouterr())
    for secret in secrets:
        assert secret not in kept[0]
        assert secret not in said


async def test_a_link_that_is_void_by_then_is_not_sent(
    office: Office, post: Post, deliver: Any
) -> None:
    pat = await office.user()
    await office.to(pat, "reset-password")
    await deliver()
    (sent,) = post.letters
    assert sent["Subject"] == "Set a new password for Getint"


async def test_a_job_of_another_account_or_instance_opens_nothing(
    office: Office, post: Post, mailing: House, superuser: psycopg.Connection, deliver: Any
) -> None:
    pat, max_ = await office.user(), await office.user("Max Muster")
    (first, _) = jobs(superuser)
    assert first["account_id"] == str(pat)
    await deliver_link(mailing, UUID(first["instance_id"]), max_, first["link"], 0)
    await deliver_link(mailing, pat, pat, first["link"], 0)
    assert post.letters == []


async def test_what_the_server_does_not_take_is_tried_again_and_in_the_end_told(
    office: Office, post: Post, deliver: Any, superuser: psycopg.Connection
) -> None:
    await office.user()
    post.refuses_with = "451 later"
    with pytest.raises(NotDelivered):
        await deliver()
    told = "SELECT account, details FROM audit_entries WHERE action = 'mail: not delivered'"
    assert superuser.execute(told).fetchall() == []
    await deliver(MOST_TRIES)
    assert superuser.execute(told).fetchall() == [("getint", {"mail": "invitation"})]
    page = await office.admin.get("/settings/audit")
    assert "Mail: not delivered" in words(page)


async def test_what_the_server_refuses_for_good_is_told_at_once(
    office: Office, post: Post, deliver: Any, superuser: psycopg.Connection
) -> None:
    await office.user()
    post.refuses_with = "550 nobody here"
    await deliver()
    row = superuser.execute(
        "SELECT count(*) FROM audit_entries WHERE action = 'mail: not delivered'"
    ).fetchone()
    assert row == (1,)


async def test_nothing_is_queued_when_the_transaction_fails(
    office: Office, deliver: Any, superuser: psycopg.Connection, mailing: House
) -> None:
    await office.user()
    answer = await office.admin.post(
        "/administration/users", data={"name": "Again", "email": "pat@partner.example.com"}
    )
    assert answer.status_code == 422
    assert len(jobs(superuser)) == 1


def settings_with(settings: Settings, url: str, env: str = "production") -> Settings:
    return settings.model_copy(update={"smtp_url": SecretStr(url), "app_env": env})


@pytest.mark.parametrize(
    ("url", "env", "is_tls", "must_start"),
    [
        ("smtps://mail.example.com", "production", True, False),
        ("smtp://mail.example.com", "production", False, True),
        ("smtp://mail.example.com", "development", False, True),
        ("smtp://127.0.0.1:25", "production", False, True),
        ("smtp://127.0.0.1:25", "development", False, False),
    ],
)
def test_mail_goes_by_tls_alone_but_for_a_developers_loopback(
    settings: Settings, url: str, env: str, is_tls: bool, must_start: bool
) -> None:
    server = MailServer.of(settings_with(settings, url, env))
    assert server
    assert (server.is_tls, server.must_start_tls) == (is_tls, must_start)
    assert server.port == (25 if ":25" in url else 465 if is_tls else 587)


async def test_a_server_that_offers_no_tls_gets_neither_password_nor_mail(
    settings: Settings, post: Post
) -> None:
    url = f"smtp://getint:p%40ss%2Fword@127.0.0.1:{post.port}"
    server = MailServer.of(settings_with(settings, url))
    assert server
    message = letter("getint@example.com", "pat@example.com", "Pat", WORDS, "https://x/#y")
    with pytest.raises(NotDelivered) as failed:
        await server.send(message)
    assert post.letters == []
    assert "pass" not in str(failed.value) + repr(server)


async def test_an_address_in_other_letters_is_reached(settings: Settings, post: Post) -> None:
    url = f"smtp://getint:p%40ss%2Fword@127.0.0.1:{post.port}"
    server = MailServer.of(settings_with(settings, url, "development"))
    assert server
    to = "jos\u00e9@xn--bcher-kva.example.com"
    await server.send(letter("getint@example.com", to, "José", WORDS, "https://x/#y"))
    assert post.recipients == [to]


def test_what_people_entered_adds_no_header_and_no_tag() -> None:
    sent = letter("g@example.com", "p@example.com", "<b>Pat</b>", WORDS, "https://x/#y")
    html = sent.get_body(("html",))
    assert html
    assert "&lt;b&gt;Pat" in html.get_content()
    assert json.dumps(sent.keys()).count("To") == 1
