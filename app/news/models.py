"""The table of webhooks that tools tell us by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Model


class ToolNews(Model):
    """An integration's tool tells of changes; of the tool, place and connection it has now.

    Triggers of the database take the row away with any of those. ``address_hash`` is the SHA-256
    of the last part of the address, ``secret`` is sealed. ``registered`` is what the webhook is
    called at the tool, None where people made it by hand.
    """

    __tablename__ = "tool_news"
    __table_args__ = (
        CheckConstraint("octet_length(address_hash) = 32", "address_hash"),
        UniqueConstraint("address_hash"),
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
    address_hash: Mapped[bytes]
    secret: Mapped[bytes]
    registered: Mapped[str | None]
    switched_on_at: Mapped[datetime] = mapped_column(server_default=func.now())
    heard_at: Mapped[datetime | None]
