"""The audit trail's table. Rows are only ever added; the database itself refuses the rest."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Model


class AuditEntry(Model):
    """One thing that somebody did or tried."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "instance_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    account: Mapped[str]
    door: Mapped[str]
    action: Mapped[str]
    thing_kind: Mapped[str | None]
    thing_id: Mapped[str | None]
    allowed: Mapped[bool]
    reason: Mapped[str]
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)

    # Whoever writes the trail need not be able to read it.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's form
