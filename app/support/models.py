"""Tables of support access. Agents and their sessions are the vendor's, all else the customer's.

What ends (grants, shared runs) is over as soon as ``ended_at`` is set, for good: the database
refuses to change such a row again. It is over as well when its ``ends_at`` has come, by
PostgreSQL's clock or by the latest time that was seen on it, whichever is later.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    and_,
    func,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.models import HasId, HasTimes, Model

_NOW = func.statement_timestamp()


class HasEnd:
    """Something that holds until a time, or until somebody ends it.

    ``ends_at`` is None for *until it is revoked*. ``known_at`` is the latest time at which a round
    found it in force: a clock that jumps back does not bring it back (app/support/rounds.py).
    ``ended_by`` names the account that ended it; None with an ``ended_at`` says that its time ran
    out, or that what it was about is gone.
    """

    ends_at: Mapped[datetime | None]
    known_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]

    @classmethod
    def in_force(cls) -> ColumnElement[bool]:
        """The rows that hold now, by the database's clock."""
        return and_(
            cls.ended_at.is_(None),
            or_(cls.ends_at.is_(None), cls.ends_at > func.greatest(_NOW, cls.known_at)),
        )


class SupportGrant(HasId, HasEnd, Model):
    """A customer's yes to support: *Approve Getint Access*.

    While one of an instance is in force, support sees the configuration of its integrations and
    the states of its runs. ``approved_by`` is the account of the administrator (``jira:<id>``); the
    grant stays what it is when they lose that right. ``note`` is for the ticket.
    """

    __tablename__ = "support_grants"
    __table_args__ = (
        UniqueConstraint("instance_id", "id"),
        Index("support_grants_open_idx", "instance_id", postgresql_where=text("ended_at IS NULL")),
        CheckConstraint("ended_by IS NULL OR ended_at IS NOT NULL", "ended"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    approved_by: Mapped[str]
    approved_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    note: Mapped[str] = mapped_column(default="")


class RunShare(HasId, HasEnd, Model):
    """A run whose log and data its owner or an administrator shared with support.

    ``sealed_key`` is the run's data key, sealed for a public key of support, and ``sealed_for`` the
    id of that key (app/support/keys.py). It is there only while both the share and a grant of the
    instance are in force: a share without one waits for the next grant, one that ended has none.
    At most one share of a run is open.
    """

    __tablename__ = "run_shares"
    __table_args__ = (
        ForeignKeyConstraint(
            ["instance_id", "run_id"], ["runs.instance_id", "runs.id"], ondelete="CASCADE"
        ),
        Index(
            "run_shares_one_open_key",
            "instance_id",
            "run_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index(None, "instance_id", "run_id"),
        CheckConstraint("ended_by IS NULL OR ended_at IS NOT NULL", "ended"),
        CheckConstraint("ended_at IS NULL OR sealed_key IS NULL", "ended_without_key"),
        CheckConstraint("(sealed_key IS NULL) = (sealed_for IS NULL)", "sealed_for"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    run_id: Mapped[UUID]
    shared_by: Mapped[str]
    shared_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    sealed_key: Mapped[bytes | None]
    sealed_for: Mapped[str | None]


class SupportAgent(HasId, HasTimes, Model):
    """Somebody of the vendor's support. Created by a command of the operator, never by sign-up.

    ``email`` is in lower case. They sign in with the vendor's identity provider (``oidc_issuer``
    and ``oidc_subject``) or with ``password_hash`` (argon2id, in PHC form) and TOTP;
    ``totp_secret`` is sealed, ``totp_step`` the last time step that was used, as a code counts
    once. ``state`` is ``active`` or ``disabled``; a disabled agent's sessions are worth nothing.
    In the trail of customers they are ``agent:<id>``.
    """

    __tablename__ = "support_agents"
    __table_args__ = (
        UniqueConstraint("email"),
        UniqueConstraint("oidc_issuer", "oidc_subject"),
        CheckConstraint("email = lower(email)", "email"),
        CheckConstraint("state in ('active', 'disabled')", "state"),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", "oidc"),
    )

    email: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    oidc_issuer: Mapped[str | None]
    oidc_subject: Mapped[str | None]
    totp_secret: Mapped[bytes | None]
    totp_step: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="active")
    disabled_at: Mapped[datetime | None]


class AgentSession(HasId, Model):
    """An agent who is signed in. ``token_hash`` is the SHA-256 of the opaque token in the cookie.

    It is worth something while ``ended_at`` is None, ``ends_at`` (absolute) has not come and the
    agent is active; how long it may idle is the console's to say, from ``last_used_at``.
    """

    __tablename__ = "agent_sessions"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "agent_id"))

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("support_agents.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class SupportRequest(HasId, Model):
    """An agent's request for access, sent with the Instance ID.

    Made by the database's function ``ask_for_support_access`` alone, which tells nobody whether
    the instance exists. ``state`` is ``asked``, ``approved`` (with the grant) or ``declined``.
    """

    __tablename__ = "support_requests"
    __table_args__ = (
        ForeignKeyConstraint(
            ["instance_id", "grant_id"], ["support_grants.instance_id", "support_grants.id"]
        ),
        Index(
            "support_requests_one_open_key",
            "instance_id",
            "agent_id",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
        CheckConstraint("state in ('asked', 'approved', 'declined')", "state"),
        CheckConstraint("(state = 'asked') = (answered_at IS NULL)", "answered"),
        CheckConstraint("(state = 'approved') = (grant_id IS NOT NULL)", "grant"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("support_agents.id"))
    ticket: Mapped[str]
    message: Mapped[str]
    state: Mapped[str] = mapped_column(default="asked")
    asked_at: Mapped[datetime] = mapped_column(server_default=_NOW)
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]
    grant_id: Mapped[UUID | None]
