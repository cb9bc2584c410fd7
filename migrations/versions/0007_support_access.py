"""Support access: grants, shared runs, requests, and the agents of the vendor."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"
HOUSEKEEPING = "current_setting('app.housekeeping', true) = 'on'"
OF_AN_INSTANCE = ("support_grants", "run_shares", "support_requests")
WITH_AN_END = ("support_grants", "run_shares")


def _moment(name: str, *, default: str | None = None, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=sa.text(default) if default else None,
        nullable=nullable and default is None,
    )


def _end() -> tuple[sa.Column[object], ...]:
    return (
        _moment("ends_at"),
        _moment("known_at", default="statement_timestamp()"),
        _moment("ended_at"),
        sa.Column("ended_by", sa.String()),
    )


def _of_instance(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["instance_id"], ["instances.id"], name=f"{table}_instance_id_fkey", ondelete="CASCADE"
    )


def _add_agents() -> None:
    op.create_table(
        "support_agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String()),
        sa.Column("oidc_issuer", sa.String()),
        sa.Column("oidc_subject", sa.String()),
        sa.Column("totp_secret", sa.LargeBinary()),
        sa.Column("totp_step", sa.Integer()),
        sa.Column("state", sa.String(), nullable=False),
        _moment("disabled_at"),
        _moment("created_at", default="now()"),
        _moment("updated_at", default="now()"),
        sa.CheckConstraint("email = lower(email)", name="support_agents_email_check"),
        sa.CheckConstraint("state in ('active', 'disabled')", name="support_agents_state_check"),
        sa.CheckConstraint(
            "(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="support_agents_oidc_check"
        ),
        sa.PrimaryKeyConstraint("id", name="support_agents_pkey"),
        sa.UniqueConstraint("email", name="support_agents_email_key"),
        sa.UniqueConstraint(
            "oidc_issuer", "oidc_subject", name="support_agents_oidc_issuer_oidc_subject_key"
        ),
    )
    op.create_table(
        "agent_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        _moment("created_at", default="now()"),
        _moment("last_used_at", default="now()"),
        _moment("ends_at", nullable=False),
        _moment("ended_at"),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["support_agents.id"],
            name="agent_sessions_agent_id_fkey",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="agent_sessions_pkey"),
        sa.UniqueConstraint("token_hash", name="agent_sessions_token_hash_key"),
    )
    op.create_index("agent_sessions_agent_id_idx", "agent_sessions", ["agent_id"])


def _add_grants() -> None:
    op.create_table(
        "support_grants",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        _moment("approved_at", default="statement_timestamp()"),
        sa.Column("note", sa.String(), nullable=False),
        *_end(),
        sa.CheckConstraint(
            "ended_by IS NULL OR ended_at IS NOT NULL", name="support_grants_ended_check"
        ),
        _of_instance("support_grants"),
        sa.PrimaryKeyConstraint("id", name="support_grants_pkey"),
        sa.UniqueConstraint("instance_id", "id", name="support_grants_instance_id_id_key"),
    )
    op.create_index(
        "support_grants_open_idx",
        "support_grants",
        ["instance_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _add_shares() -> None:
    op.create_table(
        "run_shares",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("shared_by", sa.String(), nullable=False),
        _moment("shared_at", default="statement_timestamp()"),
        *_end(),
        sa.Column("sealed_key", sa.LargeBinary()),
        sa.Column("sealed_for", sa.String()),
        sa.CheckConstraint(
            "ended_by IS NULL OR ended_at IS NOT NULL", name="run_shares_ended_check"
        ),
        sa.CheckConstraint(
            "ended_at IS NULL OR sealed_key IS NULL", name="run_shares_ended_without_key_check"
        ),
        sa.CheckConstraint(
            "(sealed_key IS NULL) = (sealed_for IS NULL)", name="run_shares_sealed_for_check"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "run_id"],
            ["runs.instance_id", "runs.id"],
            name="run_shares_instance_id_run_id_fkey",
            ondelete="CASCADE",
        ),
        _of_instance("run_shares"),
        sa.PrimaryKeyConstraint("id", name="run_shares_pkey"),
    )
    op.create_index(
        "run_shares_one_open_key",
        "run_shares",
        ["instance_id", "run_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("run_shares_instance_id_run_id_idx", "run_shares", ["instance_id", "run_id"])
    # Whether a run is shared is said by its share, and nowhere else.
    op.drop_column("runs", "shared_with_support")


def _add_requests() -> None:
    op.create_table(
        "support_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("ticket", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        _moment("asked_at", default="statement_timestamp()"),
        _moment("answered_at"),
        sa.Column("answered_by", sa.String()),
        sa.Column("grant_id", sa.Uuid()),
        sa.CheckConstraint(
            "state in ('asked', 'approved', 'declined')", name="support_requests_state_check"
        ),
        sa.CheckConstraint(
            "(state = 'asked') = (answered_at IS NULL)", name="support_requests_answered_check"
        ),
        sa.CheckConstraint(
            "(state = 'approved') = (grant_id IS NOT NULL)", name="support_requests_grant_check"
        ),
        sa.ForeignKeyConstraint(
            ["instance_id", "grant_id"],
            ["support_grants.instance_id", "support_grants.id"],
            name="support_requests_instance_id_grant_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["support_agents.id"], name="support_requests_agent_id_fkey"
        ),
        _of_instance("support_requests"),
        sa.PrimaryKeyConstraint("id", name="support_requests_pkey"),
    )
    op.create_index(
        "support_requests_one_open_key",
        "support_requests",
        ["instance_id", "agent_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )


def _separate_customers() -> None:
    """Housekeeping sees what is still open, to end it when its time has come."""
    for table in OF_AN_INSTANCE:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY of_instance ON {table} USING (instance_id = {BOUND})")
    for table in WITH_AN_END:
        op.execute(
            f"CREATE POLICY housekeeping ON {table} FOR SELECT"
            f" USING ({HOUSEKEEPING} AND ended_at IS NULL)"
        )


def _keep_what_ended() -> None:
    """What has ended stays as it is: nothing brings a grant or a share back."""
    op.execute(
        """
        CREATE FUNCTION keep_what_ended() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'what has ended can not be changed';
        END $$
        """
    )
    for table in WITH_AN_END:
        op.execute(
            f"CREATE TRIGGER keep_what_ended BEFORE UPDATE ON {table} FOR EACH ROW"
            " WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION keep_what_ended()"
        )


def _add_asking() -> None:
    """The only way in which support reaches a customer that has not approved it.

    It answers nothing, whether the instance is there or not. An agent has one open request of a
    customer, and asks again a day after a no at the earliest; a customer has at most twenty open.
    The trail is told. As the owner of the tables it is bound by row-level security itself: to the
    instance that was named, and only until it ends.
    """
    op.execute(
        """
        CREATE FUNCTION ask_for_support_access(agent uuid, instance uuid, ticket text, message text)
        RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            bound_before text := coalesce(current_setting('app.instance_id', true), '');
            may_ask boolean;
        BEGIN
            IF length(ticket) > 100 OR length(message) > 1000 THEN
                RAISE EXCEPTION 'a request is longer than any form of ours';
            END IF;
            PERFORM set_config('app.instance_id', instance::text, true);
            SELECT EXISTS (SELECT FROM support_agents WHERE id = agent AND state = 'active')
                AND EXISTS (
                    SELECT FROM installations
                    WHERE instance_id = instance AND uninstalled_at IS NULL
                )
                AND NOT EXISTS (
                    SELECT FROM support_requests
                    WHERE agent_id = agent AND (
                        state = 'asked' OR state = 'declined'
                        AND answered_at > statement_timestamp() - interval '1 day'
                    )
                )
                AND (SELECT count(*) < 20 FROM support_requests WHERE state = 'asked')
            INTO may_ask;
            IF may_ask THEN
                INSERT INTO support_requests (id, instance_id, agent_id, ticket, message, state)
                VALUES (
                    gen_random_uuid(), instance, agent, ask_for_support_access.ticket,
                    ask_for_support_access.message, 'asked'
                )
                ON CONFLICT DO NOTHING;
            END IF;
            IF may_ask AND FOUND THEN
                INSERT INTO audit_entries (
                    instance_id, account, door, action, allowed, reason, details
                )
                VALUES (
                    instance, 'agent:' || agent, 'support', 'support: asked for access',
                    true, 'GRANTED', jsonb_build_object('ticket', ask_for_support_access.ticket)
                );
            END IF;
            PERFORM set_config('app.instance_id', bound_before, true);
        END $$
        """
    )
    op.execute("REVOKE ALL ON FUNCTION ask_for_support_access(uuid, uuid, text, text) FROM PUBLIC")


def upgrade() -> None:
    _add_agents()
    _add_grants()
    _add_shares()
    _add_requests()
    _separate_customers()
    _keep_what_ended()
    _add_asking()
