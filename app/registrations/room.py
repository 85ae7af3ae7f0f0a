"""The room of the workload `restaurant-registration`."""

from __future__ import annotations

from fastapi import APIRouter

from app.kit.container import Container
from app.kit.room import Room
from app.registrations import models
from app.registrations.accounts import account_kinds
from app.registrations.batch_router import router as batch_router
from app.registrations.item_source import RestaurantSource
from app.registrations.pipeline import pipeline
from app.registrations.platform import OrderingPlatform, read_description
from app.registrations.router import router
from app.registrations.settings import PlatformSettings

batches_under_api = APIRouter(prefix="/api")
batches_under_api.include_router(batch_router)
batches_at_root = APIRouter(include_in_schema=False)
"""Where clients of the system that this one follows look for them."""
batches_at_root.include_router(batch_router)


def make_platform(container: Container) -> OrderingPlatform:
    settings = container.get(PlatformSettings)
    return OrderingPlatform(settings.platform_url, read_description(settings.platform_file))


room = Room(
    name="registrations",
    routers=(router, batches_under_api, batches_at_root),
    models=models,
    settings=PlatformSettings,
    provides={OrderingPlatform: make_platform},
    job_services=lambda container: (container.get(OrderingPlatform),),
    pipelines=lambda container: (pipeline,),
    connections=lambda container: account_kinds(container.get(PlatformSettings)),
    item_sources=(RestaurantSource(),),
    streamed_bodies=("/api/restaurants/import", "/api/restaurants/*/menu"),
)
