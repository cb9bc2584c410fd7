"""Tables of integrations and connections."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.access import OthersMay
from app.models import HasId, HasTimes, Model


def _within_the_instance(column: str, table: str) -> ForeignKeyConstraint:
    """A reference that can not leave the instance: foreign keys are not bound by row security."""
    return ForeignKeyConstraint(["instance_id", column], [f"{table}.instance_id", f"{table}.id"])


class Connection(HasId, HasTimes, Model):
    """Address and credentials of one tool. The credentials are sealed and never shown again."""

    __tablename__ = "connections"
    __table_args__ = (
        Index(None, "instance_id", "created_at", "id"),
        UniqueConstraint("instance_id", "id"),
        _within_the_instance("workspace_id", "workspaces"),
        CheckConstraint("others_may in ('view', 'use', 'edit')", "others_may"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    workspace_id: Mapped[UUID]
    tool: Mapped[str]
    project_id: Mapped[str | None]
    owner: Mapped[str]
    others_may: Mapped[str] = mapped_column(default=OthersMay.VIEW)
    name: Mapped[str]
    address: Mapped[str]
    credentials: Mapped[bytes]
    credentials_changed_at: Mapped[datetime]
    tested_at: Mapped[datetime | None]
    test_problem: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {  # noqa: RUF012 - SQLAlchemy's form
        "version_id_col": version,
        "eager_defaults": True,
    }


class Integration(HasId, HasTimes, Model):
    """Keeps a Jira project and a place in a tool in step; a migration does it once.

    ``every_minutes`` is 0 where only changes and people start a run, ``keep_logs_days`` 0 where
    no log is kept. ``tool_query`` is the filter in the tool's own words.
    """

    __tablename__ = "integrations"
    __table_args__ = (
        Index(None, "instance_id", "created_at", "id"),
        Index(None, "instance_id", "project_id", "created_at", "id"),
        Index(None, "instance_id", "owner", "created_at", "id"),
        Index(None, "instance_id", "connection_id"),
        UniqueConstraint("instance_id", "id"),
        _within_the_instance("workspace_id", "workspaces"),
        _within_the_instance("connection_id", "connections"),
        CheckConstraint("kind in ('integration', 'migration')", "kind"),
        CheckConstraint("state in ('active', 'paused')", "state"),
        CheckConstraint("direction in ('to_tool', 'to_jira', 'both')", "direction"),
        CheckConstraint("conflict_rule in ('latest', 'jira', 'tool')", "conflict_rule"),
        CheckConstraint("every_minutes between 0 and 10080", "every_minutes"),
        CheckConstraint("keep_logs_days between 0 and 14", "keep_logs_days"),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    workspace_id: Mapped[UUID]
    kind: Mapped[str]
    name: Mapped[str]
    tool: Mapped[str]
    tool_place: Mapped[str]
    connection_id: Mapped[UUID | None]
    project_id: Mapped[str]
    project_key: Mapped[str]
    direction: Mapped[str]
    jql: Mapped[str]
    tool_query: Mapped[str] = mapped_column(server_default="")
    every_minutes: Mapped[int] = mapped_column(server_default="15")
    conflict_rule: Mapped[str] = mapped_column(server_default="latest")
    copies_deletions: Mapped[bool] = mapped_column(server_default="false")
    keep_logs_days: Mapped[int] = mapped_column(server_default="14")
    state: Mapped[str]
    owner: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {  # noqa: RUF012 - SQLAlchemy's form
        "version_id_col": version,
        "eager_defaults": True,
    }
