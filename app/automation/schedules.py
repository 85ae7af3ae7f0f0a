"""Schedules: made, changed, paused, and fired. Every time is read from the database's clock."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final
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
from app.automation.errors import ScheduleNotFound
from app.automation.models import Schedule, ScheduleRun, Template
from app.automation.schemas import ScheduleCreate, ScheduleUpdate, TemplateRun
from app.automation.service import TemplateRunner
from app.automation.template_items import SOURCE
from app.automation.times import next_times
from app.batches.schemas import BatchCreated
from app.batches.service import database_now
from app.kit.declarations import raises
from app.kit.errors import existing

MOST_WAITING: Final = 100
"""Runs of one schedule that wait for the one before; further ones are left out."""
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


@raises(service.get_template, TemplateRunner.check, TemplateRunner.clear)
async def add_schedule(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, body: ScheduleCreate
) -> tuple[Schedule, Template]:
    """A new schedule; its batches are the caller's."""
    template = await service.get_template(session, caller, body.template_id)
    await _check(session, caller, runner, template)
    now = await database_now(session)
    schedule = Schedule(
        organisation_id=caller.organisation_id,
        created_by=caller.user_id,
        next_run_at=next_times(body.cron, body.time_zone, now)[0],
        **(body.model_dump() | {"name": body.name or template.name}),
    )
    session.add(schedule)
    await session.flush()
    await record(session, caller, Action.SCHEDULE_CREATED, target=_target(schedule), details={"cron": schedule.cron})
    return schedule, template


async def _check(session: AsyncSession, caller: Caller, runner: TemplateRunner, template: Template) -> None:
    """Refuse a schedule whose template cannot run now."""
    source = await asyncio.to_thread(SOURCE.validate_python, template.source)
    await runner.check(session, caller, runner.clear(template), source)


@raises(get_own_schedule, service.get_template, TemplateRunner.check, TemplateRunner.clear)
async def update_schedule(
    session: AsyncSession, caller: Caller, runner: TemplateRunner, schedule_id: UUID, body: ScheduleUpdate
) -> tuple[Schedule, Template]:
    """Change what was sent; the next run is found anew."""
    schedule, template = await get_own_schedule(session, caller, schedule_id)
    if body.template_id:
        template = await service.get_template(session, caller, body.template_id)
        await _check(session, caller, runner, template)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(schedule, name, value)
    now = await database_now(session)
    schedule.updated_at = now
    schedule.next_run_at = next_times(schedule.cron, schedule.time_zone, now)[0]
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
        schedule.paused_at, schedule.next_run_at = None, next_times(schedule.cron, schedule.time_zone, now)[0]
    await session.flush()
    await record(session, caller, Action.SCHEDULE_UPDATED, target=_target(schedule), details={"paused": paused})
    return schedule, template


@raises(get_schedule, TemplateRunner.run)
async def run_now(session: AsyncSession, caller: Caller, runner: TemplateRunner, schedule_id: UUID) -> BatchCreated:
    """Fire at once, whatever still works; the next time stays where it is."""
    schedule, template = await get_schedule(session, caller, schedule_id)
    await session.refresh(template, ["source"])
    created = await runner.run(session, caller, template, TemplateRun(), relation="schedule")
    fire_at = await database_now(session)
    await repository.add_run(session, schedule.id, fire_at, "started", reason="run now", batch_id=created.batch_id)
    return created


async def fire(session: AsyncSession, runner: TemplateRunner, schedule_id: UUID) -> None:
    """Do what is due: once, also when several times were missed; raises what the submission does.

    The row is locked, the run has a key of its own, and both are written with the batch: a second process that finds
    the schedule due at the same time finds nothing to do.
    """
    found = await repository.claim_due(session, schedule_id)
    if found is None:
        return
    schedule, template, user = found
    fire_at = await _move_on(session, schedule)
    if schedule.overlap != "allow" and await repository.has_active_run(session, schedule.id):
        waits = schedule.overlap == "queue" and await repository.count_waiting(session, schedule.id) < MOST_WAITING
        status, reason = ("waiting", "waits for the run before") if waits else ("skipped", "the run before still works")
        await repository.add_run(session, schedule.id, fire_at, status, reason=reason)
    elif await repository.add_run(session, schedule.id, fire_at, "started"):
        await _start(session, runner, schedule, template, user, fire_at)


async def fire_waiting(session: AsyncSession, runner: TemplateRunner, schedule_id: UUID) -> None:
    """Start the first run that waits, when the one before has ended."""
    found = await repository.claim_waiting(session, schedule_id)
    if found is None or await repository.has_active_run(session, schedule_id):
        return
    run = await repository.find_first_waiting(session, schedule_id)
    if run:
        schedule, template, user = found
        await _start(session, runner, schedule, template, user, run.fire_at)


async def record_failure(session: AsyncSession, schedule_id: UUID, reason: str, *, waiting: bool) -> None:
    """Note that what was due could not be submitted, and go on with the next time."""
    if waiting:
        if run := await repository.find_first_waiting(session, schedule_id):
            run.status, run.reason = "failed", reason
        return
    if found := await repository.claim_due(session, schedule_id):
        fire_at = await _move_on(session, found[0])
        await repository.add_run(session, schedule_id, fire_at, "failed", reason=reason)


async def _move_on(session: AsyncSession, schedule: Schedule) -> datetime:
    """Set the next time after now; returns the one that is due."""
    now, fire_at = await database_now(session), schedule.next_run_at
    schedule.next_run_at = next_times(schedule.cron, schedule.time_zone, now)[0]
    old = (ScheduleRun.schedule_id == schedule.id, ScheduleRun.fire_at < now - RUNS_KEPT)
    await session.execute(delete(ScheduleRun).where(*old, ScheduleRun.status != "waiting"))
    await session.flush()
    return fire_at


async def _start(
    session: AsyncSession, runner: TemplateRunner, schedule: Schedule, template: Template, user: User, fire_at: datetime
) -> None:
    caller = acting_for(user, f"schedule {schedule.name}")
    if Permission.SUBMIT not in caller.permissions:
        raise PermissionMissing(Permission.SUBMIT, f"{user.name}, who made the schedule, may not submit any more.")
    created = await runner.run(session, caller, template, TemplateRun(), relation="schedule")
    run = await session.get_one(ScheduleRun, (schedule.id, fire_at))
    run.status, run.reason, run.batch_id = "started", None, created.batch_id
    await session.flush()
