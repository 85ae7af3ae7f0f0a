"""Keyset pages: a cursor is the sort key of the last row, so that a page costs the same at any depth."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.kit.errors import BadRequest

Limit = Annotated[int, Query(ge=1, le=1000, description="Rows in one page.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


class CursorNotReadable(BadRequest):
    code = "invalid_cursor"


def encode_cursor(*key: Any) -> str:
    """Pack a sort key (JSON values) into an opaque, URL-safe string."""
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[Any]:
    """Unpack a sort key of `length` values; raises CursorNotReadable for anything this service did not make."""
    try:
        key = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        key = None
    if not isinstance(key, list) or len(key) != length:
        raise CursorNotReadable("The cursor is not one that this service gave out.")
    return key


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Set `Link: rel="next"` (RFC 8288) when there is another page."""
    if cursor:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'
