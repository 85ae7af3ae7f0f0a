"""What load balancers and Prometheus ask of every process, workers too."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import Field

from app.kit.declarations import RouteTag, raises
from app.kit.errors import DatabaseUnavailable
from app.kit.health import DATABASE, Severity
from app.kit.schemas import Output
from app.runner.dependencies import ExpositionDep, HealthDep, RunnerDep
from app.runner.errors import NotReady
from app.runner.metrics_access import check_metrics_reader

_TAG = RouteTag("operations", "How the installation is doing: health, metrics, workers, storage.")
router = APIRouter(tags=[_TAG])


class Wrong(Output):
    name: str = Field(description="For programs: what was looked at.")
    severity: Severity = Field(
        description="`not_ready`: the process cannot serve. `degraded`: something does not work."
    )
    sentence: str
    since: datetime = Field(description="When it began, or was first seen by this process.")
    detail: str | None = Field(None, description="For operators; null for others.")


@router.get("/healthz")
async def check_health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
@raises(NotReady, DatabaseUnavailable)
async def check_readiness(runner: RunnerDep, health: HealthDep) -> JSONResponse:
    """Whether requests and jobs can be sent to this process: the database answers, its schema is the one this version
    needs, and the runner runs where it should.

    `wrong` has everything that is wrong, each with `name`, `severity`, `sentence` and `since`; what is only `degraded`
    leaves the process ready.
    """
    findings = await health.findings()
    wrong = [Wrong.of(finding).model_dump(mode="json", exclude={"detail"}) for finding in findings]
    serious = [finding for finding in findings if finding.severity == "not_ready"]
    if serious:
        kind = DatabaseUnavailable if any(finding.name == DATABASE for finding in serious) else NotReady
        raise kind(" ".join(finding.sentence for finding in serious), wrong=wrong)
    return JSONResponse({"status": "ready", "runner": "embedded" if runner else "off", "wrong": wrong})


@router.get(
    "/metrics",
    response_class=Response,
    dependencies=[Depends(check_metrics_reader)],
    openapi_extra={"security": [{}]},  # for a program on the same machine
)
async def read_metrics(exposition: ExpositionDep) -> Response:
    """The figures of this process and of the installation in Prometheus' text format; docs/metrics.md lists them."""
    return Response(await exposition.text(), media_type=CONTENT_TYPE_LATEST)
