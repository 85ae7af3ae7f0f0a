"""Pages of batches whose cost does not grow with the number of batches (decision 0010).

Each order has an index that holds the rows in that order, so a page is read from where the cursor stands. A filter that
has no such index is tried on the next rows of the order first, which is enough for common values; when they do not fill
the page, the value is rare, and its few rows are found through the index of the filter and sorted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import User
from app.batches.models import Batch
from app.batches.search import ALONE, may_mention, mentions
from app.batches.search_repository import owned_share
from app.kit.declarations import raises
from app.kit.pages import Page, PageRequest
from app.kit.quick_reads import QuickRead
from app.pipelines.errors import PipelineUnknown
from app.pipelines.models import PipelineRow


class BatchRow(NamedTuple):
    """A batch, its pipeline, and who made it."""

    batch: Batch
    pipeline: PipelineRow
    creator: User | None


_TABLE: Final = Batch.__table__.c
SORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "created_at": ("created_at",),
    "name": ("name",),
    "total_files": ("total_files",),
    "status": ("status", "created_at"),
}
"""What a list can be sorted by, and the columns of each order; the id comes last and makes it unique."""
WINDOW: Final = 1000
"""So many rows of the order are tried before an index of the filter is asked: about 2 ms."""
_LAST_CHARACTER: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """What a list of batches is narrowed to; None and empty mean everything."""

    statuses: tuple[str, ...] = ()
    customer: str | None = None
    pipeline: str | None = None
    search: str | None = None
    created_after: datetime | None = None
    archived: bool = False
    opened: frozenset[str] | None = None
    """Keys of the pipelines whose batches may be seen; None for all."""


_BATCHES: Final = (
    select(Batch, PipelineRow, User)
    .join(PipelineRow, PipelineRow.id == Batch.pipeline_id)
    .outerjoin(User, User.id == Batch.created_by)
)


BATCHES_OF: Final = _BATCHES.where(Batch.organisation_id == bindparam("organisation_id"))
"""Batches of the organisation `organisation_id`, each with its pipeline and who made it."""
_SHOWN: Final = QuickRead(BATCHES_OF.where(Batch.id == any_(bindparam("ids", type_=ARRAY(Uuid)))))


async def list_batches_by_id(
    session: AsyncSession, organisation_ids: Sequence[UUID], batch_ids: Sequence[UUID]
) -> Sequence[BatchRow]:
    """Those of the batches that belong to one of the organisations and still exist."""
    wanted = Batch.organisation_id.in_(organisation_ids), Batch.id.in_(batch_ids)
    return [BatchRow(*row) for row in await session.execute(_BATCHES.where(*wanted))]


@raises(PipelineUnknown)
async def list_batches(
    session: AsyncSession, organisation_id: UUID, wanted: BatchFilter, sort: str, page: PageRequest
) -> Page[BatchRow]:
    """A page of batches. `sort` is a key of SORTS, with `-` for descending."""
    names, descending = SORTS[sort.lstrip("-")], sort.startswith("-")
    place = page.place(*(_TABLE[name].type.python_type for name in names), UUID)

    def cut(rows: Sequence[BatchRow], *, more: bool) -> Page[BatchRow]:
        return page.cut(rows, lambda row: [*(getattr(row.batch, name) for name in names), row.batch.id], more=more)

    if wanted == BatchFilter(archived=wanted.archived):
        statement, values = _all_in_order(names, descending, wanted.archived, place is not None), place or ()
        given = {f"place_{number}": value for number, value in enumerate(values)}
        given |= {"organisation_id": organisation_id, "most": page.limit + 1}
        all_rows = [BatchRow(*row) for row in await statement.rows(session, **given)]
        return cut(all_rows[: page.limit], more=len(all_rows) > page.limit)
    pipelines = await _pipelines_of(session, wanted)
    pages = _Pages(organisation_id, wanted, pipelines, names, descending, place)
    ids = await pages.find(session, page.limit + 1)
    rows = await _SHOWN.rows(session, organisation_id=organisation_id, ids=ids)
    found: dict[UUID, BatchRow] = {row[0].id: BatchRow(*row) for row in rows}
    shown = [found[batch_id] for batch_id in ids[: page.limit] if batch_id in found]
    return cut(shown, more=len(ids) > page.limit)


@cache
def _all_in_order(
    names: tuple[str, ...], descending: bool, archived: bool, placed: bool
) -> QuickRead[Batch, PipelineRow, User]:
    """The next rows of an order without a filter, with everything that is shown of them: each list's first look.

    Its values are `organisation_id`, `most` and, behind a place, `place_0` and so on. Which rows is found first,
    in the index alone.
    """
    key = [*(_TABLE[name] for name in names), _TABLE.id]
    ids = select(_TABLE.id).where(_TABLE.organisation_id == bindparam("organisation_id"))
    ids = ids.where(_TABLE.archived_at.is_not(None) if archived else _TABLE.archived_at.is_(None))
    if placed:
        place = tuple_(*(bindparam(f"place_{number}", type_=column.type) for number, column in enumerate(key)))
        ids = ids.where(tuple_(*key) < place if descending else tuple_(*key) > place)
    order = [column.desc() if descending else column.asc() for column in key]
    return QuickRead(BATCHES_OF.where(Batch.id.in_(ids.order_by(*order).limit(bindparam("most")))).order_by(*order))


@raises(PipelineUnknown)
async def count_batches(session: AsyncSession, organisation_id: UUID, wanted: BatchFilter) -> dict[str, int]:
    """How many batches match, by status; statuses without any are missing."""
    pipelines = await _pipelines_of(session, wanted)
    pages = _Pages(organisation_id, wanted, pipelines, SORTS["created_at"], True, None)
    archived = Batch.archived_at.is_not(None)
    query = select(Batch.status, func.count()).where(Batch.organisation_id == organisation_id)
    query = query.where(archived if wanted.archived else ~archived, *pages.all_opened())
    rows = (await session.execute(query.where(*pages._others(_TABLE, None)).group_by(Batch.status))).all()
    return {row[0]: row[1] for row in rows}


async def _pipelines_of(session: AsyncSession, wanted: BatchFilter) -> Sequence[int] | None:
    """Ids of the pipelines, one of which is the first of each batch that is wanted and may be seen; None for any."""
    asked = await _pipeline_ids(session, wanted.pipeline) if wanted.pipeline else None
    if wanted.opened is None:
        return asked
    query = select(PipelineRow.id).where(PipelineRow.key.in_(wanted.opened))
    opened = (await session.execute(query)).scalars().all()
    return opened if asked is None else [one for one in asked if one in opened]


async def _pipeline_ids(session: AsyncSession, key_or_id: str) -> Sequence[int]:
    matches: ColumnElement[bool] = PipelineRow.key == key_or_id
    if key_or_id.isascii() and key_or_id.isdecimal() and len(key_or_id) < 10:
        matches = or_(matches, PipelineRow.id == int(key_or_id))
    found = (await session.execute(select(PipelineRow.id).where(matches))).scalars().all()
    if not found:
        keys = (await session.execute(select(PipelineRow.key).order_by(PipelineRow.key))).scalars().all()
        raise PipelineUnknown(f"There is no pipeline {key_or_id[:60]!r}. There are: {', '.join(keys)}.")
    return found


def opens_others(pipelines: Collection[str] | None) -> list[ColumnElement[bool]]:
    """Of a batch with several pipelines, whose parameters stand under their keys, each must be opened."""
    if pipelines is None:
        return []
    others = _TABLE.settings.op("-")(cast(sorted(pipelines), ARRAY(Text)))
    return [or_(_TABLE.total_pipelines == 1, others == cast({}, JSONB))]


@dataclass(frozen=True, slots=True)
class _Pages:
    """The queries of one list. `order` names its columns, `place` is the key of the last row of the page before."""

    organisation_id: UUID
    wanted: BatchFilter
    pipelines: Sequence[int] | None
    order: Sequence[str]
    descending: bool
    place: Sequence[Any] | None

    def all_opened(self) -> list[ColumnElement[bool]]:
        return opens_others(self.wanted.opened)

    async def find(self, session: AsyncSession, limit: int) -> list[UUID]:
        """Ids of the first `limit` rows after the place, in order."""
        column, values = self._group()
        if column and not values:
            return []
        near = self._next_rows(column, values, WINDOW if self._others(_TABLE, column) else limit)
        matching = self._sorted(select(near.c.id).where(*self._others(near.c, column)), near.c, limit)
        ids = func.array(matching.scalar_subquery(), type_=ARRAY(Uuid))
        seen = select(func.count()).select_from(near).scalar_subquery()
        share = owned_share(self.organisation_id) if self.wanted.search else literal(0.0)
        found, tried, owned = (await session.execute(select(ids, seen, share))).one()
        if len(found) == limit or tried < WINDOW:
            return list(found)
        return list((await session.execute(self._rare(limit, alone=owned >= ALONE))).scalars())

    def _group(self) -> tuple[str | None, Sequence[Any]]:
        """The column of the filter that has indexes in this order, one run for each of its values."""
        if self.wanted.statuses and self.order[0] in ("created_at", "status"):
            return "status", tuple(dict.fromkeys(self.wanted.statuses))
        if self.pipelines is not None and self.order[0] == "created_at":
            return "pipeline_id", self.pipelines
        return None, ()

    def _next_rows(self, column: str | None, values: Sequence[Any], limit: int) -> CTE:
        """The next rows of the order: for each value of the column those that its run of the index has, merged."""
        runs = [self._base().where(_TABLE[column] == value) for value in values] if column else [self._base()]
        parts = [self._sorted(run, _TABLE, limit) for run in runs]
        if len(parts) == 1:
            return _materialized(parts[0])
        merged = union_all(*(select(part.subquery()) for part in parts)).subquery()
        return _materialized(self._sorted(select(merged), merged.c, limit))

    def _rare(self, limit: int, *, alone: bool) -> Select[UUID]:
        """All rows of the filter, through its own index, sorted. `alone`: no other organisation has batches."""
        conditions = self._others(_TABLE, None)
        if self.wanted.search:
            conditions.append(may_mention(_TABLE, self.organisation_id, self.wanted.search, alone=alone))
        found = _materialized(self._base().where(*conditions))
        return self._sorted(select(found.c.id), found.c, limit)

    def _base(self) -> Select[Any]:
        columns = ("id", "status", "pipeline_id", "customer_prefix", "name", "base_directory_name")
        query: Select[Any] = select(*(_TABLE[name] for name in (*columns, "created_at", "total_files")))
        archived = _TABLE.archived_at.is_not(None) if self.wanted.archived else _TABLE.archived_at.is_(None)
        query = query.where(_TABLE.organisation_id == self.organisation_id, archived)
        query = query.where(*self.all_opened())
        if self.place is not None:
            key, place = tuple_(*(_TABLE[name] for name in self.order), _TABLE.id), tuple_(*map(literal, self.place))
            query = query.where(key < place if self.descending else key > place)
        return query

    def _sorted(self, query: Select[Any], columns: Any, limit: int) -> Select[Any]:
        order = [columns[name] for name in (*self.order, "id")]
        return query.order_by(*(column.desc() if self.descending else column.asc() for column in order)).limit(limit)

    def _others(self, columns: Any, grouped: str | None) -> list[ColumnElement[bool]]:
        """The conditions of the filter that the group does not hold already."""
        wanted = self.wanted
        found: list[ColumnElement[bool]] = []
        if wanted.statuses and grouped != "status":
            found.append(columns.status.in_(wanted.statuses))
        if self.pipelines is not None and grouped != "pipeline_id":
            found.append(columns.pipeline_id.in_(self.pipelines))
        if wanted.created_after:
            found.append(columns.created_at > wanted.created_after)
        if wanted.customer:
            # Not LIKE: its pattern would have to be known when the statement is planned. Prefixes are in capitals.
            prefix = wanted.customer.upper()
            found.append(columns.customer_prefix.bool_op("~>=~")(prefix))
            found.append(columns.customer_prefix.bool_op("~<~")(prefix + _LAST_CHARACTER))
        if wanted.search:
            found.append(mentions(columns, wanted.search))
        return found


def _materialized(query: Any) -> CTE:
    """A step of its own, which the planner does not merge with what comes after."""
    step: CTE = query.cte(nesting=True).prefix_with("materialized")
    return step
