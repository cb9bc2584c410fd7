"""Tables of the engine: what is mapped, what is linked with what, and how far it has come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models import HasId, HasTimes, Model


def _of_integration() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["instance_id", "integration_id"],
        ["integrations.instance_id", "integrations.id"],
        ondelete="CASCADE",
    )


def _of_link() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["instance_id", "link_id"], ["links.instance_id", "links.id"], ondelete="CASCADE"
    )


class TypeMapping(HasId, HasTimes, Model):
    """How items of one type become items of another. ``rules`` has the shape of `MappingRules`."""

    __tablename__ = "type_mappings"
    __table_args__ = (
        Index(None, "instance_id", "integration_id", "position"),
        _of_integration(),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    integration_id: Mapped[UUID]
    position: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    jira_type: Mapped[str]
    tool_type: Mapped[str]
    rules: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {  # noqa: RUF012 - SQLAlchemy's form
        "version_id_col": version,
        "eager_defaults": True,
    }


class Link(HasId, HasTimes, Model):
    """An item in Jira and its counterpart in the tool. ``id`` is the mark left in what we make.

    A row is written before the counterpart is made: ``state`` is then ``making`` and one side is
    empty. ``jira_prints`` and ``tool_prints`` hold, by field, a keyed hash of what that side held
    when both agreed; no content. ``problem`` is a sentence without content. ``missing_on`` is the
    side on which its item was not found, ``missing_since`` when a look at all links missed it too.
    """

    __tablename__ = "links"
    __table_args__ = (
        Index(
            "links_jira_key",
            "instance_id",
            "integration_id",
            "jira_id",
            unique=True,
            postgresql_where=text("jira_id IS NOT NULL"),
        ),
        Index(
            "links_tool_key",
            "instance_id",
            "integration_id",
            "tool_id",
            unique=True,
            postgresql_where=text("tool_id IS NOT NULL"),
        ),
        Index(
            "links_to_try_again",
            "instance_id",
            "integration_id",
            "try_again_at",
            postgresql_where=text("try_again_at IS NOT NULL"),
        ),
        Index(
            "links_waiting",
            "instance_id",
            "integration_id",
            "waits_for",
            postgresql_where=text("waits_for IS NOT NULL"),
        ),
        Index(
            "links_missing",
            "instance_id",
            "integration_id",
            "id",
            postgresql_where=text("missing_on IS NOT NULL"),
        ),
        UniqueConstraint("instance_id", "id"),
        _of_integration(),
        CheckConstraint("missing_on in ('jira', 'tool')", "missing_on"),
        CheckConstraint("state in ('making', 'linked', 'failed', 'ended')", "state"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    integration_id: Mapped[UUID]
    mapping_id: Mapped[UUID | None]
    state: Mapped[str]
    jira_id: Mapped[str | None]
    jira_key: Mapped[str] = mapped_column(default="")
    jira_url: Mapped[str] = mapped_column(default="")
    jira_prints: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    tool_id: Mapped[str | None]
    tool_key: Mapped[str] = mapped_column(default="")
    tool_url: Mapped[str] = mapped_column(default="")
    tool_prints: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    problem: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    try_again_at: Mapped[datetime | None]
    waits_for: Mapped[str | None]
    missing_on: Mapped[str | None]
    missing_since: Mapped[datetime | None]


class LinkedComment(HasId, Model):
    """A comment and its copy. ``id`` is the mark; ``written_by`` the side it was written on."""

    __tablename__ = "linked_comments"
    __table_args__ = (
        Index(None, "instance_id", "link_id"),
        _of_link(),
        CheckConstraint("written_by in ('jira', 'tool')", "written_by"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    link_id: Mapped[UUID]
    written_by: Mapped[str]
    jira_id: Mapped[str | None]
    tool_id: Mapped[str | None]
    fingerprint: Mapped[str]


class LinkedAttachment(HasId, Model):
    """A file and its copy."""

    __tablename__ = "linked_attachments"
    __table_args__ = (Index(None, "instance_id", "link_id"), _of_link())

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    link_id: Mapped[UUID]
    jira_id: Mapped[str | None]
    tool_id: Mapped[str | None]


class Position(Model):
    """How far the changes of one side have been read; the text is the side's own."""

    __tablename__ = "positions"
    __table_args__ = (_of_integration(), CheckConstraint("side in ('jira', 'tool')", "side"))

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[str]


class Look(Model):
    """When all items of an integration that are linked were last looked for.

    ``confirmed`` is what a person said of those that are missing: by side, the picture that they
    saw (`app.sync.doubts`).
    """

    __tablename__ = "looks"
    __table_args__ = (_of_integration(),)

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    looked_at: Mapped[datetime]
    confirmed: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))


class HostBudget(Model):
    """How long all workers leave a tool's host alone. ``host`` is a hash: no customer is named."""

    __tablename__ = "host_budgets"

    host: Mapped[bytes] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime]
