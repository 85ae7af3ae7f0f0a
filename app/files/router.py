"""Uploading and fetching single files."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth.dependencies import ManagerDep, ReaderDep, SubmitterDep, opens_everything
from app.files import quotas, repository, service
from app.files.content import CONTENT, file_response
from app.files.dependencies import FileDep, StorageDep, UploadLimitsDep
from app.files.models import File
from app.files.names import display_name, guess_media_type
from app.files.schemas import FilePage, FileRead, FileUpdate, Tag
from app.files.upload import receive_raw
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import RouteTag, raises, sends
from app.kit.dependencies import DatabaseDep, PageDep, SessionDep
from app.kit.errors import Unprocessable
from app.kit.schemas import check_text

router = APIRouter(
    prefix="/api/files", tags=[RouteTag("files", "Store files before they are items of a batch, and fetch contents.")]
)
FILE = "/api/files/{id}"
RAW_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.put("/{name}", status_code=201, openapi_extra=RAW_BODY)
@raises(receive_raw, service.keep_files)
@sends("Location")
async def upload_file(
    name: str,
    request: Request,
    caller: SubmitterDep,
    database: DatabaseDep,
    storage: StorageDep,
    limits: UploadLimitsDep,
    once: OnceDep,
    tag: Annotated[list[Tag] | None, Query(max_length=50)] = None,
) -> FileRead:
    """Store the raw body as a new file. Its id can then be an item of a batch."""
    try:
        shown = display_name(check_text(name))
    except ValueError as error:
        raise Unprocessable(f"The name {error}.") from None
    media_type = guess_media_type(shown, request.headers.get("content-type"))
    async with receive_raw(request, storage, limits) as content:
        sent = [media_type, content.size, content.sha256]
        async with database.transaction() as session:
            known = await once.find(session, sent, location=FILE)
            if known is None:
                await quotas.check_room(session, caller.organisation_id, [content])
        if known is not None:
            return FileRead.model_validate(known)
        async with limits.stores.slot(limits.party):
            files = await service.store_contents(storage, [(shown, media_type, content)])
    async with database.transaction() as session:

        async def make() -> File | None:
            await service.keep_files(session, caller.organisation_id, files, tags=tag or ())
            return await repository.find_file(session, caller.organisation_id, files[0].id)

        return await once.answer(session, sent, make, FileRead, location=FILE)


@router.get("", dependencies=[Depends(opens_everything)])
async def list_files(
    session: SessionDep,
    caller: ReaderDep,
    page: PageDep,
    tag: Annotated[Tag | None, Query(description="Only files with this tag.")] = None,
) -> FilePage:
    """The organisation's files, newest first."""
    found = await repository.list_files(session, caller.organisation_id, page, tag)
    return FilePage(files=[FileRead.of(file) for file in found.rows], next_cursor=found.next_cursor)


@router.get("/{file_id}", dependencies=[Depends(opens_everything)])
async def get_file(caller: ReaderDep, file: FileDep) -> FileRead:
    """What is known of one file."""
    return FileRead.of(file)


@router.patch("/{file_id}", dependencies=[Depends(opens_everything)])
async def update_file(caller: ManagerDep, body: FileUpdate, file: FileDep, session: SessionDep) -> FileRead:
    """Replace a file's tags. A file with a tag is kept when the batches that named it go."""
    file.tags = list(dict.fromkeys(body.tags))
    await session.flush()
    return FileRead.of(file)


@router.get("/{file_id}/content", response_class=Response, responses=CONTENT, dependencies=[Depends(opens_everything)])
@raises(file_response)
@sends("ETag", "Content-Disposition")
async def download_file(caller: ReaderDep, file: FileDep, request: Request, storage: StorageDep) -> Response:
    """The content of one file, as an attachment; ranges are served."""
    return await file_response(request, storage, file)
