"""The room of the hub and of event streams."""

from __future__ import annotations

from app.auth.caller import Callers
from app.auth.weights import Weights
from app.events.hub import Hub
from app.events.list_router import router as list_router
from app.events.openings import Openings
from app.events.router import router
from app.events.settings import StreamSettings
from app.kit.container import Container
from app.kit.db import Database
from app.kit.ending import Ending
from app.kit.room import Room
from app.kit.web.door import Door


def make_hub(container: Container) -> Hub:
    settings, weights = container.get(StreamSettings), container.get(Weights)
    memory = container.get(Callers).memory
    return Hub(container.get(Database), settings, container.get(Ending), memory, weights.of)


room = Room(
    name="events",
    routers=(router, list_router),
    settings=StreamSettings,
    provides={Hub: make_hub, Door: Openings},
    http_services=lambda container: (container.get(Hub),),
)
