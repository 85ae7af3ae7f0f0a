"""Rows of templates, schedules and their runs. Every query for a caller takes the organisation."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Row, Select, Text, case, cast, exists, func, or_, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from app.auth.caller import Caller
from app.auth.live import is_disabled
from app.auth.models import User
from app.automation.models import Schedule, ScheduleRun, Template
from app.batches.extensions import EXTENSIONS
from app.batches.models import Batch, Job
from app.batches.states import BATCH_TERMINAL
from app.kit.pages import AT_ONCE, Page, PageRequest, paginate, paginate_one

_SEVERAL: Final = func.coalesce(Template.options["pipelines"], cast([], JSONB))
_ONE: Final = Template.options["pipeline"]
_PIPELINES: Final = type_coerce(case((_ONE.is_(None), _SEVERAL), else_=_SEVERAL.op("||")(_ONE)), JSONB)
"""The names of its pipelines as options have them: keys, or ids, which no key opens."""


_GOES_ON: Final = ~is_disabled(Schedule.organisation_id)


def _of(caller: Caller) -> tuple[ColumnElement[bool], ...]:
    """The caller's templates: of a key that is limited to pipelines, those that name no other and let none follow."""
    mine = Template.organisation_id == caller.organisation_id
    if caller.pipelines is None:
        return (mine,)
    others = [name for name, key in EXTENSIONS.starts.items() if key not in caller.pipelines]
    follow = (Template.options[name] == cast(True, JSONB) for name in others)
    return mine, _PIPELINES.contained_by(sorted(caller.pipelines)), *(~func.coalesce(one, False) for one in follow)


async def find_template(session: AsyncSession, caller: Caller, template_id: UUID) -> Template | None:
    query = select(Template).where(Template.id == template_id, *_of(caller))
    return (await session.execute(query)).scalar_one_or_none()


LONG: Final = 16 * 1024
"""Characters of a source from which on lists leave its items out."""
_SOURCE: Final = type_coerce(
    case((func.length(cast(Template.source, Text)) < LONG, Template.source), else_=Template.source.op("-")("items")),
    JSONB,
).label("shown_source")
_ITEMS: Final = case(
    (Template.source["type"].astext == "items", func.jsonb_array_length(Template.source["items"]))
).label("items_count")


async def list_templates(
    session: AsyncSession, caller: Caller, page: PageRequest
) -> Page[Row[Template, dict[str, Any], int | None]]:
    """By name, each with its source, without the items of a long one, and how many items it has of its own."""
    query = select(Template, _SOURCE, _ITEMS).options(defer(Template.source, raiseload=True)).where(*_of(caller))
    return await paginate(session, query, page, key=(Template.name, Template.id))


async def list_sources_of_batch(session: AsyncSession, batch_id: UUID) -> AsyncIterator[Sequence[Any]]:
    """What the jobs of a batch were made of, by sequence, in parts: each thing once though several pipelines worked on
    it, records as JSON texts."""
    columns = (Job.source_type, Job.file_id, Job.source_url, cast(Job.record, Text), Job.filename)
    query = select(*columns).where(Job.batch_id == batch_id).ext(distinct_on(Job.item))
    query = query.order_by(Job.item, Job.sequence).execution_options(yield_per=AT_ONCE)
    async for part in (await session.stream(query)).partitions():
        yield part


def _schedules() -> Select[Schedule, Template]:
    return select(Schedule, Template).join(Template, Template.id == Schedule.template_id)


async def find_schedule(session: AsyncSession, caller: Caller, schedule_id: UUID) -> tuple[Schedule, Template] | None:
    """A schedule of the caller's organisation with its template."""
    query = _schedules().options(defer(Template.source, raiseload=True))
    query = query.where(Schedule.id == schedule_id, Schedule.organisation_id == caller.organisation_id, *_of(caller))
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def list_schedules(session: AsyncSession, caller: Caller, page: PageRequest) -> Page[Row[Schedule, Template]]:
    """Oldest first."""
    query = _schedules().options(defer(Template.source, raiseload=True))
    query = query.where(Schedule.organisation_id == caller.organisation_id, *_of(caller))
    return await paginate(session, query, page, key=(Schedule.id,))


SOON: Final = 2.5
"""Seconds: longer than the lookout's interval, so that each schedule is seen before its time."""
_SOON: Final = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, SOON)
_WAITING: Final = (ScheduleRun.schedule_id == Schedule.id) & (ScheduleRun.status == "waiting")
_ACTIVE: Final = Schedule.paused_at.is_(None) & or_(
    Schedule.ends_at.is_(None), Schedule.next_run_at <= Schedule.ends_at
)
_DUE_AT: Final = func.greatest(Schedule.next_run_at, Schedule.due_at)
"""Releases before jitters leave `due_at` where it was."""


def _due_by(moment: Any) -> ColumnElement[bool]:
    due: ColumnElement[bool] = _ACTIVE & (Schedule.next_run_at <= moment) & (moment >= _DUE_AT) & _GOES_ON
    return due


