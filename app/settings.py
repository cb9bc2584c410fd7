"""Settings, by environment. Each is documented in docs/operations.md."""

import base64
import binascii
from datetime import timedelta
from email.utils import parseaddr
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connect.sites import is_loopback


class SettingsMissing(Exception):  # noqa: N818 - it names what the operator has to do
    """The environment does not make a usable configuration; the text says what to mend."""


def _comma_separated(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class Settings(BaseSettings):
    """Everything that differs from one deployment to another."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True)

    app_env: Literal["production", "development"] = "production"
    app_base_url: str
    database_url: SecretStr
    encryption_keys: SecretStr
    connect_app_key: str = Field("com.getint.jira", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    connect_install_keys_url: str = "https://connect-install-keys.atlassian.com"
    connect_allowed_hosts: Annotated[list[str], NoDecode] = ["*.atlassian.net", "*.jira.com"]
    group_prefix: str = Field("getint", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    ap_js_url: str = "https://connect-cdn.atl-paas.net/all.js"
    tool_private_hosts: Annotated[list[str], NoDecode] = []
    database_pool_size: int = Field(10, ge=1, le=200)
    worker_slices: int = Field(5, ge=1, le=100)
    worker_lost_after_s: int = Field(30, ge=3, le=600)
    worker_port: int | None = Field(None, ge=1, le=65535)
    metrics_token: SecretStr | None = None
    support_public_keys: str = ""
    smtp_url: SecretStr | None = None
    mail_from: str | None = None
    account_session_idle_minutes: int = Field(480, ge=5, le=10_080)
    account_session_hours: int = Field(168, ge=1, le=720)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("connect_allowed_hosts", "tool_private_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return _comma_separated(value)

    @field_validator("app_base_url", "connect_install_keys_url", "ap_js_url")
    @classmethod
    def _is_web_address(cls, value: str) -> str:
        return web_address(value)

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        return postgresql_url(value)

    @field_validator("encryption_keys")
    @classmethod
    def _are_keys(cls, value: SecretStr) -> SecretStr:
        if not decode_keys(value):
            raise ValueError("must hold at least one key")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _is_mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("must be an address such as smtp://user:password@host:587")
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_sender(cls, value: str | None) -> str | None:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError("must be an e-mail address, with or without a name before it")
        return value or None

    @model_validator(mode="after")
    def _has_all_of_mail(self) -> Self:
        if (self.smtp_url is None) != (self.mail_from is None):
            raise ValueError("SMTP_URL and MAIL_FROM belong together")
        return self

    @field_validator("support_public_keys")
    @classmethod
    def _are_public_keys(cls, value: str) -> str:
        somebody = X25519PrivateKey.generate()
        for key in decode_keys(SecretStr(value)):
            try:
                somebody.exchange(X25519PublicKey.from_public_bytes(key))
            except ValueError:
                raise ValueError("each key must be a public key of X25519") from None
        return value

    @property
    def is_development(self) -> bool:
        """True on a developer's machine: loopback http and a stepped-down superuser are fine."""
        return self.app_env == "development"

    @cached_property
    def master_keys(self) -> tuple[bytes, ...]:
        """32 bytes each, newest first."""
        return decode_keys(self.encryption_keys)

    @cached_property
    def public_keys_of_support(self) -> tuple[bytes, ...]:
        """32 bytes each, newest first; none where support cannot be given anything."""
        return decode_keys(SecretStr(self.support_public_keys))

    @property
    def account_session_idle(self) -> timedelta:
        """How long the session of somebody with an account may rest."""
        return timedelta(minutes=self.account_session_idle_minutes)

    @property
    def account_session(self) -> timedelta:
        """After what time they sign in again, whatever they do."""
        return timedelta(hours=self.account_session_hours)

    @property
    def sqlalchemy_url(self) -> str:
        """``DATABASE_URL`` for the one driver that we use, psycopg 3."""
        return for_sqlalchemy(self.database_url)

    @property
    def libpq_url(self) -> str:
        """``DATABASE_URL`` as psycopg itself takes it."""
        return for_libpq(self.database_url)


def web_address(value: str) -> str:
    """An address without a slash at its end; ValueError unless it is https, or loopback."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise ValueError("must be an address such as https://getint.example.com")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must be https (http is for loopback only)")
    return value.rstrip("/")


def postgresql_url(value: SecretStr) -> SecretStr:
    """The same; ValueError unless it leads to PostgreSQL."""
    if urlsplit(value.get_secret_value()).scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise ValueError("must be a postgresql:// address; no other database is supported")
    return value


def for_sqlalchemy(url: SecretStr) -> str:
    """The address of a database for SQLAlchemy with psycopg 3."""
    _, rest = url.get_secret_value().split("://", 1)
    return f"postgresql+psycopg://{rest}"


def for_libpq(url: SecretStr) -> str:
    """The address of a database as psycopg itself takes it."""
    _, rest = url.get_secret_value().split("://", 1)
    return f"postgresql://{rest}"


def decode_keys(value: SecretStr) -> tuple[bytes, ...]:
    """Decode comma-separated base64 keys of 32 bytes; ValueError that never shows the input."""
    keys = []
    for part in filter(str.strip, value.get_secret_value().split(",")):
        try:
            key = base64.b64decode(part.strip(), validate=True)
        except binascii.Error:
            raise ValueError("each key must be base64") from None
        if len(key) != 32:
            raise ValueError("each key must be 32 bytes in base64 (openssl rand -base64 32)")
        keys.append(key)
    return tuple(keys)


def load_settings() -> Settings:
    """Read the environment, or raise ``SettingsMissing`` with one line for each thing to mend."""
    try:
        return Settings()
    except ValidationError as error:
        raise missing(error) from None


def missing(error: ValidationError) -> SettingsMissing:
    """What to mend, one line for each setting, and nothing of what was set."""
    lines = [
        f"{'.'.join(str(part) for part in item['loc']).upper()}: "
        + ("is not set" if item["type"] == "missing" else item["msg"])
        for item in error.errors(include_input=False, include_url=False)
    ]
    return SettingsMissing(f"Getint cannot start. {'; '.join(lines)}. See docs/operations.md.")
