"""What a person said of items that so many are missing of that it was not believed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column(
        "looks", sa.Column("confirmed", JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )
