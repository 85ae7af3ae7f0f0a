"""Schedules: templates that run at certain times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from app.auth.dependencies import ManagerDep, ReaderDep, SubmitterDep
from app.automation import repository, schedules
from app.automation.dependencies import TemplateRunnerDep
from app.automation.models import Schedule, Template
from app.automation.schemas import (
    Cron,
    EndsAt,
    RunPage,
    RunRead,
    ScheduleCreate,
    SchedulePage,
    SchedulePreview,
    ScheduleRead,
    ScheduleRunNow,
    ScheduleUpdate,
)
from app.automation.times import in_words, next_times, notes_on
from app.batches.schemas import BatchCreated
from app.batches.service import database_now
from app.idempotency.dependencies import OnceDep
from app.kit.declarations import raises, sends
from app.kit.dependencies import PageDep, SessionDep
from app.kit.schemas import Zone

router = APIRouter(prefix="/api/schedules", tags=["automation"])
SHOWN_TIMES = 5


async def _read(session: SessionDep, rows: Sequence[tuple[Schedule, Template]]) -> list[ScheduleRead]:
    last = await repository.list_last_runs(session, [schedule.id for schedule, _ in rows])
    return [_schedule(schedule, template, last.get(schedule.id)) for schedule, template in rows]


def _schedule(schedule: Schedule, template: Template, last: object) -> ScheduleRead:
    first = schedule.next_run_at.astimezone(ZoneInfo(schedule.time_zone))
    times = [first, *next_times(schedule.cron, schedule.time_zone, first, SHOWN_TIMES - 1)]
    coming = [] if schedule.paused_at else _until(schedule.ends_at, times)
    return ScheduleRead.of(
        schedule,
        template_name=template.name,
        words=in_words(schedule.cron),
        notes=notes_on(schedule.cron),
        next_runs=coming,
        due_at=schedule.due_at.astimezone(first.tzinfo) if coming and schedule.due_at else None,
        last_run=RunRead.of(last) if last else None,
    )


def _until(end: datetime | None, times: Sequence[datetime]) -> list[datetime]:
    return [moment for moment in times if end is None or moment <= end]


@router.get("/preview")
async def preview_schedule(
    cron: Annotated[Cron, Query()],
    session: SessionDep,
    caller: ReaderDep,
    time_zone: Annotated[Zone, Query()] = "UTC",
    ends_at: Annotated[EndsAt | None, Query()] = None,
) -> SchedulePreview:
    """What an expression or words mean, and the next five times in the zone."""
    times = _until(ends_at, next_times(cron, time_zone, await database_now(session), SHOWN_TIMES))
    return SchedulePreview(cron=cron, words=in_words(cron), notes=notes_on(cron), time_zone=time_zone, next_runs=times)


@router.post("", status_code=201)
@raises(schedules.add_schedule)
@sends("Location")
async def create_schedule(
    body: ScheduleCreate, session: SessionDep, caller: ManagerDep, runner: TemplateRunnerDep, once: OnceDep
) -> ScheduleRead:
    """Run a template at certain times."""

    async def make() -> ScheduleRead:
        return _schedule(*await schedules.add_schedule(session, caller, runner, body), None)

    return await once.answer(session, body, make, ScheduleRead, location="/api/schedules/{id}")


@router.get("")
async def list_schedules(session: SessionDep, caller: ReaderDep, page: PageDep) -> SchedulePage:
    """The organisation's schedules, oldest first."""
    found = await repository.list_schedules(session, caller, page)
    return SchedulePage(schedules=await _read(session, found.rows), next_cursor=found.next_cursor)


@router.get("/{schedule_id}")
@raises(schedules.get_schedule)
async def get_schedule(schedule_id: UUID, session: SessionDep, caller: ReaderDep) -> ScheduleRead:
    """One schedule with its next times and its last run."""
    return (await _read(session, [await schedules.get_schedule(session, caller, schedule_id)]))[0]


@router.patch("/{schedule_id}")
@raises(schedules.update_schedule)
async def update_schedule(
    schedule_id: UUID, body: ScheduleUpdate, session: SessionDep, caller: ManagerDep, runner: TemplateRunnerDep
) -> ScheduleRead:
    """Change a schedule."""
    changed = await schedules.update_schedule(session, caller, runner, schedule_id, body)
    return (await _read(session, [changed]))[0]


@router.delete("/{schedule_id}", status_code=204)
@raises(schedules.delete_schedule)
async def delete_schedule(schedule_id: UUID, session: SessionDep, caller: ManagerDep) -> None:
    """Remove a schedule; the batches it made stay."""
    await schedules.delete_schedule(session, caller, schedule_id)


@router.post("/{schedule_id}/pause")
@raises(schedules.pause_schedule)
async def pause_schedule(schedule_id: UUID, session: SessionDep, caller: ManagerDep) -> ScheduleRead:
    """Fire no more until it is resumed."""
    return (await _read(session, [await schedules.pause_schedule(session, caller, schedule_id, paused=True)]))[0]


@router.post("/{schedule_id}/resume")
@raises(schedules.pause_schedule)
async def resume_schedule(schedule_id: UUID, session: SessionDep, caller: ManagerDep) -> ScheduleRead:
    """Fire again from the next time on."""
    return (await _read(session, [await schedules.pause_schedule(session, caller, schedule_id, paused=False)]))[0]


@router.post("/{schedule_id}/run", status_code=201)
@raises(schedules.run_now)
@sends("Location")
async def run_schedule(
    schedule_id: UUID,
    session: SessionDep,
    caller: SubmitterDep,
    runner: TemplateRunnerDep,
    once: OnceDep,
    body: ScheduleRunNow | None = None,
) -> BatchCreated:
    """Fire at once, besides its times, with its parameters and limit."""
    return await once.answer(
        session,
        body,
        lambda: schedules.run_now(session, caller, runner, schedule_id, body or ScheduleRunNow()),
        BatchCreated,
        location="/api/batches/{batch_id}",
    )


@router.get("/{schedule_id}/runs")
@raises(schedules.get_schedule)
async def list_schedule_runs(schedule_id: UUID, session: SessionDep, caller: ReaderDep, page: PageDep) -> RunPage:
    """Every time the schedule was due in the last 90 days, newest first."""
    await schedules.get_schedule(session, caller, schedule_id)
    found = await repository.list_runs(session, schedule_id, page)
    return RunPage(runs=[RunRead.of(row) for row in found.rows], next_cursor=found.next_cursor)
