"""Files that are stored, URLs and records as jobs of a new batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.batches.errors import FilesUnknown
from app.batches.schemas import Item
from app.batches.submission import NewJob
from app.files import repository
from app.files.models import File
from app.kit.declarations import raises
from app.kit.parts import made_in_parts

ITEMS_AT_ONCE: Final = 2000


@raises(FilesUnknown)
async def jobs_of_items(session: AsyncSession, organisation_id: UUID, items: Sequence[Item]) -> list[NewJob]:
    """The items as jobs; raises FilesUnknown (422) when one names a file that the organisation does not have."""
    wanted = [item.file_id for item in items if item.file_id]
    files = await repository.list_files_by_id(session, organisation_id, wanted) if wanted else {}
    if missing := [str(file_id) for file_id in wanted if file_id not in files]:
        raise FilesUnknown(
            f"{len(missing):,} of the files {'does' if len(missing) == 1 else 'do'} not exist.", file_ids=missing[:20]
        )
    return await made_in_parts(items, lambda item: _job_of(item, files), ITEMS_AT_ONCE)


def _job_of(item: Item, files: dict[UUID, File]) -> NewJob:
    if item.file_id:
        return job_of_file(files[item.file_id], item.name)._replace(external_id=item.external_id)
    if item.url:
        return NewJob("url", item.name, source_url=item.url, external_id=item.external_id)
    return NewJob("record", item.name, record=item.record, external_id=item.external_id)


def job_of_file(file: File, name: str | None = None) -> NewJob:
    """A stored file as a job, called by its own name unless another is given."""
    return NewJob(
        "file",
        name or file.name,
        file_id=file.id,
        file_size=file.size,
        media_type=file.media_type,
        checksum=file.sha256,
    )
