"""The room of templates and schedules."""

from __future__ import annotations

from app.automation import models
from app.automation.repository import ANY_DUE
from app.automation.router import router
from app.automation.scheduler import Scheduler
from app.automation.schedules_router import router as schedules_router
from app.automation.service import TemplateRunner
from app.batches.desk import Desk
from app.files.upload import UploadLimits
from app.kit.container import Container
from app.kit.db import Database
from app.kit.lookout import Lookout
from app.kit.room import Room, Rooms
from app.kit.secrets.sealed_columns import SealedColumn


def make_template_runner(container: Container) -> TemplateRunner:
    sources = {source.key: source for room in container.get(Rooms) for source in room.item_sources}
    limits = container.get(UploadLimits)
    return TemplateRunner(container.get(Desk), sources, limits.files)


def make_scheduler(container: Container) -> Scheduler:
    scheduler = Scheduler(container.get(Database), container.get(TemplateRunner))
    container.get(Lookout).watch(ANY_DUE, scheduler.wake)
    return scheduler


room = Room(
    name="automation",
    routers=(router, schedules_router),
    models=models,
    sealed=(SealedColumn(models.Template.options, models.Template.id, models.Template.organisation_id),),
    provides={TemplateRunner: make_template_runner},
    job_services=lambda container: (make_scheduler(container),),
)
