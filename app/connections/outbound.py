"""HTTP clients that reach what each organisation may: public addresses, and what its list allows at that moment."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.connections.service import Connections
from app.kit.availability import outlast
from app.kit.outbound.client import checked_transport, outbound_client


class OutboundClients:
    """A client for each organisation. Organisations with equal lists share connections; others never do.

    The list is read for each request and for each redirect, so that a change of it holds from then on.
    """

    def __init__(self, connections: Connections, installation_allows: tuple[str, ...]) -> None:
        self._connections, self._installation_allows = connections, installation_allows
        self._transports: dict[frozenset[str], httpx.AsyncBaseTransport] = {}
        self._clients: dict[UUID, httpx.AsyncClient] = {}

    async def start(self) -> None:
        """Connections are made when they are first needed."""

    async def stop(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()
        self._transports.clear()
        self._clients.clear()

    def of(self, organisation_id: UUID) -> httpx.AsyncClient:
        """The organisation's client."""
        if organisation_id not in self._clients:
            transport = _OfOrganisation(self, organisation_id)
            self._clients[organisation_id] = outbound_client(transport=transport)
        return self._clients[organisation_id]

    async def allowed(self, organisation_id: UUID) -> tuple[str, ...]:
        """Hosts and networks besides public ones that the organisation may reach now."""
        standing = await self._connections.standing(organisation_id)
        shared = self._installation_allows if self._connections.serves(standing) else ()
        return (*standing.allow, *shared)

    async def shared(self, session: AsyncSession, organisation_id: UUID) -> tuple[str, ...]:
        """What of that comes from the installation's settings."""
        is_served = await self._connections.is_served(session, organisation_id)
        return self._installation_allows if is_served else ()

    async def transport_of(self, organisation_id: UUID) -> httpx.AsyncBaseTransport:
        allow = frozenset(await self.allowed(organisation_id))
        if allow not in self._transports:
            self._transports[allow] = checked_transport(sorted(allow))
        return self._transports[allow]


class _OfOrganisation(httpx.AsyncBaseTransport):
    def __init__(self, clients: OutboundClients, organisation_id: UUID) -> None:
        self._clients, self._organisation_id = clients, organisation_id

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = await outlast(partial(self._clients.transport_of, self._organisation_id))
        return await transport.handle_async_request(request)
