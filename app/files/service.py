"""Keeping files: content first and durable, then the row, so that no row names a content that a crash took."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.files import quotas, repository
from app.files.metrics import BYTES, FILES
from app.files.names import display_name, guess_media_type
from app.files.spool import spool_bytes
from app.files.storage import Spooled, Storage
from app.kit.declarations import raises
from app.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file whose content storage already holds."""

    id: UUID
    name: str
    media_type: str
    content: Spooled


async def store_contents(storage: Storage, files: Sequence[tuple[str, str, Spooled]]) -> list[NewFile]:
    """Make (name, media type, content) durable. No transaction may be open: this waits for the disk."""
    await storage.store([content for _, _, content in files])
    FILES.inc(len(files))
    BYTES.inc(sum(content.size for _, _, content in files))
    return [NewFile(new_id(), name, media_type, content) for name, media_type, content in files]


async def store_bytes(storage: Storage, name: str, data: bytes, media_type: str | None = None) -> NewFile:
    """The same for a content in memory, such as a step's result."""
    name = display_name(name)
    content = await asyncio.to_thread(spool_bytes, storage, data)
    return (await store_contents(storage, [(name, guess_media_type(name, media_type), content)]))[0]


@raises(quotas.add_stored)
async def keep_files(
    session: AsyncSession, organisation_id: UUID, files: Sequence[NewFile], *, tags: Sequence[str] = ()
) -> None:
    """Write the rows of what somebody uploads, if the organisation's quota has room for it."""
    added = await quotas.size_of_new(session, organisation_id, [file.content for file in files])
    await add_files(session, organisation_id, files, tags=tags)
    await quotas.add_stored(session, organisation_id, added)


async def add_files(
    session: AsyncSession, organisation_id: UUID, files: Sequence[NewFile], *, tags: Sequence[str] = ()
) -> None:
    """Write the rows."""
    if files:
        await repository.add_files(
            session,
            organisation_id,
            {
                "ids": [file.id for file in files],
                "names": [file.name for file in files],
                "digests": [file.content.sha256 for file in files],
                "sums": [file.content.crc32 for file in files],
                "sizes": [file.content.size for file in files],
                "media_types": [file.media_type for file in files],
                "keys": [file.content.key for file in files],
            },
            list(dict.fromkeys(tags)),
        )
