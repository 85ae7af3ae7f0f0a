"""The room that claims jobs and runs their steps."""

from __future__ import annotations

import inspect

from app.auth.weights import Weights
from app.batches.responses import ResultCodes
from app.batches.submission import Notifier
from app.connections.outbound import OutboundClients
from app.files.storage import Storage
from app.files.upload import UploadLimits
from app.kit.container import Container
from app.kit.db import Database
from app.kit.loop_lag import LoopLag
from app.kit.room import Room, Rooms
from app.kit.sandbox import Sandbox
from app.kit.sealing import Sealer
from app.kit.turns import Turns
from app.pipelines.registry import Registry
from app.runner import engine, functions, models
from app.runner.context import Resources
from app.runner.engine import EngineNotifier
from app.runner.result_files import ResultFiles
from app.runner.router import router
from app.runner.runner import Runner
from app.runner.settings import RunnerSettings
from app.runner.siblings import Siblings
from app.runner.waiting_router import router as waiting_router
from app.runner.worker_router import router as worker_router


def make_sandbox(container: Container) -> Sandbox:
    settings = container.get(RunnerSettings)
    modules = [module for room in container.get(Rooms) for module in room.child_modules]
    return Sandbox(
        workers=settings.child_processes,
        memory_bytes=settings.child_memory_bytes,
        cpu_seconds=settings.child_cpu_seconds,
        preload=[*modules, *modules_of(container.get(Registry))],
        spare=max(1, settings.child_processes // 2),
        most=settings.child_processes_per_organisation,
        weigh=container.get(Weights).of,
    )


def modules_of(registry: Registry) -> list[tuple[str, str]]:
    """The modules, with their files, of workloads that were dropped in: their children need not import them anew."""
    functions = [step.run for pipeline in registry for step in pipeline.steps]
    found = {(function.__module__, inspect.getsourcefile(function) or "") for function in functions}
    return sorted(entry for entry in found if not entry[0].startswith("app."))


def make_runner(container: Container) -> Runner:
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
    return Runner(database, resources, turns, shutdown_seconds=settings.shutdown_seconds)


room = Room(
    name="runner",
    routers=(router, waiting_router, worker_router),
    models=models,
    settings=RunnerSettings,
    provides={
        Notifier: lambda container: EngineNotifier(),
        Sandbox: make_sandbox,
        Runner: make_runner,
        LoopLag: lambda _: LoopLag(),
    },
    services=lambda container: (container.get(LoopLag),),
    job_services=lambda container: (container.get(Sandbox), container.get(Runner)),
    install=(engine.install, functions.install),
)
