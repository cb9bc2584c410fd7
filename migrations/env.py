"""Run migrations on DATABASE_URL, as the same ordinary role that the app is."""

import logging
import sys

from alembic import context
from sqlalchemy import create_engine

import app.administration.models
import app.audit.models
import app.instances.models
import app.integrations.models
import app.news.models
import app.runs.models
import app.support.models
import app.sync.models  # noqa: F401 - their tables are the target
from app.database import DatabaseUnusable, prepare_connection
from app.models import Model
from app.settings import SettingsMissing, load_settings

logging.getLogger("alembic").setLevel(logging.INFO)


def migrate() -> None:
    """Bring the schema to the wanted revision, in one transaction."""
    settings = load_settings()
    engine = create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        prepare_connection(
            connection.connection.dbapi_connection, development=settings.is_development
        )
        context.configure(connection=connection, target_metadata=Model.metadata)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


try:
    migrate()
except (SettingsMissing, DatabaseUnusable) as error:
    sys.exit(str(error))
