"""The processes that run jobs, as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.dependencies import AdminDep
from app.kit.dependencies import SessionDep
from app.kit.schemas import Output
from app.runner.models import Worker

router = APIRouter(prefix="/api/workers", tags=["operations"])
SILENT_AFTER: Final = timedelta(seconds=10)
"""Five missed heartbeats: such a worker is not counted on any more, and the sweeper takes it for dead."""


class WorkerRead(Output):
    id: UUID
    host: str
    pid: int
    running: int
    slots: int
    started_at: datetime
    seen_at: datetime


class WorkerState(WorkerRead):
    silent: bool


class WorkerPage(Output):
    workers: list[WorkerState]
    now: datetime


async def list_workers(session: AsyncSession) -> Sequence[Worker]:
    """All workers that have not been swept away, the one heard of last first."""
    return (await session.execute(select(Worker).order_by(Worker.seen_at.desc(), Worker.id))).scalars().all()


@router.get("")
async def list_worker_states(session: SessionDep, caller: AdminDep) -> WorkerPage:
    """The processes that run jobs, with their last heartbeat; a silent one has missed five of them."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    known = [WorkerRead.of(worker) for worker in await list_workers(session)]
    states = [WorkerState(**one.model_dump(), silent=one.seen_at < now - SILENT_AFTER) for one in known]
    return WorkerPage(workers=states, now=now)
