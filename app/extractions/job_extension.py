"""The id of an extraction, with the job that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.batches.models import Job
from app.kit.schemas import Output


class ExtractionId(Output):
    extraction_id: str | None = None


class ExtractionIdExtension:
    """An extraction's row points at the job, so it is the job's result that names the extraction."""

    members = ExtractionId

    def read(self, job: Job) -> Mapping[str, Any]:
        found = job.result.get("extraction_id") if isinstance(job.result, dict) else None
        return {"extraction_id": found} if isinstance(found, str) else {}
