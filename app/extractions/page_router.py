"""The page of the sheet that a swim was read from, as a picture: a person checks it in a second."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.auth.dependencies import ReaderDep, opens_pipeline
from app.extractions import repository
from app.extractions.errors import (
    ExtractionNotFound,
    PageNotDrawn,
    PageNotFound,
    SheetGone,
    SheetNotPdf,
    SwimNotFound,
)
from app.extractions.models import PIPELINE_KEY
from app.extractions.page_pictures import PagePictures, box_of, tag_of
from app.files.dependencies import StorageDep
from app.kit.container import provided
from app.kit.declarations import raises, sends
from app.kit.dependencies import DatabaseDep
from app.kit.errors import existing
from app.kit.web.etags import is_known

PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("application/octet-stream", "image/png")
        },
        "description": "The page as a PNG.",
    },
    304: {"description": "The client has it already."},
}
router = APIRouter(
    prefix="/api/extractions", tags=["extractions"], dependencies=[Depends(opens_pipeline(PIPELINE_KEY))]
)


@router.get("/{extraction_id}/pages/{page}", response_class=Response, responses=PICTURE)
@raises(ExtractionNotFound, PageNotFound, SwimNotFound, SheetGone, SheetNotPdf, PageNotDrawn)
@sends("ETag", "Highlighted-Row")
async def get_page(
    request: Request,
    database: DatabaseDep,
    caller: ReaderDep,
    storage: StorageDep,
    pictures: Annotated[PagePictures, Depends(provided(PagePictures))],
    extraction_id: UUID,
    page: Annotated[int, Path(ge=1, le=2**31 - 1, description="From 1, as in `page` of a swim.")],
    swim: Annotated[
        int | None, Query(ge=0, le=2**31 - 1, description="Mark the row of this one of `swims`, counted from 0.")
    ] = None,
    width: Annotated[int, Query(ge=100, le=2400, description="Of the picture, in pixels.")] = 1200,
) -> Response:
    """A page of the sheet as a picture (PNG), turned and cropped as a reader shows it.

    With `swim` its row is marked, and `Highlighted-Row` says where, as shares of the height from the top, as in
    `0.412-0.431`. A swim whose place is not known, as of a reading by a model, is not marked.
    """
    async with database.transaction() as session:
        row = existing(await repository.find_source(session, caller, extraction_id), ExtractionNotFound)
    swims, sha256, storage_key = row
    box = None
    if swim is not None:
        if swim >= len(swims) or swims[swim].get("page") != page:
            raise SwimNotFound(f"There is no swim {swim} on page {page} of this extraction.")
        box = box_of(swims[swim])
    if storage_key is None or not await storage.exists(storage_key):
        raise SheetGone
    headers = {"ETag": tag_of(sha256 or "", page, width, box), "Cache-Control": "private, max-age=3600"}
    headers |= {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    async with storage.local_path(storage_key) as path:
        picture, place = await pictures.draw(path, page, width, box, caller.organisation_id)
    if place:
        headers["Highlighted-Row"] = place
    return Response(picture, headers=headers, media_type="image/png")
