"""Which links miss an item or wait for a parent, and when all of them were last looked through."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"


def upgrade() -> None:
    op.add_column("links", sa.Column("waits_for", sa.String(), nullable=True))
    op.create_index(
        "links_waiting",
        "links",
        ["instance_id", "integration_id", "waits_for"],
        postgresql_where=sa.text("waits_for IS NOT NULL"),
    )
    op.add_column("links", sa.Column("missing_on", sa.String(), nullable=True))
    op.add_column("links", sa.Column("missing_since", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint("links_missing_on_check", "links", "missing_on in ('jira', 'tool')")
    op.create_index(
        "links_missing",
        "links",
        ["instance_id", "integration_id", "id"],
        postgresql_where=sa.text("missing_on IS NOT NULL"),
    )
    op.create_table(
        "looks",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="looks_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name="looks_instance_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_id", "integration_id", name="looks_pkey"),
    )
    op.execute("ALTER TABLE looks ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE looks FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_instance ON looks USING (instance_id = {BOUND})")
