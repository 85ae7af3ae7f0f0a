"""What routes of every room are given: the database, a transaction, the installation's key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.container import provided
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.errors import DatabaseUnavailable, InsufficientStorage
from app.kit.signing import SigningKey

get_database = raises(DatabaseUnavailable, InsufficientStorage)(provided(Database))
DatabaseDep = Annotated[Database, Depends(get_database)]


async def open_session(database: DatabaseDep) -> AsyncIterator[AsyncSession]:
    """One transaction for the request, committed when the route returns."""
    async with database.transaction() as session:
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never reported as a success.
SessionDep = Annotated[AsyncSession, Depends(open_session, scope="function")]


SigningKeyDep = Annotated[SigningKey, Depends(provided(SigningKey))]
