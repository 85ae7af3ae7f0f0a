"""The room of batches, jobs, steps and their events."""

from __future__ import annotations

from app.batches import models, partition_repository, quotas, repository
from app.batches.act_router import router as act_router
from app.batches.adding_router import router as adding_router
from app.batches.archive_router import router as archive_router
from app.batches.archives import Archives
from app.batches.bulk_acts import ANY_FORSAKEN, BulkActs
from app.batches.command_router import router as command_router
from app.batches.desk import Desk, Notifier
from app.batches.extensions import EXTENSIONS
from app.batches.insight_router import router as insight_router
from app.batches.legacy import LegacyJobs
from app.batches.router import router
from app.batches.settings import BatchSettings
from app.batches.submit_router import router as submit_router
from app.connections.service import Connections
from app.kit.container import Container
from app.kit.db import Database
from app.kit.lookout import Lookout
from app.kit.room import Room, Rooms
from app.kit.secrets.sealed_columns import SealedColumn
from app.kit.secrets.sealing import Sealer
from app.pipelines.registry import Registry


def extend(rooms: Rooms) -> None:
    """Let other rooms add to batches and jobs."""
    for room in rooms:
        EXTENSIONS.add(room.batch_extensions, room.job_extensions)


def make_desk(container: Container) -> Desk:
    return Desk(container.get(Registry), container.get(Notifier), container.get(Sealer), container.get(Connections))


def make_bulk_acts(container: Container) -> BulkActs:
    acts = BulkActs(container.get(Database), container.get(Desk))
    container.get(Lookout).watch(ANY_FORSAKEN, acts.wake)
    return acts


room = Room(
    name="batches",
    routers=(submit_router, adding_router, router, command_router, act_router, archive_router, insight_router),
    models=models,
    organisation_figures=(repository.count_by_organisation,),
    assemble=extend,
    sealed=(SealedColumn(models.Batch.settings, models.Batch.id, models.Batch.organisation_id),),
    provides={Desk: make_desk, Archives: lambda container: Archives()},
    expiring=(partition_repository.keep_partitions,),
    quota_counts=quotas.COUNTS,
    settings=BatchSettings,
    services=lambda container: (LegacyJobs(container.get(Database), container.get(Registry)),),
    job_services=lambda container: (make_bulk_acts(container),),
    streamed_forms=("/api/jobs", "/api/jobs/batch"),
    streamed_lines=("/api/batches/*/jobs",),
    body_limits=lambda container: dict.fromkeys(
        ("/api/batches", "/api/batches/*/jobs"), container.get(BatchSettings).max_submit_bytes
    ),
)
