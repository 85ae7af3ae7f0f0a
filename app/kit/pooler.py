"""Poolers between the service and PostgreSQL: one that lends a connection for single transactions is refused.

Such a pooler shares the sessions of PostgreSQL out, and with them prepared statements, LISTEN and locks of a session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import asyncpg

from app.kit.service import CannotStart

Asyncpg: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PATIENCE_SECONDS: Final = 5.0
_TURNS: Final = 5
_PID: Final = "select pg_backend_pid()"
_DIRECTLY: Final = "let DATABASE_URL name PostgreSQL itself"
_SHARED: Final = (
    "between this service and PostgreSQL there is a pooler that lends connections for single transactions or "
    f"statements, which does not work: {_DIRECTLY}, or set the pooler to session mode"
)
_ONE: Final = (
    f"the pooler between this service and PostgreSQL gave no second connection in {PATIENCE_SECONDS:.0f} s: "
    f"let it have more, or {_DIRECTLY}"
)
_PARAMETER: Final = "unsupported startup parameter"


class PoolerRefused(CannotStart):
    """The service cannot work through this pooler."""


async def is_pooled(connection: Asyncpg, connect: Callable[[], Awaitable[Asyncpg]]) -> bool:
    """Whether a pooler is in between, which answers a new client with a process id of its own: one round trip.

    Only where one is, a second connection tells by turns what it does. Raises PoolerRefused unless each has a
    process of PostgreSQL to itself.
    """
    if await _backend(connection) == connection.get_server_pid():
        return False
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            other = await connect()
            try:
                pairs = {(await _backend(connection), await _backend(other)) for _ in range(_TURNS)}
            finally:
                other.terminate()
    except TimeoutError:
        raise PoolerRefused(_ONE) from None
    (first, second), *others = pairs
    if others or first == second:
        raise PoolerRefused(_SHARED)
    return True


def refuse_startup_parameter(error: BaseException) -> None:
    """Raise PoolerRefused where a connection failed because a pooler does not pass a parameter on."""
    if isinstance(error, asyncpg.ProtocolViolationError) and _PARAMETER in str(error):
        name = str(error).rpartition(":")[2].strip()
        raise PoolerRefused(
            f"a pooler between this service and PostgreSQL refuses the startup parameter {name}: {_DIRECTLY}, or set "
            f"the pooler to session mode and to ignore {name} (ignore_startup_parameters of PgBouncer)"
        ) from None


async def _backend(connection: Asyncpg) -> int:
    """PostgreSQL's process behind the connection. COPY leaves no prepared statement in a session that is another's."""
    told = bytearray()

    async def keep(data: bytes) -> None:
        told.extend(data)

    await connection.copy_from_query(_PID, output=keep)
    return int(told)
