"""Rows of templates, schedules and their runs. Every query for a caller takes the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, case, cast, func, select, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.auth.models import User
from app.automation.models import Schedule, ScheduleRun, Template
from app.batches.models import Batch, Job
from app.batches.states import BATCH_TERMINAL
from app.kit.pages import Page, PageRequest, paginate, paginate_one

_SEVERAL: Final = func.coalesce(Template.options["pipelines"], cast([], JSONB))
_ONE: Final = Template.options["pipeline"]
_PIPELINES: Final = type_coerce(case((_ONE.is_(None), _SEVERAL), else_=_SEVERAL.op("||")(_ONE)), JSONB)
"""The names of its pipelines as options have them: keys, or ids, which no key opens."""


def _of(caller: Caller) -> tuple[ColumnElement[bool], ...]:
    """The caller's templates: of a key that is limited to pipelines, those that name no other."""
    mine = Template.organisation_id == caller.organisation_id
    return (mine,) if caller.pipelines is None else (mine, _PIPELINES.contained_by(sorted(caller.pipelines)))


async def find_template(session: AsyncSession, caller: Caller, template_id: UUID) -> Template | None:
    query = select(Template).where(Template.id == template_id, *_of(caller))
    return (await session.execute(query)).scalar_one_or_none()


async def list_templates(session: AsyncSession, caller: Caller, page: PageRequest) -> Page[Template]:
    """By name."""
    query = select(Template).where(*_of(caller))
    return await paginate_one(session, query, page, key=(Template.name, Template.id))


async def list_sources_of_batch(session: AsyncSession, batch_id: UUID) -> Sequence[Any]:
    """What the jobs of a batch were made of, by sequence, each thing once though several pipelines worked on it."""
    columns = (Job.source_type, Job.file_id, Job.source_url, Job.record, Job.filename)
    query = select(*columns).where(Job.batch_id == batch_id).ext(distinct_on(Job.item))
    return (await session.execute(query.order_by(Job.item, Job.sequence))).all()


def _schedules() -> Select[Schedule, Template]:
    return select(Schedule, Template).join(Template, Template.id == Schedule.template_id)


async def find_schedule(session: AsyncSession, caller: Caller, schedule_id: UUID) -> tuple[Schedule, Template] | None:
    """A schedule of the caller's organisation with its template."""
    query = _schedules().where(
        Schedule.id == schedule_id, Schedule.organisation_id == caller.organisation_id, *_of(caller)
    )
    row = (await session.execute(query)).first()
    return (row[0], row[1]) if row else None


async def list_schedules(session: AsyncSession, caller: Caller, page: PageRequest) -> Page[Row[Schedule, Template]]:
    """Oldest first."""
    query = _schedules().where(Schedule.organisation_id == caller.organisation_id, *_of(caller))
    return await paginate(session, query, page, key=(Schedule.id,))


async def list_due(session: AsyncSession, limit: int) -> Sequence[UUID]:
    """Schedules whose time has come, by the database's clock."""
    due = Schedule.paused_at.is_(None) & (Schedule.next_run_at <= func.clock_timestamp())
    query = select(Schedule.id).where(due).order_by(Schedule.next_run_at).limit(limit)
    return (await session.execute(query)).scalars().all()


async def claim_due(session: AsyncSession, schedule_id: UUID) -> tuple[Schedule, Template, User] | None:
    """The schedule if it is still due, locked; None when another process has it."""
    due = Schedule.paused_at.is_(None) & (Schedule.next_run_at <= func.clock_timestamp())
    query = _schedules().add_columns(User).join(User, User.id == Schedule.created_by)
    query = query.where(Schedule.id == schedule_id, due).with_for_update(of=Schedule, skip_locked=True)
    row = (await session.execute(query)).first()
    return (row[0], row[1], row[2]) if row else None


async def claim_waiting(session: AsyncSession, schedule_id: UUID) -> tuple[Schedule, Template, User] | None:
    """The schedule, locked, whatever its time is."""
    query = _schedules().add_columns(User).join(User, User.id == Schedule.created_by)
    query = query.where(Schedule.id == schedule_id).with_for_update(of=Schedule, skip_locked=True)
    row = (await session.execute(query)).first()
    return (row[0], row[1], row[2]) if row else None


async def add_run(session: AsyncSession, schedule_id: UUID, fire_at: datetime, status: str, **more: Any) -> bool:
    """Write that a schedule was due; False when somebody has written it before."""
    row = {"schedule_id": schedule_id, "fire_at": fire_at, "status": status, **more}
    statement = insert(ScheduleRun).values(row).on_conflict_do_nothing().returning(ScheduleRun.fire_at)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def has_active_run(session: AsyncSession, schedule_id: UUID) -> bool:
    """Whether a batch of the schedule has not ended yet."""
    query = select(Batch.id).join(ScheduleRun, ScheduleRun.batch_id == Batch.id)
    query = query.where(ScheduleRun.schedule_id == schedule_id, Batch.status.not_in(BATCH_TERMINAL)).limit(1)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def count_waiting(session: AsyncSession, schedule_id: UUID) -> int:
    query = select(func.count()).where(ScheduleRun.schedule_id == schedule_id, ScheduleRun.status == "waiting")
    return int((await session.execute(query)).scalar_one())


async def list_waiting_schedules(session: AsyncSession) -> Sequence[UUID]:
    """Schedules that have a run which waits for the one before."""
    query = select(ScheduleRun.schedule_id).where(ScheduleRun.status == "waiting").distinct()
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
