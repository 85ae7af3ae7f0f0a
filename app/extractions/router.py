"""Reading extractions back, also one swimmer's across batches."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.extractions import repository
from app.extractions.errors import ExtractionNotFound
from app.extractions.models import PIPELINE_KEY
from app.extractions.names import choose_names
from app.extractions.reading import Confidence
from app.extractions.schemas import ExtractionDetail, ExtractionPage, ExtractionRead, ExtractionReply
from app.kit.declarations import RouteTag, raises
from app.kit.dependencies import PageDep, SessionDep
from app.kit.errors import existing
from app.kit.schemas import check_text

_TAG = RouteTag("extractions", "Swims read from result sheets, by batch or by swimmer.")
router = APIRouter(prefix="/api/extractions", tags=[_TAG], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))])
Swimmer = Annotated[
    str | None,
    Query(min_length=1, max_length=255, description="A name, in any way of writing it: `King, Lilly`, `Lilly King`."),
    AfterValidator(lambda name: name if name is None else check_text(name)),
]


def _more(row: repository.ExtractionRow) -> dict[str, Any]:
    _, batch_id, filename, cached, batch_name = row
    return {"batch_id": batch_id, "batch_name": batch_name, "filename": filename, "cached": cached}


@router.get("")
async def list_extractions(
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    swimmer: Swimmer = None,
    batch_id: UUID | None = None,
    confidence: Confidence | None = None,
) -> ExtractionPage:
    """Extractions, newest first. `swimmer`: one person's in all batches, found as the extractor finds names.

    `confidence`: only those whose reading was so sure; `low` are the sheets that somebody should look at.
    """
    names: list[str] | None = None
    near: list[str] = []
    if swimmer:
        if caller.pipelines is None:
            spellings = await repository.list_swimmer_names(session, caller.organisation_id)
        else:
            spellings = await repository.list_opened_names(session, caller)
        chosen, near = await asyncio.to_thread(choose_names, spellings, swimmer)
        names = sorted(chosen)
    found = await repository.list_extractions(
        session, caller, page, names=names, batch_id=batch_id, confidence=confidence
    )
    shown = [ExtractionRead.of(row[0], **_more(row)) for row in found.rows]
    return ExtractionPage(extractions=shown, names=names, near_names=near, next_cursor=found.next_cursor)


@router.get("/{extraction_id}")
@raises(ExtractionNotFound)
async def get_extraction(extraction_id: UUID, session: SessionDep, caller: ReaderDep) -> ExtractionReply:
    """One extraction with the whole result of its job."""
    row = existing(await repository.find_extraction(session, caller, extraction_id), ExtractionNotFound)
    result = await repository.find_result(session, row[0].job_id)
    return ExtractionReply(extraction=ExtractionDetail.of(row[0], **_more(row), result=result))
