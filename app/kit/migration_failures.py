"""What keeps a schema from being brought to a revision though nothing is wrong with the migrations: in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError

from app.kit.service import CannotStart

_GRANTS: Final = "grant create on database DATABASE to ROLE; grant usage, create on schema public to ROLE"
_WHY: Final[tuple[tuple[type[Exception], str], ...]] = (
    (asyncpg.InsufficientPrivilegeError, f"the database's role may not make what the service needs: {_GRANTS}"),
    (asyncpg.ReadOnlySQLTransactionError, "the database takes no changes, as a standby does: name the primary"),
    (asyncpg.LockNotAvailableError, "something else uses a table that a migration changes: end it, and start again"),
    *(
        (kind, "something that this service did not make is in the way: give it a database of its own")
        for kind in (asyncpg.DuplicateTableError, asyncpg.DuplicateObjectError, asyncpg.DuplicateFunctionError)
    ),
    (asyncpg.DiskFullError, "the database's disk is full"),
)


class SchemaNotMade(CannotStart):
    """The database does not let the schema be made or brought up; no step was left half done."""


@contextmanager
def explained() -> Iterator[None]:
    """SchemaNotMade for what only the database's operator can mend; any other error stays what it is."""
    try:
        yield
    except (asyncpg.PostgresError, DBAPIError) as error:
        cause: BaseException | None = error
        while cause and not isinstance(cause, asyncpg.PostgresError):
            cause = cause.__cause__ or (cause.orig if isinstance(cause, DBAPIError) else None)
        for kind, why in _WHY:
            if isinstance(cause, kind):
                raise SchemaNotMade(f"{why} ({str(cause).partition(chr(10))[0]})") from None
        raise
