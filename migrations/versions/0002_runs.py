"""What integrations do: type mappings, links, runs and their logs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"
OF_AN_INSTANCE = (
    "type_mappings",
    "links",
    "linked_comments",
    "linked_attachments",
    "positions",
    "runs",
    "log_chunks",
)


def _separate_customers() -> None:
    """Every row of a customer is visible only to a transaction bound to that customer."""
    for table in OF_AN_INSTANCE:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_instance ON {table} USING (instance_id = {BOUND})")


def upgrade() -> None:
    op.add_column(
        "integrations", sa.Column("tool_query", sa.String(), server_default="", nullable=False)
    )
    op.add_column(
        "integrations",
        sa.Column("every_minutes", sa.Integer(), server_default="15", nullable=False),
    )
    op.add_column(
        "integrations",
        sa.Column("conflict_rule", sa.String(), server_default="latest", nullable=False),
    )
    op.add_column(
        "integrations",
        sa.Column("copies_deletions", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column(
        "integrations",
        sa.Column("keep_logs_days", sa.Integer(), server_default="14", nullable=False),
    )
    op.create_unique_constraint(
        "integrations_instance_id_id_key", "integrations", ["instance_id", "id"]
    )
    for name, condition in (
        ("conflict_rule", "conflict_rule in ('latest', 'jira', 'tool')"),
        ("every_minutes", "every_minutes between 0 and 10080"),
        ("keep_logs_days", "keep_logs_days between 0 and 14"),
    ):
        op.create_check_constraint(f"integrations_{name}_check", "integrations", condition)
    op.create_table(
        "host_budgets",
        sa.Column("host", sa.LargeBinary(), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", name="host_budgets_pkey"),
    )
    op.create_table(
        "links",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("mapping_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("jira_id", sa.String(), nullable=True),
        sa.Column("jira_key", sa.String(), nullable=False),
        sa.Column("jira_url", sa.String(), nullable=False),
        sa.Column("jira_prints", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tool_id", sa.String(), nullable=True),
        sa.Column("tool_key", sa.String(), nullable=False),
        sa.Column("tool_url", sa.String(), nullable=False),
        sa.Column("tool_prints", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("try_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('making', 'linked', 'failed', 'ended')", name="links_state_check"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="links_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name="links_instance_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="links_pkey"),
        sa.UniqueConstraint("instance_id", "id", name="links_instance_id_id_key"),
    )
    op.create_index(
        "links_jira_key",
        "links",
        ["instance_id", "integration_id", "jira_id"],
        unique=True,
        postgresql_where=sa.text("jira_id IS NOT NULL"),
    )
    op.create_index(
        "links_to_try_again",
        "links",
        ["instance_id", "integration_id", "try_again_at"],
        unique=False,
        postgresql_where=sa.text("try_again_at IS NOT NULL"),
    )
    op.create_index(
        "links_tool_key",
        "links",
        ["instance_id", "integration_id", "tool_id"],
        unique=True,
        postgresql_where=sa.text("tool_id IS NOT NULL"),
    )
    op.create_table(
        "positions",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.CheckConstraint("side in ('jira', 'tool')", name="positions_side_check"),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="positions_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name="positions_instance_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "integration_id", "side", name="positions_pkey"),
    )
    op.create_table(
        "runs",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("step", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("shared_with_support", sa.Boolean(), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=True),
        sa.Column("log_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'held', 'paused', 'cancelling', 'done', 'failed',"
            " 'cancelled')",
            name="runs_state_check",
        ),
        sa.CheckConstraint(
            "trigger in ('schedule', 'jira', 'tool', 'hand')", name="runs_trigger_check"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="runs_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name="runs_instance_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="runs_pkey"),
        sa.UniqueConstraint("instance_id", "id", name="runs_instance_id_id_key"),
    )
    op.create_index(
        "runs_instance_id_created_at_id_idx",
        "runs",
        ["instance_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "runs_instance_id_integration_id_created_at_id_idx",
        "runs",
        ["instance_id", "integration_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "runs_log_expires_at_idx",
        "runs",
        ["log_expires_at"],
        unique=False,
        postgresql_where=sa.text("wrapped_key IS NOT NULL"),
    )
    op.create_index(
        "runs_one_at_a_time_key",
        "runs",
        ["instance_id", "integration_id"],
        unique=True,
        postgresql_where=sa.text("state in ('waiting', 'running', 'held', 'paused', 'cancelling')"),
    )
    op.create_table(
        "type_mappings",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("jira_type", sa.String(), nullable=False),
        sa.Column("tool_type", sa.String(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="type_mappings_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name="type_mappings_instance_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="type_mappings_pkey"),
    )
    op.create_index(
        "type_mappings_instance_id_integration_id_position_idx",
        "type_mappings",
        ["instance_id", "integration_id", "position"],
        unique=False,
    )
    op.create_table(
        "linked_attachments",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("jira_id", sa.String(), nullable=True),
        sa.Column("tool_id", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id", "link_id"],
            ["links.instance_id", "links.id"],
            name="linked_attachments_instance_id_link_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name="linked_attachments_instance_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="linked_attachments_pkey"),
    )
    op.create_index(
        "linked_attachments_instance_id_link_id_idx",
        "linked_attachments",
        ["instance_id", "link_id"],
        unique=False,
    )
    op.create_table(
        "linked_comments",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("jira_id", sa.String(), nullable=True),
        sa.Column("tool_id", sa.String(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "written_by in ('jira', 'tool')", name="linked_comments_written_by_check"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "link_id"],
            ["links.instance_id", "links.id"],
            name="linked_comments_instance_id_link_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name="linked_comments_instance_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="linked_comments_pkey"),
    )
    op.create_index(
        "linked_comments_instance_id_link_id_idx",
        "linked_comments",
        ["instance_id", "link_id"],
        unique=False,
    )
    op.create_table(
        "log_chunks",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id", "run_id"],
            ["runs.instance_id", "runs.id"],
            name="log_chunks_instance_id_run_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name="log_chunks_instance_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("instance_id", "run_id", "number", name="log_chunks_pkey"),
    )
    _separate_customers()
