"""Rows of readings and extractions. Every query takes the organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any, Final
from typing import cast as cast_type
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    delete,
    func,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches.listing import opens_others
from app.batches.models import Batch, Job
from app.extractions.batch_swims.table import SheetSwims
from app.extractions.models import Extraction, SheetClaim, SheetRow
from app.extractions.reading import Confidence
from app.files.models import File
from app.kit.ids import new_id
from app.kit.pages import Page, PageRequest, paginate

KEPT_UNUSED: Final = timedelta(days=30)
"""How long a reading that nobody asks for is kept: as long as a batch of sheets."""
SHEETS_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class ReadingKey:
    """What makes two readings the same: whose, of what content, by which extractor and version of it, for whom."""

    organisation_id: UUID
    sha256: str
    extractor: str
    version: int
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A kept reading: its text, which is decoded away from the event loop, and how long it took to make."""

    data: str
    read_ms: int


_CLAIM = text("""
insert into sheet_claims as held (organisation_id, sha256, extractor, version, subject, job_id, attempt)
values (:organisation_id, :sha256, :extractor, :version, :subject, :job_id, :attempt)
on conflict (organisation_id, sha256, extractor, version, subject)
do update set job_id = excluded.job_id, attempt = excluded.attempt
where held.job_id = excluded.job_id
  or not exists (select from jobs j where j.id = held.job_id and j.attempt = held.attempt and j.status = 'running')
returning job_id
""")


def _of(model: type[SheetRow] | type[SheetClaim], key: ReadingKey) -> list[ColumnElement[bool]]:
    return [getattr(model, name) == value for name, value in asdict(key).items()]


def _days_ago(days: int) -> ColumnElement[Any]:
    return func.now() - timedelta(days=days)


# The statements of every cached job are put together once: that takes as long as executing them.
_KEPT_UNDER: Final = [getattr(SheetRow, each.name) == bindparam(f"key_{each.name}") for each in fields(ReadingKey)]
_FIND_READING: Final = select(
    SheetRow.id, SheetRow.data[()].astext, SheetRow.read_ms, SheetRow.used_at < _days_ago(1)
).where(*_KEPT_UNDER)
_ADD_EXTRACTION: Final = insert(cast_type(Table, Extraction.__table__)).values(
    sheet_id=select(SheetRow.id).where(*_KEPT_UNDER).scalar_subquery()
)


def _under(key: ReadingKey) -> dict[str, Any]:
    return {f"key_{name}": value for name, value in asdict(key).items()}


async def find_reading(session: AsyncSession, key: ReadingKey) -> Reading | None:
    """The reading that is kept under the key; it counts as used."""
    row = (await session.execute(_FIND_READING, _under(key))).first()
    if row is None:
        return None
    if row[3]:
        await session.execute(update(SheetRow).where(SheetRow.id == row[0]).values(used_at=func.now()))
    return Reading(row[1], row[2])


async def claim_reading(session: AsyncSession, key: ReadingKey, job_id: UUID, attempt: int) -> bool:
    """Whether this job is now the one to make the reading: no other job that still runs is."""
    values = {**asdict(key), "job_id": job_id, "attempt": attempt}
    return (await session.execute(_CLAIM, values)).scalar_one_or_none() is not None


async def release_reading(session: AsyncSession, key: ReadingKey, job_id: UUID) -> None:
    """Let others make the reading, or find it."""
    await session.execute(delete(SheetClaim).where(*_of(SheetClaim, key), SheetClaim.job_id == job_id))


async def add_reading(session: AsyncSession, key: ReadingKey, data: str, read_ms: int) -> None:
    """Keep a reading; one that is kept already stays. Readings of the organisation that nobody uses any more go."""
    values = {**asdict(key), "id": new_id(), "data": func.to_jsonb(literal(data, Text)), "read_ms": read_ms}
    await session.execute(insert(SheetRow).values(values).on_conflict_do_nothing())
    unused = SheetRow.used_at < _days_ago(KEPT_UNUSED.days)
    await session.execute(delete(SheetRow).where(SheetRow.organisation_id == key.organisation_id, unused))


async def add_extraction(session: AsyncSession, values: Mapping[str, Any], key: ReadingKey) -> None:
    """Write an extraction, with the reading that it came from if that is kept under the key."""
    await session.execute(_ADD_EXTRACTION, {**values, **_under(key)})


ExtractionRow = Row[Extraction, UUID, str | None, bool, str]


