"""Rows of the result files of a running job: all are written in one statement, or none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.files.service import NewFile


class Owner(NamedTuple):
    """Whose the files are: an organisation's job, held under an attempt."""

    organisation_id: UUID
    job_id: UUID
    attempt: int


class ResultFile(NamedTuple):
    """What is kept under a name."""

    media_type: str
    data: bytes


class NotHeld(Exception):
    """The job no longer runs under the attempt."""


# A content that the organisation has stored already gets one more row. It is durable, so nothing waits for the disk.
# The lock keeps the row that was found, and with it the content, until there is another one. While a content is not
# stored yet, or when the job is not held, nothing is written.
_ADD: Final = text("""
with wanted as (
  select * from unnest(:ids, :names, :media_types, :digests, :crc32s, :sizes, :keys)
    as w(id, name, media_type, sha256, crc32, size, storage_key)
), found as materialized (
  select w.id, w.name, w.media_type, w.sha256, coalesce(w.crc32, f.crc32) as crc32, coalesce(w.size, f.size) as size,
    coalesce(w.storage_key, f.storage_key) as storage_key
  from wanted w left join lateral (
    select f.crc32, f.size, f.storage_key from files f
    where f.organisation_id = :organisation_id and f.sha256 = w.sha256 limit 1 for key share
  ) f on w.storage_key is null
), held as materialized (
  select id from jobs where id = :job_id and attempt = :attempt and status = 'running'
), inserted as (
  insert into files (id, organisation_id, name, sha256, crc32, size, media_type, storage_key)
  select f.id, :organisation_id, f.name, f.sha256, f.crc32, f.size, f.media_type, f.storage_key from found f, held
  where not exists (select from found where storage_key is null)
  returning id, name
), named as (
  insert into job_outputs (job_id, name, file_id) select held.id, i.name, i.id from inserted i, held
  on conflict (job_id, name) do update set file_id = excluded.file_id
)
select f.name, f.storage_key is not null as is_stored, exists (select from held) as is_held from found f
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("names", "media_types", "digests", "keys")),
    bindparam("ids", type_=ARRAY(PgUUID)),
    bindparam("crc32s", type_=ARRAY(BigInteger)),
    bindparam("sizes", type_=ARRAY(BigInteger)),
)


async def add_result_files(
    session: AsyncSession,
    owner: Owner,
    files: Mapping[str, ResultFile],
    ids: Mapping[str, UUID],
    digests: Mapping[str, str],
    stored: Mapping[str, NewFile],
) -> list[str]:
    """Write the rows; or the names of the files whose contents must be stored before."""
    contents = [stored[name].content if name in stored else None for name in files]
    values = {
        "ids": [ids[name] for name in files],
        "names": list(files),
        "media_types": [file.media_type for file in files.values()],
        "digests": [digests[name] for name in files],
        "crc32s": [content and content.crc32 for content in contents],
        "sizes": [content and content.size for content in contents],
        "keys": [content and content.key for content in contents],
    }
    rows = (await session.execute(_ADD, values | owner._asdict())).all()
    if not all(row.is_held for row in rows):
        raise NotHeld
    return [row.name for row in rows if not row.is_stored]
