"""Fires schedules when their time has come, in every process that runs jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.automation import repository, schedules
from app.automation.service import TemplateRunner
from app.kit.db import Database
from app.kit.errors import Problem
from app.kit.isolation import each
from app.kit.lookout import UNSEEN
from app.kit.outage import Outage
from app.kit.service import Periodic
from app.kit.unexpected import tell_unexpected

log = logging.getLogger("tranche.scheduler")
AT_A_TIME: Final = 50
Fire = Callable[[AsyncSession, TemplateRunner, UUID], Awaitable[None]]


class _Run(NamedTuple):
    fire: Fire
    schedule_id: UUID
    waiting: bool


class Scheduler(Periodic):
    """Fires schedules. Any number of processes may run one: the rows' locks and keys let each time fire once."""

    interval, log = UNSEEN, log

    def __init__(self, database: Database, runner: TemplateRunner) -> None:
        super().__init__()
        self._database, self._runner = database, runner

    async def turn(self) -> None:
        await self.tick()

    async def tick(self) -> None:
        """Fire everything that is due, and start what waited for a run that has ended."""
        async with self._database.transaction() as session:
            due = await repository.list_due(session, AT_A_TIME)
            waiting = await repository.list_waiting_schedules(session)
            coming = await repository.seconds_to_next(session)
        if coming is not None:
            asyncio.get_running_loop().call_later(coming, self.wake)
        runs = [_Run(schedules.fire, one, False) for one in due]
        runs += [_Run(schedules.fire_waiting, one, True) for one in waiting]
        await each(runs, self._fire, log, lambda run: f"schedule {run.schedule_id}")

    async def _fire(self, run: _Run) -> None:
        """Fire one schedule. Whatever it raises is noted on it; what met an outage is still due."""
        try:
            await self._fire_or_note(*run)
        except Outage:
            raise
        except Exception as error:
            reason = tell_unexpected("it is paused, as its next time could not be found", error, log)
            async with self._database.transaction() as session:
                await schedules.give_up(session, run.schedule_id, reason)

    async def _fire_or_note(self, fire: Fire, schedule_id: UUID, waiting: bool) -> None:
        try:
            async with self._database.transaction() as session:
                await fire(session, self._runner, schedule_id)
            return
        except Outage:
            raise
        except Problem as problem:
            log.warning("schedule %s could not run: %s", schedule_id, problem.detail)
            reason = f"{problem.code}: {problem.detail}"[:500]
        except Exception as error:
            log.warning("schedule %s could not run", schedule_id)
            reason = tell_unexpected("its batch could not be made", error, log)
        async with self._database.transaction() as session:
            await schedules.record_failure(session, schedule_id, reason, waiting=waiting)
