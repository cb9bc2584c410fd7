"""Instances, integrations, connections, the audit trail; the database keeps customers apart."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"
HOUSEKEEPING = "current_setting('app.housekeeping', true) = 'on'"
OF_AN_INSTANCE = (
    "installations",
    "workspaces",
    "group_bindings",
    "connections",
    "integrations",
    "audit_entries",
)


def _separate_customers() -> None:
    """Every row of a customer is visible only to a transaction bound to that customer."""
    for table, column in (("instances", "id"), *((name, "instance_id") for name in OF_AN_INSTANCE)):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_instance ON {table} USING ({column} = {BOUND})")
    # Before the customer is known there is only the key that their Jira presents.
    op.execute(
        "CREATE POLICY by_client_key ON installations FOR SELECT"
        " USING (client_key = current_setting('app.client_key', true))"
    )
    for table in ("instances", "installations"):
        op.execute(f"CREATE POLICY housekeeping ON {table} FOR SELECT USING ({HOUSEKEEPING})")


def _keep_the_audit_trail() -> None:
    """Refuse to change or delete entries, but for the erasure of a customer who left."""
    op.execute(
        """
        CREATE FUNCTION keep_the_audit_trail() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF (
                    SELECT bool_and(uninstalled_at <= now() - interval '60 days')
                    AND count(*) = count(uninstalled_at)
                    FROM installations WHERE instance_id = OLD.instance_id
                ) THEN
                    RETURN OLD;
                END IF;
            END IF;
            RAISE EXCEPTION 'audit entries can only be added';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entries"
        " FOR EACH ROW EXECUTE FUNCTION keep_the_audit_trail()"
    )
    op.execute(
        "CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entries"
        " FOR EACH STATEMENT EXECUTE FUNCTION keep_the_audit_trail()"
    )


def upgrade() -> None:
    op.create_table(
        "instances",
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("configured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("jira_workspace_id", sa.Uuid(), nullable=True),
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
        sa.PrimaryKeyConstraint("id", name=("instances_pkey")),
    )
    op.create_table(
        "used_lifecycle_tokens",
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=("used_lifecycle_tokens_pkey")),
    )
    op.create_index(
        ("used_lifecycle_tokens_expires_at_idx"),
        "used_lifecycle_tokens",
        ["expires_at"],
        unique=False,
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("thing_kind", sa.String(), nullable=True),
        sa.Column("thing_id", sa.String(), nullable=True),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=("audit_entries_instance_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("audit_entries_pkey")),
    )
    op.create_index(
        ("audit_entries_instance_id_id_idx"), "audit_entries", ["instance_id", "id"], unique=False
    )
    op.create_table(
        "group_bindings",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False),
        sa.Column("bound_by", sa.String(), nullable=True),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=("group_bindings_instance_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("group_bindings_pkey")),
        sa.UniqueConstraint(
            "instance_id", "tool", "group_id", name=("group_bindings_instance_id_tool_group_id_key")
        ),
    )
    op.create_index(
        ("group_bindings_one_standard_key"),
        "group_bindings",
        ["instance_id", "tool"],
        unique=True,
        postgresql_where=sa.text("is_standard"),
    )
    op.create_table(
        "installations",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("client_key", sa.String(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("display_url", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("secret_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("oauth_client_id", sa.String(), nullable=True),
        sa.Column("forge_installation_id", sa.String(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("uninstalled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("licence_state", sa.String(), nullable=True),
        sa.Column("licence_type", sa.String(), nullable=True),
        sa.Column("licence_entitlement", sa.String(), nullable=True),
        sa.Column("licence_source", sa.String(), nullable=True),
        sa.Column("licence_learnt_at", sa.DateTime(timezone=True), nullable=True),
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
            ["instance_id"],
            ["instances.id"],
            name=("installations_instance_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("installations_pkey")),
        sa.UniqueConstraint("client_key", name=("installations_client_key_key")),
    )
    op.create_index(("installations_base_url_idx"), "installations", ["base_url"], unique=False)
    op.create_index(
        ("installations_instance_id_idx"), "installations", ["instance_id"], unique=False
    )
    op.create_table(
        "workspaces",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
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
            ["instance_id"],
            ["instances.id"],
            name=("workspaces_instance_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("workspaces_pkey")),
        sa.UniqueConstraint("instance_id", "id", name=("workspaces_instance_id_id_key")),
    )
    op.create_table(
        "connections",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("others_may", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("credentials", sa.LargeBinary(), nullable=False),
        sa.Column("credentials_changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test_problem", sa.String(), nullable=True),
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
        sa.CheckConstraint(
            "others_may in ('view', 'use', 'edit')", name=("connections_others_may_check")
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "workspace_id"],
            ["workspaces.instance_id", "workspaces.id"],
            name=("connections_instance_id_workspace_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=("connections_instance_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("connections_pkey")),
        sa.UniqueConstraint("instance_id", "id", name=("connections_instance_id_id_key")),
    )
    op.create_index(
        ("connections_instance_id_created_at_id_idx"),
        "connections",
        ["instance_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "integrations",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("tool_place", sa.String(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=True),
        sa.Column("project_id", sa.String(), nullable=False),
        sa.Column("project_key", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("jql", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
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
        sa.CheckConstraint(
            "direction in ('to_tool', 'to_jira', 'both')", name=("integrations_direction_check")
        ),
        sa.CheckConstraint(
            "kind in ('integration', 'migration')", name=("integrations_kind_check")
        ),
        sa.CheckConstraint("state in ('active', 'paused')", name=("integrations_state_check")),
        sa.ForeignKeyConstraint(
            ["instance_id", "connection_id"],
            ["connections.instance_id", "connections.id"],
            name=("integrations_instance_id_connection_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "workspace_id"],
            ["workspaces.instance_id", "workspaces.id"],
            name=("integrations_instance_id_workspace_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["instances.id"],
            name=("integrations_instance_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=("integrations_pkey")),
    )
    op.create_index(
        ("integrations_instance_id_connection_id_idx"),
        "integrations",
        ["instance_id", "connection_id"],
        unique=False,
    )
    op.create_index(
        ("integrations_instance_id_created_at_id_idx"),
        "integrations",
        ["instance_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        ("integrations_instance_id_owner_created_at_id_idx"),
        "integrations",
        ["instance_id", "owner", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        ("integrations_instance_id_project_id_created_at_id_idx"),
        "integrations",
        ["instance_id", "project_id", "created_at", "id"],
        unique=False,
    )
    _separate_customers()
    _keep_the_audit_trail()


def downgrade() -> None:
    for table in (
        "integrations",
        "connections",
        "workspaces",
        "installations",
        "group_bindings",
        "audit_entries",
        "used_lifecycle_tokens",
        "instances",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION keep_the_audit_trail")
