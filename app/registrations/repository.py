"""Rows of restaurants, each with where its latest registration stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    Uuid,
    any_,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import load_only

from app.batches.models import Batch, Job
from app.kit.pages import Page, PageRequest, paginate
from app.kit.parts import parts_of
from app.registrations.models import JOB_SUBJECT, Restaurant
from app.registrations.schemas import RestaurantFilter, RestaurantRead

SORTS: Final[dict[str, ColumnElement[Any]]] = {
    "name": Restaurant.name.expression,
    "created_at": Restaurant.created_at.expression,
    "icp_score": func.coalesce(Restaurant.icp_score, 0),
}
AT_ONCE: Final = 500
"""Rows that are read or written at a stretch: the driver encodes and decodes them on the event loop."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A restaurant and its latest registration outside drafts."""

    restaurant: Restaurant
    status: str
    job_id: UUID | None
    batch_id: UUID | None
    batch_name: str | None

    def read(self) -> RestaurantRead:
        """The restaurant as replies show it."""
        return RestaurantRead.of(
            self.restaurant,
            status=self.status,
            last_job_id=self.job_id,
            last_batch_id=self.batch_id,
            last_batch_name=self.batch_name,
        )


_LAST = (
    select(Job.id.label("job_id"), Job.status, Batch.id.label("batch_id"), Batch.name)
    .join(Batch, Batch.id == Job.batch_id)
    .where(
        literal_column(f"jobs.{JOB_SUBJECT}", Text) == cast(Restaurant.id, Text),
        Batch.organisation_id == Restaurant.organisation_id,
        Batch.status != "draft",
    )
    .order_by(Job.id.desc())
    .limit(1)
    .lateral("last")
)
_status: ColumnElement[str] = case(
    (_LAST.c.status.in_(("pending", "running")), "registering"),
    (_LAST.c.status == "failed", "failed"),
    (Restaurant.live_at.is_not(None), "live"),
    else_="ready",
)


def _standings(organisation_id: UUID) -> Select[Any]:
    query = select(Restaurant, _status, _LAST.c.job_id, _LAST.c.batch_id, _LAST.c.name)
    return query.outerjoin(_LAST, true()).where(Restaurant.organisation_id == organisation_id)


def _conditions(wanted: RestaurantFilter) -> Iterable[ColumnElement[bool]]:
    for column, value in (
        (Restaurant.type, wanted.type),
        (Restaurant.stage, wanted.stage),
        (Restaurant.city, wanted.city),
    ):
        if value:
            yield func.lower(column) == func.lower(value)
    if wanted.icp is not None:
        yield Restaurant.icp_score.expression == wanted.icp
    if wanted.icp_min is not None:
        yield Restaurant.icp_score >= wanted.icp_min
    if wanted.status:
        yield _status == wanted.status
    if wanted.search:
        columns = (Restaurant.name, Restaurant.city)
        yield or_(*(column.icontains(wanted.search, autoescape=True) for column in columns))


async def list_restaurants(
    session: AsyncSession,
    organisation_id: UUID,
    wanted: RestaurantFilter,
    sort: str,
    page: PageRequest,
) -> Page[Standing]:
    """A page of restaurants. `sort` is a key of SORTS, with `-` for descending."""
    descending, column = sort.startswith("-"), SORTS[sort.lstrip("-")]
    query = _standings(organisation_id).where(*_conditions(wanted))
    found = await paginate(session, query, page, key=(column, Restaurant.id), descending=descending)
    return found.map(lambda row: Standing(*tuple(row)))


async def find_standing(session: AsyncSession, organisation_id: UUID, restaurant_id: UUID) -> Standing | None:
    """One restaurant of the organisation, with where it stands."""
    row = (await session.execute(_standings(organisation_id).where(Restaurant.id == restaurant_id))).first()
    return Standing(*row) if row else None


async def find_restaurant(
    session: AsyncSession, organisation_id: UUID, restaurant_id: UUID, *, lock: bool = False
) -> Restaurant | None:
    query = select(Restaurant).where(Restaurant.id == restaurant_id, Restaurant.organisation_id == organisation_id)
    if lock:
        query = query.with_for_update()
    return (await session.execute(query)).scalar_one_or_none()


async def list_restaurants_by_id(
    session: AsyncSession, organisation_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, Restaurant]:
    """Those of the ids that are restaurants of the organisation, with what their registration needs."""
    found: dict[UUID, Restaurant] = {}
    columns = (Restaurant.name, Restaurant.type, Restaurant.stage, Restaurant.icp_score, Restaurant.city)
    for part in parts_of(ids, AT_ONCE):
        wanted = Restaurant.id == any_(literal(list(part), ARRAY(Uuid)))
        query = select(Restaurant).where(wanted, Restaurant.organisation_id == organisation_id)
        query = query.options(load_only(*columns, raiseload=True))
        found |= {row.id: row for row in (await session.execute(query)).scalars()}
    return found


async def add_restaurants(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    for part in parts_of(rows, AT_ONCE):
        await session.execute(insert(Restaurant), list(part))


async def list_known_names(session: AsyncSession, organisation_id: UUID) -> set[tuple[str, str]]:
    """Name and city of every restaurant of the organisation, in lower case."""
    query = select(func.lower(Restaurant.name), func.lower(func.coalesce(Restaurant.city, "")))
    query = query.where(Restaurant.organisation_id == organisation_id).execution_options(yield_per=AT_ONCE)
    return {(name, city) async for name, city in await session.stream(query)}


async def lock_import(session: AsyncSession, organisation_id: UUID) -> None:
    """One import of an organisation at a time, so that two of the same file do not add each restaurant twice."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"import:{organisation_id}", 0))))


_DELETE_FILE = text("""
delete from files f where f.id = :id
  and not exists (select from jobs j where j.file_id = f.id)
  and not exists (select from job_outputs o where o.file_id = f.id)
  and not exists (select from restaurants r where r.menu_file_id = f.id or r.option_sets_file_id = f.id)
""")


async def delete_file(session: AsyncSession, file_id: UUID) -> None:
    """Remove a file that a restaurant no longer names, unless something else does."""
    await session.execute(_DELETE_FILE, {"id": file_id})


_LOG = text("""
select id, batch_job_id, registration_job_id, operation, details, created_at, event_id, place
from batch_operation_logs
where batch_job_id = :batch_id and organisation_id = :organisation_id and event_id >= :event_id
  and (event_id, place) > (:event_id, :place)
order by event_id, place limit :limit
""")


async def list_log(session: AsyncSession, organisation_id: UUID, batch_id: UUID, page: PageRequest) -> Page[Any]:
    """A page of the organisation's log of one batch, oldest first."""
    event_id, place = page.place(int, int) or (0, 0)
    values = {"organisation_id": organisation_id, "batch_id": batch_id, "event_id": event_id, "place": place}
    rows = (await session.execute(_LOG, values | {"limit": page.limit + 1})).all()
    return page.cut(rows, lambda row: (row.event_id, row.place))
