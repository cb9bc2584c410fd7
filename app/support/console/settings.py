"""The console's settings, by environment. Each is documented in docs/operations.md."""

from datetime import timedelta
from functools import cached_property
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.settings import (
    decode_keys,
    for_libpq,
    for_sqlalchemy,
    missing,
    postgresql_url,
    web_address,
)


class ConsoleSettings(BaseSettings):
    """Everything that differs from one console to another; no master key is among it."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    app_env: Literal["production", "development"] = "production"
    support_base_url: str
    support_database_url: SecretStr
    support_private_keys: SecretStr
    support_session_keys: SecretStr
    support_session_idle_minutes: int = Field(30, ge=1, le=480)
    support_session_hours: int = Field(10, ge=1, le=24)
    support_oidc_issuer: str | None = None
    support_oidc_client_id: str | None = None
    support_oidc_client_secret: SecretStr | None = None
    support_oidc_name: str = Field("your identity provider", max_length=60)
    database_pool_size: int = Field(10, ge=1, le=200)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("support_base_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("support_oidc_issuer")
    @classmethod
    def _is_issuer(cls, value: str | None) -> str | None:
        if value:
            web_address(value)  # as it is: an issuer is compared letter by letter
        return value or None

    @field_validator("support_database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        return postgresql_url(value)

    @field_validator("support_private_keys", "support_session_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        if not decode_keys(value):
            raise ValueError("must hold at least one key")
        return value

    @model_validator(mode="after")
    def _has_all_of_the_provider(self) -> Self:
        given = (
            self.support_oidc_issuer,
            self.support_oidc_client_id,
            self.support_oidc_client_secret,
        )
        if any(given) and not all(given):
            raise ValueError(
                "SUPPORT_OIDC_ISSUER, SUPPORT_OIDC_CLIENT_ID and SUPPORT_OIDC_CLIENT_SECRET belong "
                "together"
            )
        return self

    @property
    def is_development(self) -> bool:
        """True on a developer's machine: loopback http and a stepped-down superuser are fine."""
        return self.app_env == "development"

    @property
    def sqlalchemy_url(self) -> str:
        """``SUPPORT_DATABASE_URL`` for SQLAlchemy."""
        return for_sqlalchemy(self.support_database_url)

    @property
    def libpq_url(self) -> str:
        """``SUPPORT_DATABASE_URL`` for psycopg itself."""
        return for_libpq(self.support_database_url)

    @cached_property
    def private_keys(self) -> tuple[bytes, ...]:
        """The private halves of support's key pairs."""
        return decode_keys(self.support_private_keys)

    @cached_property
    def session_keys(self) -> tuple[bytes, ...]:
        """What seals second factors and what goes through a browser, newest first."""
        return decode_keys(self.support_session_keys)

    @property
    def idle(self) -> timedelta:
        """How long a session may rest."""
        return timedelta(minutes=self.support_session_idle_minutes)

    @property
    def longest(self) -> timedelta:
        """After what time an agent signs in again, whatever they do."""
        return timedelta(hours=self.support_session_hours)


def load_console_settings() -> ConsoleSettings:
    """Read the environment, or raise ``SettingsMissing`` with one line for each thing to mend."""
    try:
        return ConsoleSettings()
    except ValidationError as error:
        raise missing(error) from None
