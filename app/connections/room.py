"""The room of accounts of outside services, and of what organisations may reach."""

from __future__ import annotations

from app.connections import models, repository
from app.connections.first_sealing import FirstSealing
from app.connections.outbound import OutboundClients
from app.connections.router import router
from app.connections.service import Connections
from app.connections.settings import SharingSettings
from app.kit.container import Container
from app.kit.db import Database
from app.kit.room import Room, Rooms
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey
from app.settings import Settings


def make_connections(container: Container) -> Connections:
    kinds = [kind for room in container.get(Rooms) for kind in room.connections(container)]
    return Connections(container.get(Database), container.get(Sealer), container.get(SharingSettings), kinds)


def make_clients(container: Container) -> OutboundClients:
    return OutboundClients(container.get(Connections), container.get(Settings).outbound_allow_list)


def make_first_sealing(container: Container) -> FirstSealing:
    places = [place for room in container.get(Rooms) for place in room.sealed]
    return FirstSealing(container.get(Database), container.get(Sealer), places)


room = Room(
    name="connections",
    routers=(router,),
    models=models,
    settings=SharingSettings,
    provides={
        Sealer: lambda container: Sealer(container.get(SigningKey)),
        Connections: make_connections,
        OutboundClients: make_clients,
    },
    services=lambda container: (container.get(OutboundClients),),
    job_services=lambda container: (make_first_sealing(container),),
    resealing=(repository.reseal_connections,),
)
