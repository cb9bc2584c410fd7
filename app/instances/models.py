"""Tables of instances and what links them to Jira."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models import HasId, HasTimes, Model


class Instance(HasId, HasTimes, Model):
    """One customer. ``id`` is the Instance ID that people quote to support."""

    __tablename__ = "instances"

    wrapped_key: Mapped[bytes]
    configured_at: Mapped[datetime | None]
    jira_workspace_id: Mapped[UUID | None]
    second_factor_required: Mapped[bool] = mapped_column(server_default="false")


class Installation(HasId, HasTimes, Model):
    """One Jira that is linked to an instance. Everything Atlassian may change is an attribute."""

    __tablename__ = "installations"

    instance_id: Mapped[UUID] = mapped_column(
        ForeignKey("instances.id", ondelete="CASCADE"), index=True
    )
    client_key: Mapped[str] = mapped_column(unique=True)
    base_url: Mapped[str] = mapped_column(index=True)
    display_url: Mapped[str]
    secret: Mapped[bytes]
    previous_secret: Mapped[bytes | None]
    secret_changed_at: Mapped[datetime]
    oauth_client_id: Mapped[str | None]
    forge_installation_id: Mapped[str | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    uninstalled_at: Mapped[datetime | None]
    superseded_at: Mapped[datetime | None]
    licence_state: Mapped[str | None]
    licence_type: Mapped[str | None]
    licence_entitlement: Mapped[str | None]
    licence_source: Mapped[str | None]
    licence_learnt_at: Mapped[datetime | None]


class UsedLifecycleToken(Model):
    """A lifecycle token that was accepted once; until it expires it is refused."""

    __tablename__ = "used_lifecycle_tokens"

    fingerprint: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Workspace(HasId, HasTimes, Model):
    """A set of integrations inside an instance. One that is archived opens to nobody."""

    __tablename__ = "workspaces"
    __table_args__ = (UniqueConstraint("instance_id", "id"),)

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    name: Mapped[str]
    archived_at: Mapped[datetime | None]


class GroupBinding(HasId, Model):
    """A Jira group whose members are members of a tool. Names are asked for when shown."""

    __tablename__ = "group_bindings"
    __table_args__ = (
        UniqueConstraint("instance_id", "tool", "group_id"),
        # Two processes that meet two groups of one name at once must not both remember theirs.
        Index(
            "group_bindings_one_standard_key",
            "instance_id",
            "tool",
            unique=True,
            postgresql_where=text("is_standard"),
        ),
    )

    instance_id: Mapped[UUID] = mapped_column(ForeignKey("instances.id", ondelete="CASCADE"))
    tool: Mapped[str]
    group_id: Mapped[str]
    is_standard: Mapped[bool]
    bound_by: Mapped[str | None]
    bound_at: Mapped[datetime]
