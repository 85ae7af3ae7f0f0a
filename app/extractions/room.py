"""The room of the workload `pdf-extraction`."""

from __future__ import annotations

from app.auth.weights import Weights
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.extractions import models
from app.extractions.accounts import AiProviders, account_kinds
from app.extractions.batch_swims.router import router as batch_swims_router
from app.extractions.job_extension import ExtractionIdExtension
from app.extractions.known_readings import KnownReadings
from app.extractions.page_pictures import PagePictures
from app.extractions.page_router import router as page_router
from app.extractions.pipeline import make_pipeline
from app.extractions.router import router
from app.extractions.settings import AiSettings
from app.kit.container import Container
from app.kit.room import Room


def make_providers(container: Container) -> AiProviders:
    connections, clients = container.get(Connections), container.get(OutboundClients)
    return AiProviders(connections, clients, container.get(AiSettings), container.get(Weights).of)


room = Room(
    name="extractions",
    routers=(router, page_router, batch_swims_router),
    models=models,
    settings=AiSettings,
    provides={
        AiProviders: make_providers,
        PagePictures: lambda container: PagePictures(container.get(Weights).of),
        KnownReadings: lambda container: KnownReadings(),
    },
    http_services=lambda container: (container.get(PagePictures),),
    job_services=lambda container: (container.get(AiProviders),),
    pipelines=lambda container: (make_pipeline(),),
    connections=lambda container: account_kinds(container.get(AiSettings)),
    job_extensions=(ExtractionIdExtension(),),
    child_modules=("app.extractions.sheet", "app.extractions.pdf.picture"),
)
