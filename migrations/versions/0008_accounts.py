"""Accounts of people without Jira, workspaces to choose from, tokens for programs."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"
HOUSEKEEPING = "current_setting('app.housekeeping', true) = 'on'"
OF_AN_INSTANCE = (
    "accounts",
    "workspace_access",
    "workspace_projects",
    "workspace_choices",
    "account_sessions",
    "account_links",
    "access_tokens",
    "identity_providers",
    "kept_answers",
)
GROWING = {
    "account_sessions": "ends_at < statement_timestamp() OR ended_at IS NOT NULL",
    "account_links": "expires_at < statement_timestamp()",
    "kept_answers": "created_at < statement_timestamp() - interval '1 day'",
}


def _moment(name: str, *, default: str | None = None, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text(default) if default else None,
        nullable=nullable and default is None,
    )


def _instance(*, primary_key: bool = False) -> sa.Column[object]:
    return sa.Column("instance_id", sa.Uuid(), nullable=False, primary_key=primary_key)


def _of_instance(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["instance_id"], ["instances.id"], name=f"{table}_instance_id_fkey", ondelete="CASCADE"
    )


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["instance_id", column],
        [f"{other}.instance_id", f"{other}.id"],
        name=f"{table}_instance_id_{column}_fkey",
        ondelete="CASCADE",
    )


def _add_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instance(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("is_administrator", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("password_hash", sa.String()),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_step", sa.Integer()),
        sa.Column("oidc_issuer", sa.String()),
        sa.Column("oidc_subject", sa.String()),
        _moment("last_signed_in_at"),
        _moment("created_at", default="now()"),
        _moment("updated_at", default="now()"),
        sa.CheckConstraint(
            "(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="accounts_oidc_check"
        ),
        _of_instance("accounts"),
        sa.PrimaryKeyConstraint("id", name="accounts_pkey"),
        sa.UniqueConstraint("instance_id", "id", name="accounts_instance_id_id_key"),
        sa.UniqueConstraint("instance_id", "email_key", name="accounts_instance_id_email_key_key"),
        sa.UniqueConstraint(
            "instance_id",
            "oidc_issuer",
            "oidc_subject",
            name="accounts_instance_id_oidc_issuer_oidc_subject_key",
        ),
    )
    op.create_table(
        "identity_providers",
        _instance(),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=False),
        _moment("updated_at", default="now()"),
        _of_instance("identity_providers"),
        sa.PrimaryKeyConstraint("instance_id", name="identity_providers_pkey"),
    )
    op.add_column(
        "instances",
        sa.Column("second_factor_required", sa.Boolean(), server_default="false", nullable=False),
    )


def _add_workspaces() -> None:
    op.add_column("workspaces", _moment("archived_at"))
    op.create_table(
        "workspace_access",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        _instance(),
        sa.Column("level", sa.String(), nullable=False),
        sa.CheckConstraint(
            "level in ('user', 'administrator')", name="workspace_access_level_check"
        ),
        _of_instance("workspace_access"),
        _of("workspace_access", "account_id", "accounts"),
        _of("workspace_access", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("account_id", "workspace_id", name="workspace_access_pkey"),
    )
    op.create_index(
        "workspace_access_instance_id_workspace_id_idx",
        "workspace_access",
        ["instance_id", "workspace_id"],
    )
    op.create_table(
        "workspace_projects",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.String(), nullable=False),
        _instance(),
        _of_instance("workspace_projects"),
        _of("workspace_projects", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("workspace_id", "project_id", name="workspace_projects_pkey"),
    )
    op.create_table(
        "workspace_choices",
        _instance(),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        _of_instance("workspace_choices"),
        _of("workspace_choices", "workspace_id", "workspaces"),
        sa.PrimaryKeyConstraint("instance_id", "account", name="workspace_choices_pkey"),
    )


def _add_proofs() -> None:
    op.create_table(
        "account_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instance(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _moment("created_at", default="statement_timestamp()"),
        _moment("last_used_at", default="statement_timestamp()"),
        _moment("ends_at", nullable=False),
        _moment("ended_at"),
        _of_instance("account_sessions"),
        _of("account_sessions", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name="account_sessions_pkey"),
        sa.UniqueConstraint(
            "instance_id", "token_hash", name="account_sessions_instance_id_token_hash_key"
        ),
    )
    op.create_table(
        "account_links",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instance(),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("email_key", sa.String(), nullable=False),
        _moment("created_at", default="statement_timestamp()"),
        _moment("expires_at", nullable=False),
        _moment("used_at"),
        sa.CheckConstraint(
            "purpose in ('invitation', 'reset')", name="account_links_purpose_check"
        ),
        _of_instance("account_links"),
        _of("account_links", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("id", name="account_links_pkey"),
        sa.UniqueConstraint(
            "instance_id", "token_hash", name="account_links_instance_id_token_hash_key"
        ),
    )
    for table in ("account_sessions", "account_links"):
        op.create_index(f"{table}_instance_id_account_id_idx", table, ["instance_id", "account_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        _moment("at", default="statement_timestamp()"),
        sa.PrimaryKeyConstraint("id", name="sign_in_failures_pkey"),
        prefixes=["UNLOGGED"],
    )
    op.create_index("sign_in_failures_key_at_idx", "sign_in_failures", ["key", "at"])
    op.create_index("sign_in_failures_at_idx", "sign_in_failures", ["at"])


def _add_tokens() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        _instance(),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.String()), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ending", sa.String(), nullable=False),
        sa.Column("project_id", sa.String()),
        sa.Column("project_key", sa.String()),
        _moment("created_at", default="statement_timestamp()"),
        _moment("expires_at", nullable=False),
        _moment("last_used_at"),
        _moment("revoked_at"),
        _of_instance("access_tokens"),
        sa.PrimaryKeyConstraint("id", name="access_tokens_pkey"),
        sa.UniqueConstraint(
            "instance_id", "token_hash", name="access_tokens_instance_id_token_hash_key"
        ),
    )
    op.create_index(
        "access_tokens_instance_id_account_idx", "access_tokens", ["instance_id", "account"]
    )
    op.create_table(
        "kept_answers",
        _instance(),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("thing_id", sa.Uuid(), nullable=False),
        _moment("created_at", default="now()"),
        _of_instance("kept_answers"),
        sa.PrimaryKeyConstraint("instance_id", "account", "key", name="kept_answers_pkey"),
    )
    op.create_index("kept_answers_created_at_idx", "kept_answers", ["created_at"])


def _separate_customers() -> None:
    """Housekeeping sees, and may delete, what is worth nothing any more."""
    for table in OF_AN_INSTANCE:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_instance ON {table} USING (instance_id = {BOUND})")
    for table, condition in GROWING.items():
        for what in ("SELECT", "DELETE"):
            op.execute(
                f"CREATE POLICY housekeeping_{what.lower()} ON {table} FOR {what}"
                f" USING ({HOUSEKEEPING} AND ({condition}))"
            )


def upgrade() -> None:
    _add_accounts()
    _add_workspaces()
    _add_proofs()
    _add_tokens()
    _separate_customers()
