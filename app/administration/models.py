"""Tables of people who have an account here, of what they were given and what proves them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models import HasId, HasTimes, Model

_NOW = func.statement_timestamp()


def _of_account() -> ForeignKeyConstraint:
    """Goes with its account, and can not belong to one of another instance."""
    return ForeignKeyConstraint(
        ["instance_id", "account_id"],
        ["accounts.instance_id", "accounts.id"],
        ondelete="CASCADE",
    )


def _of_workspace() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["instance_id", "workspace_id"],
        ["workspaces.instance_id", "workspaces.id"],
        ondelete="CASCADE",
    )


class Account(HasId, HasTimes, Model):
    """A person without an account in the customer's Jira; ``user:<id>`` in trails and as owner.

    ``email`` is as it was written, ``email_key`` what tells addresses apart
    (`app.administration.emails`); an address is of one account of an instance. Nothing can be done
    with an account until it is ``enabled`` and was given access. ``password_hash`` is argon2id in
    PHC form, None until one was set; ``totp_secret`` is sealed, ``totp_step`` the last time step
    that was used. ``is_administrator``: the whole instance, not a workspace.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("instance_id", "id"),
        UniqueConstraint("instance_id", "email_key"),
        UniqueConstraint("instance_id", "oidc_issuer", "oidc_subject"),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", "oidc"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str]
    enabled: Mapped[bool] = mapped_column(server_default="false")
    is_administrator: Mapped[bool] = mapped_column(server_default="false")
    password_hash: Mapped[str | None]
    totp_secret: Mapped[bytes | None]
    totp_step: Mapped[int | None]
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    last_signed_in_at: Mapped[datetime | None]

    @property
    def account(self) -> str:
        """What trails and owners call it."""
        return f"user:{self.id}"

    @property
    def can_sign_in(self) -> bool:
        """Whether there is anything that this person could prove who they are with."""
        return self.password_hash is not None or self.oidc_subject is not None


class WorkspaceAccess(Model):
    """That an account may open a workspace; ``level`` is ``user`` or ``administrator`` of it."""

    __tablename__ = "workspace_access"
    __table_args__ = (
        _of_account(),
        _of_workspace(),
        CheckConstraint("level in ('user', 'administrator')", "level"),
        Index(None, "instance_id", "workspace_id"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    level: Mapped[str]


class WorkspaceProject(Model):
    """A Jira project that people without an account in that Jira may choose in a workspace."""

    __tablename__ = "workspace_projects"
    __table_args__ = (_of_workspace(),)

    workspace_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))


class WorkspaceChoice(Model):
    """The workspace in which somebody was last, whichever door they take (``account``)."""

    __tablename__ = "workspace_choices"
    __table_args__ = (_of_workspace(),)

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    account: Mapped[str] = mapped_column(primary_key=True)
    workspace_id: Mapped[UUID]


class AccountSession(HasId, Model):
    """Somebody who is signed in. ``token_hash`` is the SHA-256 of the secret in the cookie.

    Worth something while ``ended_at`` is None, ``ends_at`` (absolute) has not come, it was used
    lately (``last_used_at``; how lately is a setting) and the account is enabled.
    """

    __tablename__ = "account_sessions"
    __table_args__ = (
        _of_account(),
        UniqueConstraint("instance_id", "token_hash"),
        Index(None, "instance_id", "account_id"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    account_id: Mapped[UUID]
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    last_used_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AccountLink(HasId, Model):
    """A link that lets somebody set their password, once: an invitation, or a reset.

    Good for the address it was made for (``email_key``), until ``expires_at``, and until a newer
    one of the account is made. ``token_hash`` is the SHA-256 of the secret in the link.
    """

    __tablename__ = "account_links"
    __table_args__ = (
        _of_account(),
        UniqueConstraint("instance_id", "token_hash"),
        Index(None, "instance_id", "account_id"),
        CheckConstraint("purpose in ('invitation', 'reset')", "purpose"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    account_id: Mapped[UUID]
    purpose: Mapped[str]
    token_hash: Mapped[bytes]
    email_key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccessToken(HasId, Model):
    """A personal access token. It can do what ``account`` (of any door) may, within ``scopes``.

    ``scopes`` are the effects of the permission table: read, change, administer. ``ending`` are
    its last characters, for people to tell tokens apart. One that was made in the settings of a
    Jira project (``project_id``) is good for that project, as its maker was there.
    """

    __tablename__ = "access_tokens"
    __table_args__ = (
        UniqueConstraint("instance_id", "token_hash"),
        Index(None, "instance_id", "account"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    account: Mapped[str]
    name: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    token_hash: Mapped[bytes]
    ending: Mapped[str]
    project_id: Mapped[str | None]
    project_key: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class IdentityProvider(Model):
    """The customer's own provider of identities (OpenID Connect); ``client_secret`` is sealed."""

    __tablename__ = "identity_providers"

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[bytes]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class SignInFailure(Model):
    """One failure to prove who one is, of no instance: ``key`` is a hash of who and from where."""

    __tablename__ = "sign_in_failures"
    __table_args__ = (Index(None, "key", "at"), Index(None, "at"), {"prefixes": ["UNLOGGED"]})

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[bytes]
    at: Mapped[datetime] = mapped_column(server_default=_NOW)


class KeptAnswer(Model):
    """What a creation through the API answered, for whoever sends it again with the same key.

    ``request_hash`` tells whether it is the same request; ``thing_id`` is what was created.
    """

    __tablename__ = "kept_answers"
    __table_args__ = (Index(None, "created_at"),)

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    account: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    thing_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
