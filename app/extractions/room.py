"""The room of the workload `pdf-extraction`."""

from __future__ import annotations

from collections.abc import Iterable

from app.extractions import models
from app.extractions.batch_swims.router import router as batch_swims_router
from app.extractions.job_extension import ExtractionIdExtension
from app.extractions.known_readings import KnownReadings
from app.extractions.page_pictures import PagePictures
from app.extractions.page_router import router as page_router
from app.extractions.pipeline import make_pipeline
from app.extractions.provider import Provider
from app.extractions.router import router
from app.extractions.settings import AiSettings
from app.kit.container import Container
from app.kit.room import Room
from app.kit.service import Service
from app.pipelines.contract import Pipeline


def make_provider(container: Container) -> Provider | None:
    settings = container.get(AiSettings)
    if settings.ai_provider is None:
        return None
    return Provider(
        settings.ai_provider,
        model=settings.ai_model,
        key=settings.ai_key.get_secret_value() if settings.ai_key else "",
        base_url=settings.ai_base_url,
        timeout=settings.ai_timeout_seconds,
        max_file_bytes=settings.ai_max_file_bytes,
        max_output_tokens=settings.ai_max_output_tokens,
        parallel=settings.ai_parallel,
    )


def services(container: Container) -> Iterable[Service]:
    provider = container.get(Provider)
    return (provider,) if provider else ()


def pipelines(container: Container) -> Iterable[Pipeline]:
    return (make_pipeline(container.get(Provider)),)


room = Room(
    name="extractions",
    routers=(router, page_router, batch_swims_router),
    models=models,
    settings=AiSettings,
    provides={
        Provider: make_provider,
        PagePictures: lambda container: PagePictures(),
        KnownReadings: lambda container: KnownReadings(),
    },
    http_services=lambda container: (container.get(PagePictures),),
    job_services=services,
    pipelines=pipelines,
    job_extensions=(ExtractionIdExtension(),),
    child_modules=("app.extractions.sheet", "app.extractions.pdf.picture"),
)
