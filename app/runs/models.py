"""Tables of runs and their logs."""

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

OPEN_STATES = ("waiting", "running", "held", "paused", "cancelling")


class Run(HasId, HasTimes, Model):
    """One execution of an integration.

    ``held`` waits for something a person has to do (licence, access of the owner, credentials);
    ``paused`` was asked for; ``reason`` says why in a sentence without content. ``step`` is the
    engine's own note of how far it is. ``wrapped_key`` seals the log; without it, it is destroyed.

    A preview is a run that writes nothing: ``preview_of`` says what it was made of
    (`app.sync.stops`), and ``created``, ``updated`` and ``skipped`` are the items that would be
    made, that are linked already and that are left alone. ``findings`` are those of a preview or a
    migration, sealed for their row (`app.sync.findings`).
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index(None, "instance_id", "created_at", "id"),
        Index(None, "instance_id", "integration_id", "created_at", "id"),
        UniqueConstraint("instance_id", "id"),
        Index(
            "runs_one_at_a_time_key",
            "instance_id",
            "integration_id",
            unique=True,
            postgresql_where=text(
                "state in ('waiting', 'running', 'held', 'paused', 'cancelling')"
            ),
        ),
        Index(
            "runs_log_expires_at_idx",
            "log_expires_at",
            postgresql_where=text("wrapped_key IS NOT NULL"),
        ),
        ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "state in ('waiting', 'running', 'held', 'paused', 'cancelling', 'done', 'failed',"
            " 'cancelled')",
            "state",
        ),
        CheckConstraint("trigger in ('schedule', 'jira', 'tool', 'hand')", "trigger"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    integration_id: Mapped[UUID]
    trigger: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    reason: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    beat_at: Mapped[datetime | None]
    step: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    expected: Mapped[int | None]
    wrapped_key: Mapped[bytes | None]
    log_expires_at: Mapped[datetime | None]
    preview_of: Mapped[str | None]
    findings: Mapped[bytes | None] = mapped_column(deferred=True)


class LogChunk(Model):
    """Some lines of a run's log, sealed; ``number`` counts from 0 without a gap."""

    __tablename__ = "log_chunks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["instance_id", "run_id"], ["runs.instance_id", "runs.id"], ondelete="CASCADE"
        ),
    )

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[int]
    sealed: Mapped[bytes]


class PreviewedItem(Model):
    """An item that a preview has read, until it ends: counted once, and a parent of others.

    ``moves`` says whether it has a counterpart or would get one.
    """

    __tablename__ = "previewed_items"
    __table_args__ = (
        ForeignKeyConstraint(
            ["instance_id", "run_id"], ["runs.instance_id", "runs.id"], ondelete="CASCADE"
        ),
        CheckConstraint("side in ('jira', 'tool')", "side"),
    )

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    parent_id: Mapped[str | None]
    moves: Mapped[bool]


class Schedule(Model):
    """When an integration is next started by itself. A trigger of the database keeps the rows.

    There is one exactly while the integration is active, has a connection and is to be started.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        Index(None, "due_at"),
        ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            ondelete="CASCADE",
        ),
    )

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), primary_key=True
    )
    integration_id: Mapped[UUID] = mapped_column(primary_key=True)
    every_minutes: Mapped[int]
    due_at: Mapped[datetime]
