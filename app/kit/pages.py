"""Keyset pages: a cursor is the sort key of the last row, so that a page costs the same at any depth."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Select, tuple_

from app.kit.errors import CursorNotReadable
from app.kit.schemas import check_moment, check_text

Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in one page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])


def encode_cursor(*key: Any) -> str:
    """Pack a sort key (JSON values) into an opaque, URL-safe string."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


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


def in_order(query: Q, column: Any, id_column: Any, cursor: str | None, *, descending: bool = False) -> Q:
    """The query in the order of a column that is never null, equal ones by id, from the row after the cursor's on."""
    if cursor:
        value, last_id = decode_cursor(cursor, column.type.python_type, UUID)
        key = tuple_(column, id_column)
        query = query.where(key < (value, last_id) if descending else key > (value, last_id))
    order = (column.desc(), id_column.desc()) if descending else (column.asc(), id_column.asc())
    return query.order_by(*order)


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Set `Link: rel="next"` (RFC 8288) when there is another page."""
    if cursor:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
