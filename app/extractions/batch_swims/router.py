"""All swims of a batch, over all its sheets."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.batches import service
from app.batches.errors import BatchNotFound
from app.batches.export import MEDIA_TYPES, chunks
from app.extractions.batch_swims.file import collect
from app.extractions.batch_swims.reading import Swims, read_swims
from app.extractions.batch_swims.schemas import SwimTable, table_of
from app.extractions.models import PIPELINE_KEY
from app.files.content import attachment
from app.kit.declarations import raises, sends
from app.kit.dependencies import DatabaseDep
from app.kit.schemas import check_text

router = APIRouter(
    prefix="/api/batches/{batch_id}/swims", tags=["extractions"], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))]
)
_FILES: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {MEDIA_TYPES["csv"]: {}, MEDIA_TYPES["xlsx"]: {}}}}
Event = Annotated[
    str | None,
    Query(min_length=1, max_length=500, description="Only this event: `100 FR LCM`, or a title as printed."),
    AfterValidator(lambda event: event if event is None else check_text(event)),
]


@router.get("", response_model=SwimTable, responses=_FILES)
@raises(BatchNotFound)
@sends("Content-Disposition")
async def list_batch_swims(
    batch_id: UUID,
    database: DatabaseDep,
    caller: ReaderDep,
    event: Event = None,
    format: Annotated[
        Literal["json", "csv", "xlsx"], Query(description="A file has one row for each swim; JSON the events as well.")
    ] = "json",
) -> Response:
    """The swimmer's swims on all sheets of a batch, the best time of each event and course, and how times went on.

    A sheet that was submitted twice counts once. JSON has the first 10,000 swims, files have them all.
    """
    async with database.transaction() as session:
        batch = (await service.get_batch(session, caller, batch_id)).batch
        if format == "json":
            found = await read_swims(session, caller.organisation_id, batch_id, event)
        else:
            rows = await collect(session, caller.organisation_id, batch_id, event)
    if format == "json":
        return Response(await asyncio.to_thread(_body, found), media_type="application/json")
    file, size = await asyncio.to_thread(rows.write, format)
    headers = {
        "Content-Disposition": attachment(f"{batch.base_directory_name}-swims.{format}"),
        "Content-Length": str(size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
    }
    return StreamingResponse(chunks(file), headers=headers, media_type=MEDIA_TYPES[format])


def _body(found: Swims) -> bytes:
    return table_of(found).model_dump_json().encode()
