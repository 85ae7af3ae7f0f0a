"""The room of whole organisations: their export and their erasure."""

from __future__ import annotations

from app.batches.desk import Notifier
from app.files.storage import Storage
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room
from app.tenants import models
from app.tenants.erasure import Erasures
from app.tenants.router import router, users_router


def make_erasures(container: Container) -> Erasures:
    return Erasures(container.get(Database), container.get(Storage), container.get(Notifier))


room = Room(
    name="tenants",
    routers=(router, users_router),
    models=models,
    provides={Erasures: make_erasures},
    job_services=lambda container: (container.get(Erasures),),
)
