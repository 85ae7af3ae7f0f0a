"""Schedules: made, changed, paused, and fired. Every time is read from the database's clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.audit.actions import Action
from app.audit.record import Target, record
from app.auth.caller import Caller, acting_for
from app.auth.errors import PermissionMissing
from app.auth.models import User
from app.auth.ownership import check_owner
from app.auth.permissions import Permission
from app.automation import repository, service
from app.automation.errors import RunActive, ScheduleNotFound
from app.automation.models import Schedule, ScheduleRun, Template
from app.automation.schemas import ScheduleCreate, ScheduleRunNow, ScheduleUpdate, TemplateRun
from app.automation.service import TemplateRunner
from app.automation.template_items import SOURCE
from app.automation.times import next_times, times_missed
from app.batches.schemas import BatchCreated
from app.batches.service import database_now
from app.kit.declarations import raises
from app.kit.errors import existing
from app.kit.words import quantity

MOST_CAUGHT_UP: Final = 100
"""Times that `catch_up` makes up for, the latest."""
LATE: Final = timedelta(minutes=1)
"""From then on a time counts as missed: a process that is started again takes less."""
RUNS_KEPT: Final = timedelta(days=90)


@raises(ScheduleNotFound)
async def get_schedule(session: AsyncSession, caller: Caller, schedule_id: UUID) -> tuple[Schedule, Template]:
    """The schedule and its template; raises ScheduleNotFound (404)."""
    return existing(await repository.find_schedule(session, caller, schedule_id), ScheduleNotFound)


@raises(get_schedule, check_owner)
async def get_own_schedule(session: AsyncSession, caller: Caller, schedule_id: UUID) -> tuple[Schedule, Template]:
    """The schedule and its template, for a change; raises ScheduleNotFound (404) or NotOwner (403)."""
    schedule, template = await get_schedule(session, caller, schedule_id)
    await check_owner(session, caller, schedule.created_by)
    return schedule, template


@raises(service.get_template, TemplateRunner.check, TemplateRunner.with_params)
async def add_schedule(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, body: ScheduleCreate
) -> tuple[Schedule, Template]:
    """A new schedule; its batches are the caller's."""
    template = await service.get_template(session, caller, body.template_id)
    await _check(session, caller, runner, template, body.params)
    schedule = Schedule(
        organisation_id=caller.organisation_id,
        created_by=caller.user_id,
        **(body.model_dump() | {"name": body.name or template.name}),
    )
    _set_next(schedule, await database_now(session))
    session.add(schedule)
    await session.flush()
    await record(session, caller, Action.SCHEDULE_CREATED, target=_target(schedule), details={"cron": schedule.cron})
    return schedule, template


async def _check(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, template: Template, params: Mapping[str, Any]
) -> None:
    """Refuse a schedule whose template cannot run now with its parameters."""
    await session.refresh(template, ["source"])
    source = await asyncio.to_thread(SOURCE.validate_python, template.source)
    await runner.check(session, caller, await runner.with_params(caller, template, params), source)


@raises(get_own_schedule, service.get_template, TemplateRunner.check, TemplateRunner.with_params)
async def update_schedule(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, schedule_id: UUID, body: ScheduleUpdate
) -> tuple[Schedule, Template]:
    """Change what was sent; the next run is found anew."""
    schedule, template = await get_own_schedule(session, caller, schedule_id)
    if body.template_id:
        template = await service.get_template(session, caller, body.template_id)
    if body.template_id or body.params is not None:
        await _check(session, caller, runner, template, schedule.params if body.params is None else body.params)
    for name, value in body.changes().items():
        setattr(schedule, name, value)
    now = await database_now(session)
    schedule.updated_at = now
    _set_next(schedule, now)
    await session.flush()
    details = {"members": sorted(body.model_fields_set), "cron": schedule.cron}
    await record(session, caller, Action.SCHEDULE_UPDATED, target=_target(schedule), details=details)
    return schedule, template


@raises(get_own_schedule)
async def delete_schedule(session: AsyncSession, caller: Caller, schedule_id: UUID) -> None:
    """Remove a schedule; the batches it made stay."""
    schedule, _ = await get_own_schedule(session, caller, schedule_id)
    await session.delete(schedule)
    await record(session, caller, Action.SCHEDULE_DELETED, target=_target(schedule))


def _target(schedule: Schedule) -> Target:
    return Target("schedule", schedule.id, schedule.name)


@raises(get_own_schedule)
async def pause_schedule(
    session: AsyncSession, caller: Caller, schedule_id: UUID, *, paused: bool
) -> tuple[Schedule, Template]:
    """Fire no more, or again from the next time on: what was missed meanwhile is not made up for."""
    schedule, template = await get_own_schedule(session, caller, schedule_id)
    now = await database_now(session)
    if paused and schedule.paused_at is None:
        schedule.paused_at = now
    elif not paused and schedule.paused_at:
        schedule.paused_at = None
        _set_next(schedule, now)
    await session.flush()
    await record(session, caller, Action.SCHEDULE_UPDATED, target=_target(schedule), details={"paused": paused})
    return schedule, template


def _set_next(schedule: Schedule, after: datetime) -> None:
    """Find the next time behind a moment, and when its run starts."""
    schedule.next_run_at = next_times(schedule.cron, schedule.time_zone, after)[0]
    later = timedelta(seconds=random.uniform(0, schedule.jitter_seconds or 0))
    schedule.due_at = schedule.next_run_at + later if later else None


def _run_of(schedule: Schedule) -> TemplateRun:
    options = {"params": schedule.params} if schedule.params else {}
    return TemplateRun(options=options, limit=schedule.limit)


