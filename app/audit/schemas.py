"""Replies of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from app.kit.schemas import Output


class AuditEntryRead(Output):
    """One thing that somebody did."""

    id: UUID
    at: datetime
    organisation_id: UUID | None = Field(description="Null for what concerns the whole installation.")
    actor_kind: Literal["user", "command", "service", "anonymous"] = Field(
        description="`command` is somebody at the shell, `service` the service itself."
    )
    actor_id: UUID | None
    actor_name: str | None
    credential_id: UUID | None = Field(description="The key or session that was used.")
    client_address: str | None
    user_agent: str | None
    request_id: str | None
    action: str
    target_kind: str | None
    target_id: str | None
    target_name: str | None
    outcome: Literal["success", "failure"]
    details: dict[str, Any]


class AuditPage(Output):
    entries: list[AuditEntryRead]
    next_cursor: str | None


class AuditActionRead(Output):
    action: str
    meaning: str = Field(description="When it is recorded.")


class AuditActions(Output):
    actions: list[AuditActionRead]
