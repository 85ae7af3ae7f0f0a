"""Fires schedules when their time has come, in every process that runs jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.automation import repository, schedules
from app.automation.service import TemplateRunner
from app.kit.db import Database
from app.kit.errors import Problem
from app.kit.lookout import UNSEEN
from app.kit.service import Periodic

log = logging.getLogger("tranche.scheduler")
AT_A_TIME: Final = 50
Fire = Callable[[AsyncSession, TemplateRunner, UUID], Awaitable[None]]


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
        for schedule_id in due:
            await self._fire(schedules.fire, schedule_id, waiting=False)
        for schedule_id in waiting:
            await self._fire(schedules.fire_waiting, schedule_id, waiting=True)

    async def _fire(self, fire: Fire, schedule_id: UUID, *, waiting: bool) -> None:
        try:
            async with self._database.transaction() as session:
                await fire(session, self._runner, schedule_id)
        except Problem as problem:
            log.warning("schedule %s could not run: %s", schedule_id, problem.detail)
            async with self._database.transaction() as session:
                reason = f"{problem.code}: {problem.detail}"[:500]
                await schedules.record_failure(session, schedule_id, reason, waiting=waiting)
