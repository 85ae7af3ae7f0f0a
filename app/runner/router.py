"""How the installation is doing, for people."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter
from pydantic import Field

from app.auth.dependencies import ReaderDep
from app.auth.permissions import Permission
from app.files.dependencies import StorageDep
from app.files.disk import DiskState
from app.kit.dependencies import SessionDep
from app.kit.schemas import Output
from app.runner import repository
from app.runner.dependencies import HealthDep, LoopLagDep
from app.runner.probe_router import Wrong

router = APIRouter(tags=["operations"])


class Amount(Output):
    used: int
    total: int


class Disk(Output):
    state: DiskState = Field(description="`full`: uploads are refused. `low`: soon, unless room is made.")
    free: int | None = Field(description="In bytes, for operators; null for others.")
    total: int | None = Field(description="In bytes, for operators; null for others.")


class StatusRead(Output):
    version: str
    workers: int
    slots: Amount
    disk: Disk
    loop_lag_seconds: float | None = Field(
        None, description="For operators: how late this process's event loop was at worst in the last five minutes."
    )
    wrong: list[Wrong] = Field(description="What is wrong with the process that answers, as `/readyz` has it.")


@router.get("/api/status")
async def get_status(
    session: SessionDep, caller: ReaderDep, storage: StorageDep, lag: LoopLagDep, health: HealthDep
) -> StatusRead:
    """Slots in use, room on the disk, and what is wrong.

    Operators are told the slots in use over all processes, others those that their organisation's own jobs use.
    """
    operates = Permission.OPERATE in caller.permissions
    workers, used, slots = await repository.sum_slots(session)
    if not operates:
        used = await repository.count_running(session, caller.organisation_id)
    # What an upload takes would tell others whether somebody has the same content.
    free, total = storage.disk_usage() if operates else (None, None)
    return StatusRead(
        version=version("tranche"),
        workers=workers,
        slots=Amount(used=used, total=slots),
        disk=Disk(state=storage.disk_state(), free=free, total=total),
        loop_lag_seconds=lag.most if operates else None,
        wrong=[Wrong.of(one, detail=one.detail if operates else None) for one in await health.findings()],
    )
