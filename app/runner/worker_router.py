"""The processes that run jobs, as people see them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter

from app.auth.dependencies import OperatorDep
from app.batches.service import database_now
from app.kit.dependencies import SessionDep
from app.kit.schemas import Output
from app.runner import repository
from app.runner.models import SILENT_AFTER

router = APIRouter(prefix="/api/workers", tags=["operations"])


class WorkerRead(Output):
    """A process. Where several have one host name and number, as in containers, `namespaces` tells them apart.

    `boot_id` changes when the machine is started again. Both are null where the kernel does not tell.
    """

    id: UUID
    host: str
    pid: int
    running: int
    slots: int
    started_at: datetime
    seen_at: datetime
    boot_id: UUID | None
    namespaces: str | None


class WorkerState(WorkerRead):
    silent: bool


class WorkerPage(Output):
    workers: list[WorkerState]
    now: datetime


@router.get("")
async def list_worker_states(session: SessionDep, caller: OperatorDep) -> WorkerPage:
    """The processes that run jobs, with their last heartbeat; a silent one has missed five of them."""
    now = await database_now(session)
    known = [WorkerRead.of(worker) for worker in await repository.list_workers(session)]
    states = [WorkerState(**one.model_dump(), silent=one.seen_at < now - SILENT_AFTER) for one in known]
    return WorkerPage(workers=states, now=now)
