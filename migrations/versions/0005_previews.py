"""What previews of migrations found, and what became of migrations' items."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"


def upgrade() -> None:
    op.add_column("runs", sa.Column("preview_of", sa.String(), nullable=True))
    op.add_column("runs", sa.Column("findings", sa.LargeBinary(), nullable=True))
    op.create_table(
        "previewed_items",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("item_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("moves", sa.Boolean(), nullable=False),
        sa.CheckConstraint("side in ('jira', 'tool')", name="previewed_items_side_check"),
        sa.ForeignKeyConstraint(
            ["instance_id", "run_id"],
            ["runs.instance_id", "runs.id"],
            name="previewed_items_instance_id_run_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name="previewed_items_instance_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "instance_id", "run_id", "side", "item_id", name="previewed_items_pkey"
        ),
    )
    op.execute("ALTER TABLE previewed_items ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE previewed_items FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_instance ON previewed_items USING (instance_id = {BOUND})")
