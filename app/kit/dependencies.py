"""What routes of every room are given: the database, a transaction, the page of a list, the installation's key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.container import provided
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.errors import DatabaseUnavailable, InsufficientStorage
from app.kit.pages import PageRequest
from app.kit.sealing import Sealer
from app.kit.signing import SigningKey

get_database = raises(DatabaseUnavailable, InsufficientStorage)(provided(Database))
DatabaseDep = Annotated[Database, Depends(get_database)]


async def open_session(database: DatabaseDep) -> AsyncIterator[AsyncSession]:
    """One transaction for the request, committed when the route returns."""
    async with database.transaction() as session:
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never reported as a success.
SessionDep = Annotated[AsyncSession, Depends(open_session, scope="function")]


SealerDep = Annotated[Sealer, Depends(provided(Sealer))]
SigningKeyDep = Annotated[SigningKey, Depends(provided(SigningKey))]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in one page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


def page_of(default: int, most: int = 1000, rows: str = "Rows in one page.") -> Any:
    """A dependency: the page that a request asks for, of `default` rows unless it says how many."""

    def get_page(
        request: Request,
        response: Response,
        limit: int = Query(default, ge=1, le=most, description=rows),
        cursor: Cursor = None,
    ) -> PageRequest:
        def link(following: str) -> None:
            # Relative: Host is whatever the client wrote, or what a proxy made of it.
            url = request.url.include_query_params(cursor=following)
            response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'

        return PageRequest(limit, cursor, link)

    return Depends(get_page)


PageDep = Annotated[PageRequest, page_of(50)]
