"""Which errors of the driver say that the database is not there, and which that it cannot take what it is given now."""

from __future__ import annotations

import re
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kit.availability import Trouble

AWAY: Final = (
    ConnectionError,
    TimeoutError,
    PoolTimeout,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.DatabaseDroppedError,
    asyncpg.TooManyConnectionsError,
)
"""What a client of PostgreSQL sees while the server is away; most of them were met when a postmaster was killed."""
CONNECTION_ERRORS: Final = (*AWAY, asyncpg.InterfaceError)
"""The same, with what a connection is told that is closed or misused."""
FULL: Final = (asyncpg.DiskFullError,)
FAILING: Final = (asyncpg.PostgresSystemError,)
READ_ONLY: Final = (asyncpg.ReadOnlySQLTransactionError,)
MOMENTARY: Final = (
    asyncpg.TransactionRollbackError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.OutOfMemoryError,
    asyncpg.InvalidCachedStatementError,
    asyncpg.OutdatedSchemaCacheError,
)
"""Another try is likely to get through at once: somebody else was in the way, or the schema has just changed."""
_CLOSED: Final = re.compile("clos(ed|ing)|released")


def trouble_of(error: BaseException) -> Trouble | None:
    """What an error says of the database as a whole; None for one that is about the statement."""
    cause = cause_of(error)
    if isinstance(cause, FULL):
        return "full"
    if isinstance(cause, READ_ONLY):
        return "read_only"
    if isinstance(cause, FAILING):
        return "failing"
    if isinstance(cause, asyncpg.InterfaceError):  # of a lost connection, or of one that is misused
        return "away" if _CLOSED.search(str(cause)) else None
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return "away" if invalidated or isinstance(cause, AWAY) else None


def is_momentary(error: BaseException) -> bool:
    """Whether the same statement is likely to succeed in a moment."""
    return isinstance(cause_of(error), MOMENTARY)


def cause_of(error: BaseException) -> BaseException | None:
    """What the driver said, below what SQLAlchemy made of it."""
    return getattr(error.orig, "__cause__", None) or error.orig if isinstance(error, DBAPIError) else error