def _seen_by(caller: Caller) -> list[ColumnElement[bool]]:
    """Of a key that is limited to pipelines, none of a batch that has others as well."""
    return [Extraction.organisation_id == caller.organisation_id, *opens_others(caller.pipelines)]


def _extractions(caller: Caller) -> Select[Extraction, UUID, str | None, bool, str]:
    query = select(Extraction, Job.batch_id, Job.filename, Job.cached, Batch.name)
    query = query.join(Job, Job.id == Extraction.job_id).join(Batch, Batch.id == Job.batch_id)
    return query.where(*_seen_by(caller))


async def find_extraction(session: AsyncSession, caller: Caller, extraction_id: UUID) -> ExtractionRow | None:
    """One extraction of the organisation with its batch's id, file name, whether it was cached, and batch's name."""
    return (await session.execute(_extractions(caller).where(Extraction.id == extraction_id))).first()


async def find_source(
    session: AsyncSession, caller: Caller, extraction_id: UUID
) -> Row[list[dict[str, Any]], str | None, str | None] | None:
    """The swims of an extraction, and the SHA-256 and storage key of its sheet; None for both when that is gone."""
    query = select(Extraction.swims, File.sha256, File.storage_key).join(Job, Job.id == Extraction.job_id)
    query = query.outerjoin(File, File.id == Job.file_id).join(Batch, Batch.id == Job.batch_id)
    return (await session.execute(query.where(Extraction.id == extraction_id, *_seen_by(caller)))).first()


async def find_result(session: AsyncSession, job_id: UUID) -> Any:
    """The whole result of the job that made an extraction."""
    return (await session.execute(select(Job.result).where(Job.id == job_id))).scalar_one_or_none()


# A plain `distinct` reads every row of the organisation; this one goes from name to name in the index.
SWIMMER_NAMES = text("""
with recursive known (name) as (
  (select swimmer_name from extractions where organisation_id = :organisation_id order by swimmer_name limit 1)
  union all
  select (
    select e.swimmer_name from extractions e
    where e.organisation_id = :organisation_id and e.swimmer_name > known.name order by e.swimmer_name limit 1
  ) from known where known.name is not null
)
select name from known where name is not null
""")


async def list_swimmer_names(session: AsyncSession, organisation_id: UUID) -> Sequence[str]:
    """Every spelling under which the organisation has looked for a swimmer, each once."""
    return (await session.execute(SWIMMER_NAMES, {"organisation_id": organisation_id})).scalars().all()


async def list_opened_names(session: AsyncSession, caller: Caller) -> Sequence[str]:
    """The same for a key that is limited to pipelines: of the batches that it opens."""
    query = select(Extraction.swimmer_name).join(Job, Job.id == Extraction.job_id).join(Batch, Batch.id == Job.batch_id)
    query = query.where(*_seen_by(caller)).distinct().order_by(Extraction.swimmer_name)
    return (await session.execute(query)).scalars().all()


async def list_extractions(
    session: AsyncSession,
    caller: Caller,
    page: PageRequest,
    *,
    names: Sequence[str] | None,
    batch_id: UUID | None,
    confidence: Confidence | None,
) -> Page[ExtractionRow]:
    """A page of extractions, newest first: ids grow with time."""
    query = _extractions(caller)
    if names is not None:
        query = query.where(Extraction.swimmer_name.in_(names))
    if batch_id:
        query = query.where(Job.batch_id == batch_id)
    if confidence:
        query = query.where(Extraction.confidence == confidence)
    return await paginate(session, query, page, key=(Extraction.id,), descending=True)


async def stream_batch_swims(
    session: AsyncSession, organisation_id: UUID, batch_id: UUID
) -> AsyncIterator[Sequence[SheetSwims]]:
    """What the completed jobs of a batch found, in their order and some at a time; decoded away from the event loop."""
    sheet: list[Any] = [Extraction.id, Job.id, Job.sequence, Job.filename, Job.checksum]
    sheet += [Extraction.swimmer_name, Extraction.meet, Extraction.dates, Extraction.course, Extraction.confidence]
    sheet.append(cast(Extraction.swims, Text))
    query = select(*sheet).join(Job, Job.id == Extraction.job_id)
    query = query.where(Extraction.organisation_id == organisation_id, Job.batch_id == batch_id)
    query = query.where(Job.status == "completed").order_by(Job.sequence)
    rows = await session.stream(query.execution_options(yield_per=SHEETS_AT_ONCE))
    async for part in rows.partitions():
        yield [SheetSwims(*row) for row in part]
