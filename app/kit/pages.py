"""Keyset pages: a cursor is the sort key of the last row, so that a page costs the same at any depth."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar, TypeVarTuple
from uuid import UUID

from sqlalchemy import Row, Select, literal, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.errors import CursorNotReadable
from app.kit.schemas import check_moment, check_text

R = TypeVar("R")
S = TypeVar("S")
Ts = TypeVarTuple("Ts")
Key = Sequence[Any]
AT_ONCE: Final = 500
"""Rows of one statement."""


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """The rows of one page, and the cursor of the next if there is one."""

    rows: Sequence[R]
    next_cursor: str | None

    def map(self, make: Callable[[R], S]) -> Page[S]:
        return Page([make(row) for row in self.rows], self.next_cursor)


class PageRequest:
    """Which page is wanted: `limit` rows after the cursor, or the first ones.

    One that came with a request also sets `Link: rel="next"` (RFC 8288) on the answer when another page follows.
    """

    def __init__(self, limit: int, cursor: str | None = None, link: Callable[[str], None] | None = None) -> None:
        self.limit, self.cursor, self._link = limit, cursor, link

    def part(self, most: int, read: int, cursor: str | None) -> PageRequest:
        """What to read next of a page that is read in parts of `most` rows: `read` are there, up to the cursor."""
        left = self.limit - read
        return PageRequest(min(most, left), cursor, self._link if left <= most else None)

    def place(self, *kinds: type) -> list[Any] | None:
        """The sort key of the row to go on after; raises CursorNotReadable (400) when it is not of these kinds."""
        return decode_cursor(self.cursor, *kinds) if self.cursor else None

    def cut(self, rows: Sequence[R], key: Callable[[R], Key], *, more: bool | None = None) -> Page[R]:
        """The page of rows that were read, one more than `limit` if there are as many, or as `more` says."""
        shown = rows[: self.limit]
        if not shown or not (len(rows) > self.limit if more is None else more):
            return Page(shown, None)
        cursor = encode_cursor(*key(shown[-1]))
        if self._link:
            self._link(cursor)
        return Page(shown, cursor)


async def paginate(
    session: AsyncSession, query: Select[*Ts], page: PageRequest, *, key: Key, descending: bool = False
) -> Page[Row[*Ts]]:
    """One page of the query in the order of `key`: columns that are never null and together unique.

    The query has neither an order nor a limit. Raises CursorNotReadable (400). A long page is read in parts: what one
    statement answers is decoded at a stretch, on the event loop.
    """
    rows: list[Row[*Ts]] = []
    cursor = page.cursor
    while True:
        part = page.part(AT_ONCE, len(rows), cursor)
        found = await _read_part(session, query, part, key=key, descending=descending)
        rows += found.rows
        cursor = found.next_cursor
        if cursor is None or len(rows) >= page.limit:
            return Page(rows, cursor)


async def _read_part(
    session: AsyncSession, query: Select[*Ts], page: PageRequest, *, key: Key, descending: bool
) -> Page[Row[*Ts]]:
    place = page.place(*(column.type.python_type for column in key))
    if place is not None:
        here = tuple_(*key) if len(key) > 1 else key[0]
        last = tuple_(*(literal(value, column.type) for value, column in zip(place, key, strict=True)))
        there = last if len(key) > 1 else literal(place[0], key[0].type)
        query = query.where(here < there if descending else here > there)
    order = [column.desc() if descending else column.asc() for column in key]
    result = (await session.execute(query.add_columns(*key).order_by(*order).limit(page.limit + 1))).freeze()
    width = len(result().keys()) - len(key)
    rows, keys = result().columns(*range(width)).all(), result().columns(*range(width, width + len(key))).all()
    return page.cut(list(zip(rows, keys, strict=True)), lambda pair: tuple(pair[1])).map(lambda pair: pair[0])


async def paginate_one(
    session: AsyncSession, query: Select[R], page: PageRequest, *, key: Key, descending: bool = False
) -> Page[R]:
    """As `paginate`, for a query of one thing: the things themselves."""
    return (await paginate(session, query, page, key=key, descending=descending)).map(lambda row: row[0])


def encode_cursor(*key: Any) -> str:
    """Pack a sort key (int, str, datetime, UUID) into an opaque, URL-safe string."""
    values = [value.isoformat() if isinstance(value, datetime) else value for value in key]
    return base64.urlsafe_b64encode(json.dumps(values, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type) -> list[Any]:
    """Unpack a sort key whose values are of these kinds (int, str, datetime, UUID).

    Raises CursorNotReadable for anything that this service did not give out for such a list.
    """
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(key, list):
            raise TypeError
        return [_READERS[kind](value) for kind, value in zip(kinds, key, strict=True)]
    except (ValueError, TypeError, AttributeError):
        raise CursorNotReadable("The cursor is not one that this service gave out for this list.") from None


def _read_int(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**31:
        raise TypeError
    return value


_READERS: Mapping[type, Callable[[Any], Any]] = {
    int: _read_int,
    str: lambda value: check_text(value + ""),
    datetime: lambda value: check_moment(datetime.fromisoformat(value)),
    UUID: UUID,
}