_COMES: Final = _due_by(_SOON)
ANY_DUE: Final = exists().where(_COMES) | exists().where(_WAITING, _GOES_ON)
"""Whether the time of any schedule comes, or a run waits for the one before."""


async def seconds_to_next(session: AsyncSession) -> float | None:
    """How long it is to the next schedule that `ANY_DUE` sees before its time."""
    left = func.extract("epoch", func.min(_DUE_AT) - func.clock_timestamp())
    query = select(cast(left, Float)).where(_COMES, func.clock_timestamp() < _DUE_AT)
    found: float | None = (await session.execute(query)).scalar_one()
    return found


async def list_due(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Schedules whose time has come, by the database's clock."""
    query = select(Schedule.id).where(_due_by(func.clock_timestamp())).order_by(Schedule.next_run_at).limit(limit)
    return (await session.execute(query)).scalars().all()


async def claim_due(session: AsyncSession, schedule_id: UUID) -> tuple[Schedule, Template, User] | None:
    """The schedule if it is still due, locked; None when another process has it."""
    due = _due_by(func.clock_timestamp())
    query = _schedules().add_columns(User).join(User, User.id == Schedule.created_by)
    query = query.where(Schedule.id == schedule_id, due).with_for_update(of=Schedule, skip_locked=True)
    row = (await session.execute(query)).first()
    return (row[0], row[1], row[2]) if row else None


async def claim_waiting(session: AsyncSession, schedule_id: UUID) -> tuple[Schedule, Template, User] | None:
    """The schedule, locked, whatever its time is."""
    query = _schedules().add_columns(User).join(User, User.id == Schedule.created_by)
    query = query.where(Schedule.id == schedule_id, _GOES_ON).with_for_update(of=Schedule, skip_locked=True)
    row = (await session.execute(query)).first()
    return (row[0], row[1], row[2]) if row else None


async def add_run(session: AsyncSession, schedule_id: UUID, fire_at: datetime, status: str, **more: Any) -> bool:
    """Write that a schedule was due; False when somebody has written it before."""
    row = {"schedule_id": schedule_id, "fire_at": fire_at, "status": status, **more}
    statement = insert(ScheduleRun).values(row).on_conflict_do_nothing().returning(ScheduleRun.fire_at)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def find_active_run(session: AsyncSession, schedule: Schedule) -> str | None:
    """The status of a batch of the schedule that has not ended yet, and holds up the next one; rather not `paused`."""
    query = select(Batch.status).join(ScheduleRun, ScheduleRun.batch_id == Batch.id)
    query = query.where(ScheduleRun.schedule_id == schedule.id, Batch.status.not_in(BATCH_TERMINAL))
    if schedule.paused_run == "passes":
        query = query.where(Batch.status != "paused")
    return (await session.execute(query.order_by(Batch.status == "paused").limit(1))).scalar_one_or_none()


async def lock_schedule(session: AsyncSession, schedule_id: UUID) -> None:
    """Wait for whoever fires it, and keep others from it until the transaction's end."""
    await session.execute(select(Schedule.id).where(Schedule.id == schedule_id).with_for_update())


async def count_waiting(session: AsyncSession, schedule_id: UUID) -> int:
    query = select(func.count()).where(ScheduleRun.schedule_id == schedule_id, ScheduleRun.status == "waiting")
    return int((await session.execute(query)).scalar_one())


async def list_waiting_schedules(session: AsyncSession) -> Sequence[UUID]:
    """Schedules that have a run which waits for the one before."""
    query = select(ScheduleRun.schedule_id).join(Schedule, Schedule.id == ScheduleRun.schedule_id)
    query = query.where(ScheduleRun.status == "waiting", _GOES_ON).distinct()
    return (await session.execute(query)).scalars().all()


async def find_first_waiting(session: AsyncSession, schedule_id: UUID) -> ScheduleRun | None:
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id, ScheduleRun.status == "waiting")
    return (await session.execute(query.order_by(ScheduleRun.fire_at).limit(1))).scalar_one_or_none()


async def list_runs(session: AsyncSession, schedule_id: UUID, page: PageRequest) -> Page[ScheduleRun]:
    """Newest first."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id == schedule_id)
    return await paginate_one(session, query, page, key=(ScheduleRun.fire_at,), descending=True)


async def list_last_runs(session: AsyncSession, schedule_ids: Sequence[UUID]) -> dict[UUID, ScheduleRun]:
    """The latest run of each schedule."""
    query = select(ScheduleRun).where(ScheduleRun.schedule_id.in_(schedule_ids))
    query = query.ext(distinct_on(ScheduleRun.schedule_id))
    query = query.order_by(ScheduleRun.schedule_id, ScheduleRun.fire_at.desc())
    return {run.schedule_id: run for run in (await session.execute(query)).scalars()}
