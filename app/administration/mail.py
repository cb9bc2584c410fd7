"""Writes mail and hands it to the operator's SMTP server."""

from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.settings import Settings
from app.web.templates import render
from connect.sites import is_loopback

_TIMEOUT_S = 20.0
_TEXT = """Hello {name},

{why}

Open this link to {do} It works once, within {within}:

{address}

{otherwise}
"""


class NotDelivered(Exception):  # noqa: N818 - says what happened
    """The server could not be reached or did not take it. ``for_good``: nor will it later."""

    def __init__(self, *, for_good: bool) -> None:
        super().__init__("mail was not delivered")
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Words:
    """What differs from one kind of mail with a link to another."""

    subject: str
    why: str
    do: str
    within: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. TLS is a must, but for loopback on a developer's machine."""

    host: str
    port: int
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)
    is_tls: bool
    must_start_tls: bool

    @classmethod
    def of(cls, settings: Settings) -> "MailServer | None":
        """The one of the settings; None where none is configured."""
        if settings.smtp_url is None:
            return None
        parts = urlsplit(settings.smtp_url.get_secret_value())
        is_tls, host = parts.scheme == "smtps", parts.hostname or ""
        return cls(
            host=host,
            port=parts.port or (465 if is_tls else 587),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            is_tls=is_tls,
            must_start_tls=not is_tls and not (settings.is_development and is_loopback(host)),
        )

    async def send(self, message: EmailMessage) -> None:
        """Hand it in; ``NotDelivered`` if that fails. No error tells what was in it."""
        try:
            await aiosmtplib.send(
                message,
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.is_tls,
                start_tls=True if self.must_start_tls else None if not self.is_tls else False,
                timeout=_TIMEOUT_S,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [each.code for each in refused.recipients]
            raise NotDelivered(for_good=all(code >= 500 for code in codes)) from None
        except (aiosmtplib.SMTPException, OSError, ValueError):
            raise NotDelivered(for_good=False) from None


def letter(sender: str, to: str, name: str, words: Words, address: str) -> EmailMessage:
    """A mail with a link, as text and as HTML. ``to`` is an address as DNS has it."""
    told = {
        "name": name,
        "why": words.why,
        "do": words.do,
        "within": words.within,
        "address": address,
        "otherwise": words.otherwise,
    }
    message = EmailMessage(policy=SMTP.clone(utf8=not to.isascii()))
    message["Subject"] = words.subject
    message["From"] = sender
    message["To"] = to
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2].rstrip(">"))
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_TEXT.format(**told))
    message.add_alternative(str(render("administration/mail.html", **told)), subtype="html")
    return message
