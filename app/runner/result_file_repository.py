"""Rows of the result files of running jobs: those of several jobs in one statement, and of each job all or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Integer, Text, bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PgUUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.files.storage import Spooled


class Owner(NamedTuple):
    """Whose the files are: an organisation's job, held under an attempt."""

    organisation_id: UUID
    job_id: UUID
    attempt: int


class ResultFile(NamedTuple):
    """What is kept under a name."""

    media_type: str
    data: bytes


@dataclass(eq=False, slots=True)
class NewResultFile:
    """A file to be kept, under the id that its row gets; `content` when it was stored for it."""

    id: UUID
    owner: Owner
    name: str
    file: ResultFile
    sha256: str
    content: Spooled | None = None


class NotHeld(Exception):
    """The job no longer runs under the attempt."""


class Added(NamedTuple):
    """Whether the content is stored, and whether the job is held; the rows of a job are written when all of it is."""

    is_stored: bool
    is_held: bool


# A content that the organisation has stored already gets one more row. It is durable, so nothing waits for the disk.
# The lock keeps the row that was found, and with it the content, until there is another one. While a content of a job
# is not stored yet, or when the job is not held, nothing of it is written. Nor are rows that are there under their ids:
# they were committed together with their names, by a call whose answer was lost.
_ADD: Final = text("""
with wanted as (
  select * from unnest(
    :ids, :organisation_ids, :job_ids, :attempts, :names, :media_types, :digests, :crc32s, :sizes, :keys
  ) as w(id, organisation_id, job_id, attempt, name, media_type, sha256, crc32, size, storage_key)
), found as materialized (
  select w.id, w.organisation_id, w.job_id, w.attempt, w.name, w.media_type, w.sha256,
    coalesce(w.crc32, f.crc32) as crc32, coalesce(w.size, f.size) as size,
    coalesce(w.storage_key, f.storage_key) as storage_key
  from wanted w left join lateral (
    select f.crc32, f.size, f.storage_key from files f
    where f.organisation_id = w.organisation_id and f.sha256 = w.sha256 limit 1 for key share
  ) f on w.storage_key is null
), held as materialized (
  select j.id, j.attempt from jobs j where j.id = any(:job_ids) and j.status = 'running'
), ready as (
  select f.job_id from found f join held h on h.id = f.job_id and h.attempt = f.attempt
  group by f.job_id having bool_and(f.storage_key is not null)
), inserted as (
  insert into files (id, organisation_id, name, sha256, crc32, size, media_type, storage_key)
  select f.id, f.organisation_id, f.name, f.sha256, f.crc32, f.size, f.media_type, f.storage_key
  from found f join ready using (job_id)
  on conflict (id) do nothing
  returning id
), named as (
  insert into job_outputs (job_id, name, file_id) select f.job_id, f.name, f.id from inserted join found f using (id)
  on conflict (job_id, name) do update set file_id = excluded.file_id
)
select f.id, f.storage_key is not null as is_stored,
  exists (select from held h where h.id = f.job_id and h.attempt = f.attempt) as is_held
from found f
""").bindparams(
    *(bindparam(name, type_=ARRAY(Text)) for name in ("names", "media_types", "digests", "keys")),
    *(bindparam(name, type_=ARRAY(PgUUID)) for name in ("ids", "organisation_ids", "job_ids")),
    bindparam("attempts", type_=ARRAY(Integer)),
    bindparam("crc32s", type_=ARRAY(BigInteger)),
    bindparam("sizes", type_=ARRAY(BigInteger)),
)


async def add_result_files(session: AsyncSession, files: Sequence[NewResultFile]) -> dict[UUID, Added]:
    """Write the rows of the jobs that are held and whose contents are all stored; how each file stands, by its id."""
    contents = [file.content for file in files]
    values = {
        "ids": [file.id for file in files],
        "organisation_ids": [file.owner.organisation_id for file in files],
        "job_ids": [file.owner.job_id for file in files],
        "attempts": [file.owner.attempt for file in files],
        "names": [file.name for file in files],
        "media_types": [file.file.media_type for file in files],
        "digests": [file.sha256 for file in files],
        "crc32s": [content and content.crc32 for content in contents],
        "sizes": [content and content.size for content in contents],
        "keys": [content and content.key for content in contents],
    }
    rows = (await session.execute(_ADD, values)).all()
    return {row.id: Added(row.is_stored, row.is_held) for row in rows}
