"""What tools' webhooks are known by: an address that is kept as a hash, and a sealed secret."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"


def _add_tool_news() -> None:
    op.create_table(
        "tool_news",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("registered", sa.String(), nullable=True),
        sa.Column(
            "switched_on_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        # An unset app.news_address reads as an empty one, which no row may have.
        sa.CheckConstraint("octet_length(address_hash) = 32", name="tool_news_address_hash_check"),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="tool_news_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name="tool_news_instance_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "integration_id", name="tool_news_pkey"),
        sa.UniqueConstraint("address_hash", name="tool_news_address_hash_key"),
    )


def _end_with_what_moves() -> None:
    """A webhook is of one place at one address: whoever changes those, it is forgotten."""
    op.execute(
        """
        CREATE FUNCTION end_news_of_integration() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM tool_news
            WHERE instance_id = NEW.instance_id AND integration_id = NEW.id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER end_news AFTER UPDATE ON integrations FOR EACH ROW"
        " WHEN ((OLD.tool, OLD.tool_place, OLD.connection_id)"
        " IS DISTINCT FROM (NEW.tool, NEW.tool_place, NEW.connection_id))"
        " EXECUTE FUNCTION end_news_of_integration()"
    )
    op.execute(
        """
        CREATE FUNCTION end_news_of_connection() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM tool_news news USING integrations its
            WHERE its.instance_id = NEW.instance_id AND its.connection_id = NEW.id
                AND news.instance_id = its.instance_id AND news.integration_id = its.id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER end_news AFTER UPDATE ON connections FOR EACH ROW"
        " WHEN (OLD.address IS DISTINCT FROM NEW.address)"
        " EXECUTE FUNCTION end_news_of_connection()"
    )


def _separate_customers() -> None:
    """Before the customer is known there is only the address that the tool called."""
    op.execute("ALTER TABLE tool_news ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE tool_news FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_instance ON tool_news USING (instance_id = {BOUND})")
    op.execute(
        "CREATE POLICY by_address ON tool_news FOR SELECT"
        " USING (address_hash = decode(current_setting('app.news_address', true), 'hex'))"
    )


def upgrade() -> None:
    _add_tool_news()
    _end_with_what_moves()
    _separate_customers()