@raises(get_schedule, TemplateRunner.run, RunActive)
async def run_now(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, schedule_id: UUID, body: ScheduleRunNow
) -> BatchCreated:
    """Fire at once, besides its times; raises RunActive (409) if that is not to be and a run has not ended."""
    schedule, template = await get_schedule(session, caller, schedule_id)
    if body.unless_active:
        await repository.lock_schedule(session, schedule.id)
        if status := await repository.find_active_run(session, schedule):
            raise RunActive(f"A run of this schedule has not ended: {_HOLDING.get(status, WORKS)}.")
    await session.refresh(template, ["source"])
    created = await runner.run(session, caller, template, _run_of(schedule), relation="schedule")
    fire_at = await database_now(session)
    await repository.add_run(session, schedule.id, fire_at, "started", reason="run now", batch_id=created.batch_id)
    return created


WORKS: Final = "the run before still works"
_HOLDING: Final = {
    "paused": "the run before is paused: resume it, cancel it, or let paused runs pass (paused_run)",
    "draft": "the run before is a draft that was not started: start it or delete it",
}


async def fire(session: AsyncSession, runner: TemplateRunner, schedule_id: UUID) -> None:
    """Do what is due: once, also when several times were missed; raises what the submission does.

    The row is locked, the run has a key of its own, and both are written with the batch: a second process that finds
    the schedule due at the same time finds nothing to do.
    """
    found = await repository.claim_due(session, schedule_id)
    if found is None:
        return
    schedule, template, user = found
    fire_at, missed = await _move_on(session, schedule)
    if missed:
        await repository.add_run(session, schedule.id, fire_at, "skipped", reason=missed)
        return
    holding = await repository.find_active_run(session, schedule) if schedule.overlap != "allow" else None
    if holding:
        waiting = await repository.count_waiting(session, schedule.id) if schedule.overlap == "queue" else 0
        waits = schedule.overlap == "queue" and waiting < schedule.max_waiting
        why = _HOLDING.get(holding, WORKS)
        why = f"waits: {why}" if waits else f"{quantity(waiting, 'run')} already waiting; {why}" if waiting else why
        await repository.add_run(session, schedule.id, fire_at, "waiting" if waits else "skipped", reason=why)
    elif await repository.add_run(session, schedule.id, fire_at, "started"):
        await _start(session, runner, schedule, template, user, fire_at)


async def fire_waiting(session: AsyncSession, runner: TemplateRunner, schedule_id: UUID) -> None:
    """Start the first run that waits, when the one before has ended."""
    found = await repository.claim_waiting(session, schedule_id)
    if found is None or await repository.find_active_run(session, found[0]):
        return
    run = await repository.find_first_waiting(session, schedule_id)
    if run:
        schedule, template, user = found
        await _start(session, runner, schedule, template, user, run.fire_at)


async def record_failure(session: AsyncSession, schedule_id: UUID, reason: str, *, waiting: bool) -> None:
    """Note on the schedule that what was due could not be submitted, and go on with the next time."""
    found = await (repository.claim_waiting if waiting else repository.claim_due)(session, schedule_id)
    if found is None:
        return
    schedule = found[0]
    await _note_failure(session, schedule, reason)
    if not waiting:
        fire_at, _ = await _move_on(session, schedule)
        await repository.add_run(session, schedule_id, fire_at, "failed", reason=reason)
    elif run := await repository.find_first_waiting(session, schedule_id):
        run.status, run.reason = "failed", reason


async def give_up(session: AsyncSession, schedule_id: UUID, reason: str) -> None:
    """Pause a schedule whose next time cannot be found: it would be due for ever."""
    if found := await repository.claim_waiting(session, schedule_id):
        found[0].paused_at = await database_now(session)
        await _note_failure(session, found[0], reason)


async def _note_failure(session: AsyncSession, schedule: Schedule, reason: str) -> None:
    schedule.last_error, schedule.last_error_at = reason, await database_now(session)
    schedule.failures += 1
    await session.flush()


async def _move_on(session: AsyncSession, schedule: Schedule) -> tuple[datetime, str | None]:
    """Set the next time; returns the one that is due, and why nothing is to be done for it."""
    now, fire_at, missed = await database_now(session), schedule.next_run_at, None
    times = times_missed(schedule.cron, schedule.time_zone, fire_at, now, MOST_CAUGHT_UP)
    behind = now
    if schedule.catch_up == "all":
        fire_at = behind = times[0]
    elif schedule.catch_up == "skip":
        late = now - max(times[-1], schedule.due_at or times[-1])
        if late > LATE:
            missed = (
                f"missed by {quantity(int(late.total_seconds() // 60), 'minute')}, as nothing ran that could start it"
            )
        else:
            fire_at = times[-1]
    _set_next(schedule, behind)
    old = (ScheduleRun.schedule_id == schedule.id, ScheduleRun.fire_at < now - RUNS_KEPT)
    await session.execute(delete(ScheduleRun).where(*old, ScheduleRun.status != "waiting"))
    await session.flush()
    return fire_at, missed


async def _start(
    session: AsyncSession, runner: TemplateRunner, schedule: Schedule, template: Template, user: User, fire_at: datetime
) -> None:
    caller = acting_for(user, f"schedule {schedule.name}")
    if Permission.SUBMIT not in caller.permissions:
        raise PermissionMissing(Permission.SUBMIT, f"{user.name}, who made the schedule, may not submit any more.")
    created = await runner.run(session, caller, template, _run_of(schedule), relation="schedule")
    schedule.failures = 0
    run = await session.get_one(ScheduleRun, (schedule.id, fire_at))
    run.status, run.reason, run.batch_id = "started", None, created.batch_id
    await session.flush()
