"""What a code opens, without a key: JSON, CSV, the files and all of them in one archive."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from app.batches.archives import ArchivesDep
from app.files.content import CONTENT, attachment, file_response, ranged_response
from app.files.dependencies import StorageDep
from app.files.errors import ContentMissing, StorageUnavailable
from app.kit.declarations import raises, sends
from app.kit.dependencies import DatabaseDep, page_of
from app.kit.errors import NotFound
from app.kit.pages import PageRequest
from app.kit.web.public_address import public_path
from app.pipelines.dependencies import RegistryDep
from app.results import repository
from app.results.codes import read_code
from app.results.content import JOBS_AT_ONCE, csv_pieces, read_shared, table_of
from app.results.dependencies import SharedDep
from app.results.errors import WHERE
from app.results.schemas import SharedBatch, SharedResult

router = APIRouter(prefix="/api/results", tags=["results"])
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
JobsDep = Annotated[PageRequest, page_of(JOBS_AT_ONCE, JOBS_AT_ONCE, "Jobs of a batch in one page.")]


def _wants_csv(request: Request, wanted: str | None) -> bool:
    """The `format` that was asked for, else what the Accept header names first of the two."""
    if wanted:
        return wanted == "csv"
    accept = request.headers.get("accept", "").lower()
    csv, json = accept.find("text/csv"), accept.find("application/json")
    return csv >= 0 and (json < 0 or csv < json)


@router.get(
    "/{code}",
    response_model=SharedResult | SharedBatch,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def get_shared_result(
    code: str,
    request: Request,
    shared: SharedDep,
    database: DatabaseDep,
    registry: RegistryDep,
    page: JobsDep,
    format: Literal["json", "csv"] | None = None,
) -> Response:
    """The result that the code opens. `format=csv`, or `Accept: text/csv`: its rows as CSV, of all jobs."""
    code = read_code(code)
    if _wants_csv(request, format):
        pieces = csv_pieces(database, shared, table_of(shared, registry))
        headers = PRIVATE | {"Content-Disposition": attachment("results.csv")}
        return StreamingResponse(pieces, headers=headers, media_type="text/csv; charset=utf-8")
    async with database.transaction() as session:
        body = await read_shared(session, shared, code, page)
    return JSONResponse(body.model_dump(mode="json"), headers=PRIVATE)


@router.get("/{code}/jobs/{sequence}/files/{name}", response_class=Response, responses=CONTENT)
@raises(NotFound, file_response)
@sends("ETag", "Content-Disposition")
async def download_shared_file(
    code: str,
    sequence: int,
    name: str,
    request: Request,
    shared: SharedDep,
    database: DatabaseDep,
    storage: StorageDep,
) -> Response:
    """One result file that the code opens, as an attachment; ranges are served."""
    found = []
    if 1 <= sequence < 2**31:
        async with database.transaction() as session:
            if job := await repository.find_shared_job(session, shared, sequence):
                files = await repository.list_files(session, [job])
                found = [file for own, file in files[job.id] if own == name]
    if not found:
        raise NotFound("No such file is shared here.", instance=public_path(WHERE))
    response = await file_response(request, storage, found[0], name)
    response.headers.update(PRIVATE)
    return response


@router.get("/{code}/download", response_class=Response, responses=CONTENT)
@raises(ranged_response, StorageUnavailable, ContentMissing)
@sends("ETag", "Content-Disposition")
async def download_shared(
    code: str,
    request: Request,
    shared: SharedDep,
    database: DatabaseDep,
    storage: StorageDep,
    archives: ArchivesDep,
) -> Response:
    """Every result file that the code opens, in one archive; ranges are served."""
    archive = await archives.find(database, shared.batch, shared.link.job_id)
    response = ranged_response(
        request,
        size=archive.size,
        name="results.zip",
        media_type="application/zip",
        etag=archive.etag,
        storage=storage,
        pieces=archive.pieces,
    )
    response.headers.update(PRIVATE)
    return response
