"""The room that claims jobs and runs their steps."""

from __future__ import annotations

import inspect
from uuid import UUID

from app.auth.weights import Weights
from app.batches.responses import ResultCodes
from app.batches.submission import Notifier
from app.connections.outbound import OutboundClients
from app.files.storage import Storage
from app.files.upload import UploadLimits
from app.kit.container import Container
from app.kit.db import Database
from app.kit.ending import Ending
from app.kit.exposition import Exposition
from app.kit.health import Health
from app.kit.lookout import Lookout
from app.kit.loop_lag import LoopLag
from app.kit.room import Room, Rooms
from app.kit.sandbox.sandbox import Sandbox
from app.kit.secrets.sealing import Sealer
from app.kit.turns import Turns
from app.pipelines.registry import Registry
from app.pipelines.settings import PipelineSettings
from app.runner import engine, functions, models
from app.runner.context import Resources
from app.runner.database_figure_repository import figures as database_figures
from app.runner.engine import EngineNotifier
from app.runner.figure_repository import figures
from app.runner.health import checks
from app.runner.probe_router import router as probe_router
from app.runner.result_files import ResultFiles
from app.runner.router import router
from app.runner.runner import Runner
from app.runner.settings import RunnerSettings
from app.runner.siblings import Siblings
from app.runner.waiting_router import router as waiting_router
from app.runner.worker_router import router as worker_router
from app.settings import Settings


def make_sandbox(container: Container) -> Sandbox:
    settings = container.get(RunnerSettings)
    modules = [module for room in container.get(Rooms) for module in room.child_modules]
    # Where their files may change each child takes them as they are by then.
    dropped_in = [] if container.get(PipelineSettings).pipelines_watch else modules_of(container.get(Registry))
    return Sandbox(
        workers=settings.child_processes,
        memory_bytes=settings.child_memory_bytes,
        cpu_seconds=settings.child_cpu_seconds,
        scratch_bytes=settings.child_scratch_bytes,
        preload=[*modules, *dropped_in],
        spare=max(1, settings.child_processes // 2),
        most=settings.child_processes_per_organisation,
        weigh=container.get(Weights).of,
    )


def modules_of(registry: Registry) -> list[tuple[str, str]]:
    """The modules, with their files, of workloads that were dropped in: their children need not import them anew."""
    functions = [step.run for pipeline in registry for step in pipeline.steps]
    found = {(function.__module__, inspect.getsourcefile(function) or "") for function in functions}
    return sorted(entry for entry in found if not entry[0].startswith("app."))


def make_runner(container: Container, suspects_as: UUID | None = None) -> Runner:
    """What runs jobs; with an id, as the worker of that id which runs suspects alone."""
    settings, database = container.get(RunnerSettings), container.get(Database)
    resources = Resources(
        database,
        container.get(Storage),
        container.get(Sandbox),
        container.get(Registry),
        container.get(OutboundClients),
        container.get(UploadLimits).file,
        sealer=container.get(Sealer),
        siblings=Siblings(database),
        result_files=ResultFiles(database, container.get(Storage)),
        find=container.get,
        expiring=tuple(
            expire for room in container.get(Rooms) for expire in (*room.expiring, *room.expiring_as_set(container))
        ),
        share=container.get(ResultCodes).share,
    )
    slots = settings.worker_slots
    turns = Turns(slots, spare=slots // 8, weigh=container.get(Weights).of)
    ending, lookout = container.get(Ending), container.get(Lookout)
    return Runner(
        database,
        resources,
        turns,
        ending,
        lookout,
        shutdown_seconds=settings.shutdown_seconds,
        settings=lambda: container.get(Settings).values(database.dsn),
        suspects_as=suspects_as,
    )


def make_exposition(container: Container) -> Exposition:
    rooms = container.get(Rooms)
    found = [figures for room in rooms for figures in room.figures(container)]
    return Exposition(container.get(Database), container.get(Health), found)


room = Room(
    name="runner",
    routers=(probe_router, router, waiting_router, worker_router),
    models=models,
    settings=RunnerSettings,
    provides={
        Notifier: lambda container: EngineNotifier(),
        Sandbox: make_sandbox,
        Runner: make_runner,
        LoopLag: lambda _: LoopLag(),
        Exposition: make_exposition,
        Health: lambda container: Health(check for room in container.get(Rooms) for check in room.checks(container)),
    },
    checks=checks,
    figures=lambda container: (*figures(container), *database_figures(container)),
    services=lambda container: (container.get(LoopLag),),
    job_services=lambda container: (container.get(Sandbox), container.get(Runner)),
    install=(engine.install, functions.install),
)
