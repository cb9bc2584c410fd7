"""What a worker clears away: sessions, links and failures that are worth nothing any more."""

from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal_column

from app.administration.models import AccountLink, AccountSession, SignInFailure
from app.database import Database
from app.signing_in.attempts import WINDOW_S


async def forget_what_is_over(database: Database) -> None:
    """Row-level security lets housekeeping see, of these, what is over and nothing else."""
    async with database.housekeeping() as session:
        await session.execute(delete(AccountSession))
        await session.execute(delete(AccountLink))
        window: ColumnElement[Any] = literal_column(f"interval '{WINDOW_S} seconds'")
        await session.execute(
            delete(SignInFailure).where(SignInFailure.at < func.statement_timestamp() - window)
        )
