"""Reading extractions back, also one swimmer's across batches."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator

from app.auth.dependencies import CallerDep
from app.extractions import repository
from app.extractions.errors import ExtractionNotFound
from app.extractions.names import choose_names, name_keys
from app.extractions.schemas import ExtractionDetail, ExtractionPage, ExtractionRead, ExtractionReply
from app.kit.declarations import RouteTag
from app.kit.dependencies import SessionDep
from app.kit.pages import Cursor, Limit, decode_cursor, encode_cursor, link_next
from app.kit.schemas import check_text

_TAG = RouteTag("extractions", "Swims read from result sheets, by batch or by swimmer.")
router = APIRouter(prefix="/api/extractions", tags=[_TAG])
Swimmer = Annotated[
    str | None,
    Query(min_length=1, max_length=255, description="A name, in any way of writing it: `King, Lilly`, `Lilly King`."),
    AfterValidator(lambda name: name if name is None else check_text(name)),
]


def _fields(row: repository.ExtractionRow) -> dict[str, Any]:
    extraction, batch_id, filename, cached, batch_name = row
    own = {name: getattr(extraction, name) for name in ExtractionRead.model_fields if hasattr(extraction, name)}
    return own | {"batch_id": batch_id, "batch_name": batch_name, "filename": filename, "cached": cached}


@router.get("")
async def list_extractions(
    request: Request,
    response: Response,
    session: SessionDep,
    caller: CallerDep,
    swimmer: Swimmer = None,
    batch_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ExtractionPage:
    """Extractions, newest first. `swimmer`: one person's in all batches, found as the extractor finds names."""
    names: list[str] | None = None
    near: list[str] = []
    if swimmer:
        spellings = await repository.list_swimmer_names(session, caller.organisation_id, name_keys(swimmer))
        chosen, near = choose_names(spellings, swimmer)
        names = sorted(chosen)
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows, last = await repository.list_extractions(
        session, caller.organisation_id, names=names, batch_id=batch_id, limit=limit, before=before
    )
    following = encode_cursor(last) if last else None
    link_next(request, response, following)
    found = [ExtractionRead.model_validate(_fields(row)) for row in rows]
    return ExtractionPage(extractions=found, names=names, near_names=near, next_cursor=following)


@router.get("/{extraction_id}")
async def get_extraction(extraction_id: UUID, session: SessionDep, caller: CallerDep) -> ExtractionReply:
    """One extraction with the whole result of its job."""
    row = await repository.find_extraction(session, caller.organisation_id, extraction_id)
    if row is None:
        raise ExtractionNotFound("There is no such extraction.")
    result = await repository.find_result(session, row[0].job_id)
    return ExtractionReply(extraction=ExtractionDetail.model_validate(_fields(row) | {"result": result}))
