"""Reply bodies of extractions."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from app.extractions.reading import Confidence
from app.kit.schemas import Output


class ExtractionRead(Output):
    """What one job found for one swimmer. `source`: read from the PDF's text, or by the AI provider.

    `confidence` is `high`, `check` or `low`; null where a sheet was read before readings were reported on.
    """

    id: UUID
    job_id: UUID
    batch_id: UUID
    batch_name: str
    filename: str | None
    swimmer_name: str
    source: str
    confidence: Confidence | None
    cached: bool
    meet: str | None
    dates: str | None
    course: str | None
    swims: list[dict[str, Any]]
    created_at: datetime


class ExtractionDetail(ExtractionRead):
    """With the job's whole result: pages, near names, and why there are no swims if there are none."""

    result: Any | None


class ExtractionPage(Output):
    """`names`: the spellings that were taken for the swimmer asked for; `near_names`: others that come close."""

    extractions: list[ExtractionRead]
    names: list[str] | None
    near_names: list[str]
    next_cursor: str | None


class ExtractionReply(Output):
    extraction: ExtractionDetail
