"""Trying an account out, and what is said of one that does not work."""

from __future__ import annotations

import asyncio
from typing import Any, Final
from uuid import UUID

import httpx

from app.connections import repository
from app.connections.contract import AccountRefused, AnyKind, Reach
from app.connections.errors import ConnectionNotSet, ConnectionRefused, ConnectionUnknown
from app.connections.outbound import OutboundClients
from app.connections.service import Connections
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.failures import Failure
from app.kit.outbound.reading import AnswerNotReadable
from app.kit.secrets.sealing import CannotUnseal

SECONDS: Final = 15.0


@raises(ConnectionRefused)
async def try_account(kind: AnyKind, account: Any, reach: Reach) -> str:
    """What the service said; raises ConnectionRefused (422) with the reason. Hold no transaction meanwhile."""
    try:
        async with asyncio.timeout(SECONDS):
            return await kind.test(reach, account)
    except (AccountRefused, Failure) as error:
        raise ConnectionRefused(f"{kind.title}: {error}") from None
    except httpx.HTTPStatusError as error:
        raise ConnectionRefused(f"{kind.title} answered with status {error.response.status_code}.") from None
    except (TimeoutError, httpx.TimeoutException):
        raise ConnectionRefused(f"{kind.title} did not answer within {SECONDS:g} seconds.") from None
    except (httpx.HTTPError, httpx.InvalidURL, AnswerNotReadable, OSError):
        raise ConnectionRefused(f"{kind.title} cannot be reached from here, or its answer cannot be read.") from None


@raises(ConnectionUnknown, ConnectionNotSet, try_account)
async def try_own_account(
    database: Database, connections: Connections, clients: OutboundClients, organisation_id: UUID, key: str
) -> str:
    """The same of the organisation's own account; raises ConnectionUnknown or ConnectionNotSet (404) as well."""
    kind = connections.kind(key)
    async with database.transaction() as session:
        row = await repository.find_connection(session, organisation_id, key)
    if row is None:
        raise ConnectionNotSet.of(kind.title)
    try:
        account = connections.unsealed(organisation_id, kind, row.sealed)
    except CannotUnseal as error:
        raise ConnectionRefused(error.detail) from None
    reach = Reach(clients.of(organisation_id), await clients.allowed(organisation_id))
    return await try_account(kind, account, reach)
