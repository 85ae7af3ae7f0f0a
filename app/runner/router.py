"""How the installation is doing: for load balancers, for Prometheus, and for people."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from app.auth.dependencies import ReaderDep
from app.auth.permissions import Permission
from app.files.dependencies import StorageDep
from app.files.storage import DiskState
from app.kit.declarations import RouteTag, raises
from app.kit.dependencies import DatabaseDep, SessionDep
from app.kit.schemas import Output
from app.runner import repository
from app.runner.dependencies import LoopLagDep, MigrationsDep, RunnerDep
from app.runner.errors import NotReady
from app.runner.metrics_access import check_metrics_reader

_TAG = RouteTag("operations", "How the installation is doing: health, metrics, workers, storage.")
router = APIRouter(tags=[_TAG])


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


@router.get("/healthz")
async def check_health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
@raises(NotReady)
async def check_readiness(runner: RunnerDep, database: DatabaseDep, migrations: MigrationsDep) -> JSONResponse:
    """The database answers, its schema is the one this version needs, and the runner runs where it should."""
    async with database.transaction() as session:
        found = await repository.list_revisions(session)
    if not migrations.complete(found):
        has, needs = (", ".join(sorted(revisions)) for revisions in (found, migrations.heads))
        raise NotReady(f"The database is at revision {has or 'base'}, this version needs {needs}.")
    if runner is not None and not runner.alive:
        raise NotReady("The runner does not run.")
    return JSONResponse({"status": "ready", "runner": "embedded" if runner else "off"})


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(check_metrics_reader)],
    openapi_extra={"security": [{}]},  # for a program on the same machine
)
async def read_metrics() -> Response:
    """This process's figures in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/api/status")
async def get_status(session: SessionDep, caller: ReaderDep, storage: StorageDep, lag: LoopLagDep) -> StatusRead:
    """Slots in use, and room on the disk.

    Operators are told the slots in use over all processes, others those that their organisation's own jobs use.
    """
    workers, used, slots = await repository.sum_slots(session)
    if Permission.OPERATE not in caller.permissions:
        used = await repository.count_running(session, caller.organisation_id)
    # What an upload takes would tell others whether somebody has the same content.
    free, total = storage.disk_usage() if Permission.OPERATE in caller.permissions else (None, None)
    return StatusRead(
        version=version("tranche"),
        workers=workers,
        slots=Amount(used=used, total=slots),
        disk=Disk(state=storage.disk_state(), free=free, total=total),
        loop_lag_seconds=lag.most if Permission.OPERATE in caller.permissions else None,
    )
