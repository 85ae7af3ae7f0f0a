"""Settings of submissions."""

from __future__ import annotations

from pydantic import Field

from app.settings import MIB, Section


class BatchSettings(Section):
    """Settings of submissions."""

    max_batch_jobs: int = Field(1_000_000, ge=1, description="Most files, URLs or records that a batch may grow to.")
    max_submit_bytes: int = Field(
        64 * MIB, ge=1024, description="Largest JSON body of POST /api/batches, or of jobs added to one."
    )
