"""Settings of the audit log."""

from __future__ import annotations

from pydantic import Field

from app.settings import Section


class AuditSettings(Section):
    """Settings of the audit log."""

    audit_days: int = Field(365, ge=1, le=36500, description="How long entries of the audit log are kept.")
