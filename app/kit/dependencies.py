"""What routes of every room are given: the database, a transaction, the page of a list, the installation's key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.container import provided
from app.kit.db import Database
from app.kit.declarations import raises
from app.kit.errors import DatabaseUnavailable, InsufficientStorage
from app.kit.pages import PageRequest
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey
from app.kit.web.public_address import public_path

F = TypeVar("F", bound=Callable[..., Any])
_MARK: Final = "__in_transaction__"
READING: Final = frozenset({"GET", "HEAD"})
get_database = raises(DatabaseUnavailable, InsufficientStorage)(provided(Database))
DatabaseDep = Annotated[Database, Depends(get_database)]


def in_transaction(route: F) -> F:
    """Mark a GET whose statements belong together, or which reads by a cursor of the server: it has a transaction."""
    setattr(route, _MARK, True)
    return route


async def open_session(request: Request, database: DatabaseDep) -> AsyncIterator[AsyncSession]:
    """One transaction for the request, committed when the route returns. A GET changes nothing and reads what is there
    at each statement in any case, so its statements are sent without a begin and a commit around them, unless its route
    is marked `in_transaction`."""
    alone = request.method in READING and not hasattr(request.scope.get("endpoint"), _MARK)
    async with database.reading() if alone else database.transaction() as session:
        yield session


# scope="function": the commit comes before the answer, so that a failed commit is never reported as a success.
SessionDep = Annotated[AsyncSession, Depends(open_session, scope="function")]


SealerDep = Annotated[Sealer, Depends(provided(Sealer))]
SigningKeyDep = Annotated[SigningKey, Depends(provided(SigningKey))]
Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in one page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


def page_of(default: int, most: int = 1000, rows: str = "Rows in one page.") -> Any:
    """A dependency: the page that a request asks for, of `default` rows unless it says how many."""

    async def get_page(
        request: Request,
        response: Response,
        limit: int = Query(default, ge=1, le=most, description=rows),
        cursor: Cursor = None,
    ) -> PageRequest:
        def link(following: str) -> None:
            # Relative: Host is whatever the client wrote, or what a proxy made of it.
            url = request.url.include_query_params(cursor=following)
            response.headers["Link"] = f'<{public_path(url.path)}?{url.query}>; rel="next"'

        return PageRequest(limit, cursor, link)

    return Depends(get_page)


PageDep = Annotated[PageRequest, page_of(50)]
