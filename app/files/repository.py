"""Rows of files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Text, Uuid, any_, bindparam, cast, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.files.models import File
from app.kit.pages import Page, PageRequest, paginate_one

_FILES_AT_ONCE: Final = 1000
"""Rows of one statement: the driver encodes its parameters at a stretch, on the event loop."""
# Under their ids, so that whoever does not know whether they were committed may write them again.
_ADD_FILES: Final = text("""
insert into files (id, organisation_id, name, sha256, crc32, size, media_type, storage_key, tags)
select n.id, :organisation_id, n.name, n.sha256, n.crc32, n.size, n.media_type, n.storage_key, :tags
from unnest(:ids, :names, :digests, :sums, :sizes, :media_types, :keys)
  as n(id, name, sha256, crc32, size, media_type, storage_key)
on conflict (id) do nothing
""").bindparams(
    bindparam("tags", type_=ARRAY(Text)),
    bindparam("ids", type_=ARRAY(Uuid)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("digests", type_=ARRAY(Text)),
    bindparam("sums", type_=ARRAY(BigInteger)),
    bindparam("sizes", type_=ARRAY(BigInteger)),
    bindparam("media_types", type_=ARRAY(Text)),
    bindparam("keys", type_=ARRAY(Text)),
)


async def add_files(
    session: AsyncSession, organisation_id: UUID, columns: Mapping[str, Sequence[Any]], tags: Sequence[str]
) -> None:
    """Write files of an organisation; `columns` has a list for each, equally long: ids, names, digests (SHA-256), sums
    (CRC-32), sizes, media_types and keys. One whose id is there already stays as it is."""
    for start in range(0, len(columns["ids"]), _FILES_AT_ONCE):
        part = {name: values[start : start + _FILES_AT_ONCE] for name, values in columns.items()}
        await session.execute(_ADD_FILES, {"organisation_id": organisation_id, "tags": tags, **part})


async def find_file(session: AsyncSession, organisation_id: UUID, file_id: UUID) -> File | None:
    query = select(File).where(File.id == file_id, File.organisation_id == organisation_id)
    return (await session.execute(query)).scalar_one_or_none()


async def list_files_by_id(session: AsyncSession, organisation_id: UUID, ids: Sequence[UUID]) -> dict[UUID, File]:
    """Those of the ids that are files of the organisation."""
    # One array: a parameter for each id would meet the protocol's limit of 32,767.
    wanted = File.id == any_(literal(list(ids), ARRAY(Uuid)))
    query = select(File).where(wanted, File.organisation_id == organisation_id)
    return {file.id: file for file in (await session.execute(query)).scalars()}


async def list_files(
    session: AsyncSession, organisation_id: UUID, page: PageRequest, tag: str | None = None
) -> Page[File]:
    """Newest first: ids sort by time."""
    query = select(File).where(File.organisation_id == organisation_id)
    if tag:
        query = query.where(*_tagged(tag))
    return await paginate_one(session, query, page, key=(File.id,), descending=True)


def _tagged(tag: str) -> tuple[ColumnElement[bool], ...]:
    # The index holds only files with tags, so the query says that it wants no others.
    return File.tags.contains([tag]), File.tags != cast([], ARRAY(Text))


async def add_tag(session: AsyncSession, organisation_id: UUID, ids: Sequence[UUID], tag: str) -> None:
    """Tag files of the organisation."""
    wanted = File.id == any_(literal(list(ids), ARRAY(Uuid)))
    statement = update(File).where(wanted, File.organisation_id == organisation_id, ~File.tags.contains([tag]))
    await session.execute(statement.values(tags=func.array_append(File.tags, tag)))


async def remove_tag(session: AsyncSession, organisation_id: UUID, tag: str) -> None:
    """Take a tag from every file of the organisation that has it."""
    statement = update(File).where(File.organisation_id == organisation_id, *_tagged(tag))
    await session.execute(statement.values(tags=func.array_remove(File.tags, tag)))


async def count_by_organisation(session: AsyncSession, organisation_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many files each organisation has, and their bytes."""
    query = select(File.organisation_id, func.count(), func.sum(File.size)).group_by(File.organisation_id)
    rows = await session.execute(query.where(File.organisation_id.in_(organisation_ids)))
    found = {row[0]: {"files": row[1], "bytes": int(row[2])} for row in rows}
    return {one: found.get(one, {"files": 0, "bytes": 0}) for one in organisation_ids}


class FileTotals(NamedTuple):
    """How many files, and their bytes; and of the contents behind them, of which equal ones are stored once."""

    files: int
    size: int
    contents: int
    contents_size: int


async def sum_files(session: AsyncSession, organisation_id: UUID) -> FileTotals:
    """What an organisation stores."""
    own = select(File.storage_key, func.count().label("files"), func.max(File.size).label("size"))
    each = own.where(File.organisation_id == organisation_id).group_by(File.storage_key).subquery()
    total = func.coalesce(func.sum(each.c.files), 0), func.coalesce(func.sum(each.c.files * each.c.size), 0)
    once = func.count(), func.coalesce(func.sum(each.c.size), 0)
    return FileTotals(*(await session.execute(select(*total, *once).select_from(each))).one())


async def sum_contents(session: AsyncSession, organisation_id: UUID) -> int:
    """Bytes of the organisation's contents, equal ones once, whoever else has them too."""
    return int((await sum_files(session, organisation_id)).contents_size)


async def list_known(session: AsyncSession, organisation_id: UUID, digests: Sequence[str]) -> set[str]:
    """Those of the SHA-256 whose content the organisation has."""
    query = select(File.sha256).where(File.organisation_id == organisation_id)
    return set((await session.execute(query.where(File.sha256 == any_(literal(list(digests), ARRAY(Text)))))).scalars())
