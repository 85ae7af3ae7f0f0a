"""Settings of submissions."""

from __future__ import annotations

from pydantic import Field

from app.settings import MIB, Section


class BatchSettings(Section):
    """Settings of submissions."""

    max_submit_bytes: int = Field(64 * MIB, ge=1024, description="Largest JSON body of POST /api/batches.")
