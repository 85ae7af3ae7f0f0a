"""The room of uploads and of contents."""

from __future__ import annotations

from collections.abc import Iterable

from app.auth.weights import Weights
from app.files import models, quotas, repository
from app.files.router import router
from app.files.settings import FileSettings
from app.files.storage import Storage
from app.files.storage_router import router as storage_router
from app.files.upload import PIECES_AT_A_TIME, STORES_AT_A_TIME, UploadLimits
from app.kit.container import Container
from app.kit.health import HealthCheck, Trouble, degraded
from app.kit.room import Room
from app.kit.turns import Turns
from app.settings import Settings


def make_storage(container: Container) -> Storage:
    return Storage(container.get(Settings).home, container.get(FileSettings).storage_url)


def make_upload_limits(container: Container) -> UploadLimits:
    settings = container.get(FileSettings)
    turns, stores = (
        Turns(slots, spare=1, weigh=container.get(Weights).of) for slots in (PIECES_AT_A_TIME, STORES_AT_A_TIME)
    )
    return UploadLimits(settings.max_upload_bytes, settings.max_file_bytes, settings.max_files, turns, stores)


def checks(container: Container) -> Iterable[HealthCheck]:
    async def look_at_disk() -> Trouble | None:
        storage = container.get(Storage)
        state = storage.disk_state()
        if state == "ok":
            return None
        free, total = storage.disk_usage()
        full, low = "The disk for uploads is full: they are refused.", "The disk for uploads is nearly full."
        detail = f"{free:,} of {total:,} bytes are free"
        return Trouble(severity="degraded", sentence=full if state == "full" else low, detail=detail)

    async def look_at_store() -> Trouble | None:
        return degraded(container.get(Storage).availability)

    return (HealthCheck("uploads_disk", look_at_disk), HealthCheck("storage", look_at_store))


room = Room(
    name="files",
    routers=(router, storage_router),
    models=models,
    organisation_figures=(repository.count_by_organisation,),
    settings=FileSettings,
    quota_counts=quotas.COUNTS,
    provides={Storage: make_storage, UploadLimits: make_upload_limits},
    services=lambda container: (container.get(Storage),),
    checks=checks,
    streamed_bodies=("/api/files/*",),
)
