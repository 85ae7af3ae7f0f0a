"""What routes are given of connections."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.kit.container import provided

ConnectionsDep = Annotated[Connections, Depends(provided(Connections))]
OutboundClientsDep = Annotated[OutboundClients, Depends(provided(OutboundClients))]
