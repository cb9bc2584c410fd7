"""`python -m app.support.console.agents`: the operator makes agents of support; nobody signs up.

It needs DATABASE_URL, with the role of the app: the console's own role can make no agent. And
SUPPORT_SESSION_KEYS, which seal second factors.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.database import DatabaseUnusable, prepare_connection
from app.encryption import ConsoleKeys
from app.settings import decode_keys, for_libpq, missing, postgresql_url
from app.signing_in.passwords import hash_of, new_password
from app.signing_in.totp import enrolment, new_secret
from app.support.console.second_factor import ISSUER, seal

Connection = psycopg.Connection[tuple[Any, ...]]


class OperatorSettings(BaseSettings):
    """What the command needs, by environment."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    app_env: str = "production"
    database_url: SecretStr
    support_session_keys: SecretStr

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        return postgresql_url(value)

    @field_validator("support_session_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        if not decode_keys(value):
            raise ValueError("must hold at least one key")
        return value


class CannotBeDone(Exception):  # noqa: N818 - the text is for the operator
    """There is no such agent, or there is one already."""


def create(
    connection: Connection, keys: ConsoleKeys, email: str, name: str, *, by_provider: bool
) -> str:
    """Add an agent. What they sign in with is in the answer and nowhere else."""
    agent_id, address = uuid4(), _checked(email)
    made = connection.execute(
        "INSERT INTO support_agents (id, email, display_name, state)"
        " VALUES (%s, %s, %s, 'active') ON CONFLICT (email) DO NOTHING RETURNING id",
        (agent_id, address, name),
    ).fetchone()
    if made is None:
        raise CannotBeDone(f"There is an agent {address} already.")
    if by_provider:
        return f"{address} signs in at the identity provider, with this e-mail address verified."
    return _give_credentials(connection, keys, agent_id, address)


def reset(connection: Connection, keys: ConsoleKeys, email: str, *, by_provider: bool) -> str:
    """Take back what an agent signed in with, and give new ones; their sessions end."""
    agent_id, address = _found(connection, email)
    _end_sessions(connection, agent_id)
    connection.execute(
        "UPDATE support_agents SET password_hash = NULL, totp_secret = NULL, totp_step = NULL,"
        " oidc_issuer = NULL, oidc_subject = NULL, updated_at = now() WHERE id = %s",
        (agent_id,),
    )
    if by_provider:
        return f"{address} is found anew at the identity provider, by the verified e-mail address."
    return _give_credentials(connection, keys, agent_id, address)


def disable(connection: Connection, email: str) -> str:
    """Shut an agent out, at once."""
    agent_id, address = _found(connection, email)
    connection.execute(
        "UPDATE support_agents SET state = 'disabled', disabled_at = now(), updated_at = now()"
        " WHERE id = %s",
        (agent_id,),
    )
    _end_sessions(connection, agent_id)
    return f"{address} can not sign in any more, and was signed out everywhere."


def enable(connection: Connection, email: str) -> str:
    """Let a disabled agent in again, with what they had."""
    agent_id, address = _found(connection, email)
    connection.execute(
        "UPDATE support_agents SET state = 'active', disabled_at = NULL, updated_at = now()"
        " WHERE id = %s",
        (agent_id,),
    )
    return f"{address} can sign in."


def listed(connection: Connection) -> str:
    """All agents, a line each."""
    rows = connection.execute(
        "SELECT email, display_name, state, password_hash IS NOT NULL, oidc_subject IS NOT NULL"
        " FROM support_agents ORDER BY email"
    ).fetchall()
    return "\n".join(
        f"{email}\t{name}\t{state}\t{_way(is_local=is_local, is_known=is_known)}"
        for email, name, state, is_local, is_known in rows
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """One command with the settings of the environment; 1 with one line if that cannot be."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = OperatorSettings()
        keys = ConsoleKeys(decode_keys(settings.support_session_keys))
        with psycopg.connect(for_libpq(settings.database_url), connect_timeout=10) as connection:
            prepare_connection(connection, development=settings.app_env == "development")
            told = _commands(connection, keys, chosen)[chosen.command]()
    except ValidationError as error:
        return _failed(str(missing(error)))
    except psycopg.OperationalError:
        return _failed("The database of DATABASE_URL does not answer or refuses the role.")
    except (DatabaseUnusable, CannotBeDone) as problem:
        return _failed(str(problem))
    sys.stdout.write(f"{told}\n")
    return 0


def _commands(
    connection: Connection, keys: ConsoleKeys, chosen: argparse.Namespace
) -> Mapping[str, Callable[[], str]]:
    return {
        "create": lambda: create(
            connection, keys, chosen.email, chosen.name, by_provider=chosen.by_provider
        ),
        "reset": lambda: reset(connection, keys, chosen.email, by_provider=chosen.by_provider),
        "disable": lambda: disable(connection, chosen.email),
        "enable": lambda: enable(connection, chosen.email),
        "list": lambda: listed(connection),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m app.support.console.agents", description="Agents of support."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    helps = {
        "create": "add an agent; prints what they sign in with, once",
        "reset": "give an agent a new password and second factor; ends their sessions",
        "disable": "shut an agent out at once",
        "enable": "let a disabled agent in again",
        "list": "all agents",
    }
    for name, words in helps.items():
        command = commands.add_parser(name, help=words)
        if name != "list":
            command.add_argument("email")
        if name == "create":
            command.add_argument("--name", required=True, help="as customers see it")
        if name in {"create", "reset"}:
            command.add_argument(
                "--by-provider",
                action="store_true",
                help="no password: they sign in at the identity provider alone",
            )
    return parser


def _give_credentials(
    connection: Connection, keys: ConsoleKeys, agent_id: UUID, address: str
) -> str:
    password, secret = new_password(), new_secret()
    connection.execute(
        "UPDATE support_agents SET password_hash = %s, totp_secret = %s WHERE id = %s",
        (hash_of(password), seal(keys, agent_id, secret), agent_id),
    )
    return (
        f"E-mail address:  {address}\n"
        f"Password:        {password}\n"
        f"Authenticator:   {enrolment(secret, address, ISSUER)}\n"
        "Shown this once. Hand it over by a way that only the agent reads."
    )


def _end_sessions(connection: Connection, agent_id: UUID) -> None:
    connection.execute(
        "UPDATE agent_sessions SET ended_at = now() WHERE agent_id = %s AND ended_at IS NULL",
        (agent_id,),
    )


def _found(connection: Connection, email: str) -> tuple[UUID, str]:
    address = _checked(email)
    row = connection.execute(
        "SELECT id FROM support_agents WHERE email = %s", (address,)
    ).fetchone()
    if row is None:
        raise CannotBeDone(f"There is no agent {address}.")
    return row[0], address


def _checked(email: str) -> str:
    address = email.strip().lower()
    if "@" not in address[1:-1] or not address.isprintable() or len(address) > 254:
        raise CannotBeDone("That is no e-mail address.")
    return address


def _way(*, is_local: bool, is_known: bool) -> str:
    if is_local:
        return "password and code"
    return "identity provider" if is_known else "identity provider, not come yet"


def _failed(why: str) -> int:
    sys.stderr.write(f"{why}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
