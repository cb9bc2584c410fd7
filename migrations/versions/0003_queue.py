"""The queue: procrastinate's own tables, whose turn it is, and when integrations are due."""

from importlib.metadata import version

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0003"
down_revision = "0002"


BOUND = "nullif(current_setting('app.instance_id', true), '')::uuid"
HOUSEKEEPING = "current_setting('app.housekeeping', true) = 'on'"


def _add_procrastinate() -> None:
    """Run the schema of the installed package, and note whose it is.

    When a later procrastinate brings new files in its ``sql/migrations``, a migration of ours has
    to run those that are newer than the version in this comment.
    """
    cursor = op.get_bind().connection.cursor()
    # Several statements with percent signs: they must not be taken for parameters.
    cursor.execute(SchemaManager.get_schema())
    cursor.close()
    op.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{version('procrastinate')}'")


def _add_put_job() -> None:
    """Put a job within the transaction of whoever asks; nothing where the same waits already."""
    op.execute(
        """
        CREATE FUNCTION put_job(
            queue text, task text, priority integer, lock text, queueing_lock text,
            args jsonb, in_s double precision
        ) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM procrastinate_defer_jobs_v1(ARRAY[ROW(
                queue, task, priority, lock, queueing_lock, args,
                CASE WHEN in_s > 0 THEN clock_timestamp() + in_s * interval '1 second' END
            )]::procrastinate_job_to_defer_v1[]);
        EXCEPTION WHEN unique_violation THEN
            NULL;
        END $$
        """
    )


def _announce_free_locks() -> None:
    """Tell workers when a slice has ended, as procrastinate tells them of a new job.

    The next slice of a run is queued while the lock is still taken, so its own announcement comes
    too early, and without another one it would wait for workers to look by themselves.
    """
    op.execute(
        """
        CREATE FUNCTION announce_free_lock() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify(
                'procrastinate_queue_v1#' || OLD.queue_name,
                json_build_object('type', 'job_inserted', 'job_id', OLD.id)::text
            );
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER announce_free_lock AFTER DELETE ON procrastinate_jobs"
        " FOR EACH ROW WHEN (OLD.lock IS NOT NULL) EXECUTE FUNCTION announce_free_lock()"
    )


def _take_turns() -> None:
    """What the order of customers is reckoned with (app/runs/queue.py)."""
    op.execute(
        "CREATE INDEX getint_jobs_of_instance ON procrastinate_jobs ((args ->> 'instance_id'))"
        " WHERE status IN ('todo', 'doing')"
    )
    op.execute(
        "CREATE INDEX getint_jobs_of_run ON procrastinate_jobs ((args ->> 'run_id'))"
        " WHERE status IN ('todo', 'doing')"
    )
    op.execute("CREATE TABLE turn_now (turn integer NOT NULL)")
    op.execute("INSERT INTO turn_now VALUES (0)")


def _add_schedules() -> None:
    op.create_table(
        "schedules",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("integration_id", sa.Uuid(), nullable=False),
        sa.Column("every_minutes", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id", "integration_id"],
            ["integrations.instance_id", "integrations.id"],
            name="schedules_instance_id_integration_id_fkey",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["instances.id"], name="schedules_instance_id_fkey", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("instance_id", "integration_id", name="schedules_pkey"),
    )
    op.create_index("schedules_due_at_idx", "schedules", ["due_at"])


def _keep_schedules() -> None:
    """Whoever changes an integration, its schedule follows; the first run comes within a minute."""
    op.execute(
        """
        CREATE FUNCTION keep_schedule() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.kind = 'integration' AND NEW.state = 'active' AND NEW.every_minutes > 0
                AND NEW.connection_id IS NOT NULL
            THEN
                INSERT INTO schedules (instance_id, integration_id, every_minutes, due_at)
                VALUES (
                    NEW.instance_id, NEW.id, NEW.every_minutes,
                    now() + random() * interval '1 minute'
                )
                ON CONFLICT (instance_id, integration_id) DO UPDATE
                SET every_minutes = EXCLUDED.every_minutes,
                    due_at = least(
                        schedules.due_at,
                        now() + random() * EXCLUDED.every_minutes * interval '1 minute'
                    )
                WHERE schedules.every_minutes <> EXCLUDED.every_minutes;
            ELSE
                DELETE FROM schedules
                WHERE instance_id = NEW.instance_id AND integration_id = NEW.id;
            END IF;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_schedule AFTER INSERT OR UPDATE ON integrations"
        " FOR EACH ROW EXECUTE FUNCTION keep_schedule()"
    )
    # Integrations that are there already: for this moment their owner may see them all.
    op.execute("ALTER TABLE integrations NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO schedules (instance_id, integration_id, every_minutes, due_at)"
        " SELECT instance_id, id, every_minutes,"
        " now() + random() * every_minutes * interval '1 minute' FROM integrations"
        " WHERE kind = 'integration' AND state = 'active' AND every_minutes > 0"
        " AND connection_id IS NOT NULL"
    )
    op.execute("ALTER TABLE integrations FORCE ROW LEVEL SECURITY")


def _separate_customers() -> None:
    """Housekeeping sees when which integration is due, and runs that need somebody's hand."""
    op.execute("ALTER TABLE schedules ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE schedules FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY of_instance ON schedules USING (instance_id = {BOUND})")
    op.execute(f"CREATE POLICY housekeeping ON schedules FOR SELECT USING ({HOUSEKEEPING})")
    op.execute(
        f"CREATE POLICY housekeeping ON runs FOR SELECT USING ({HOUSEKEEPING} AND ("
        " state IN ('waiting', 'running', 'held', 'cancelling')"
        " OR wrapped_key IS NOT NULL AND log_expires_at <= now()))"
    )
    op.execute(
        "CREATE INDEX runs_to_be_worked_on_idx ON runs (id)"
        " WHERE state IN ('waiting', 'running', 'held', 'cancelling')"
    )


def upgrade() -> None:
    _add_procrastinate()
    _add_put_job()
    _announce_free_locks()
    _take_turns()
    _add_schedules()
    _keep_schedules()
    _separate_customers()
