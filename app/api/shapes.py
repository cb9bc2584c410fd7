"""What is answered: integrations, connections and runs as programs see them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.access import OthersMay, Tool
from app.integrations.schemas import ConflictRule, Direction, Kind


class Shape(BaseModel):
    """The base of all that is answered; read from rows."""

    model_config = ConfigDict(from_attributes=True)


class IntegrationShape(Shape):
    """An integration or migration, with its configuration. Nothing secret is in it."""

    model_config = ConfigDict(title="Integration", from_attributes=True)

    id: UUID
    kind: Kind
    name: str = Field(examples=["Payroll"])
    state: Literal["active", "paused"]
    owner: str = Field(examples=["jira:5b10a2844c20165700ede21a"])
    workspace_id: UUID
    tool: Tool
    tool_place: str = Field(
        description="The place in the tool, as the tool writes it.", examples=["acme/payroll"]
    )
    connection_id: UUID | None
    project_id: str = Field(description="The id of the Jira project.", examples=["10001"])
    project_key: str = Field(examples=["PAY"])
    direction: Direction
    jql: str = Field(description="Which issues, in Jira's words; empty for all.")
    tool_query: str = Field(description="Which items, in the tool's words; empty for all.")
    every_minutes: int = Field(description="How often it runs; 0 for no schedule.")
    conflict_rule: ConflictRule
    copies_deletions: bool
    keep_logs_days: int = Field(description="For how long logs are kept; 0 for no logs.")
    version: int = Field(description="The same as in `ETag`.")
    created_at: datetime
    updated_at: datetime


class ConnectionShape(Shape):
    """Address of a tool and that there are credentials; they are never answered with."""

    model_config = ConfigDict(title="Connection", from_attributes=True)

    id: UUID
    name: str = Field(examples=["Our GitLab"])
    tool: Tool
    address: str = Field(examples=["https://gitlab.example.com"])
    owner: str = Field(examples=["jira:5b10a2844c20165700ede21a"])
    workspace_id: UUID
    project_id: str | None = Field(description="The Jira project it is of; null for none.")
    others_may: OthersMay
    credentials_changed_at: datetime
    tested_at: datetime | None
    test_problem: str | None = Field(description="Why the last test failed; null if it did not.")
    version: int = Field(description="The same as in `ETag`.")
    created_at: datetime
    updated_at: datetime


class RunShape(Shape):
    """That a run happened, its state and its counts."""

    model_config = ConfigDict(title="Run", from_attributes=True)

    id: UUID
    integration_id: UUID
    is_preview: bool = Field(description="A preview looks at what a run would do, writing nothing.")
    trigger: Literal["schedule", "jira", "tool", "hand"]
    state: Literal[
        "waiting", "running", "held", "paused", "cancelling", "done", "failed", "cancelled"
    ]
    reason: str | None = Field(description="Why it waits, is held or failed.")
    created: int = Field(description="How many items it made.")
    updated: int
    skipped: int
    failed: int
    expected: int | None = Field(description="About how many items there are; null if unknown.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
