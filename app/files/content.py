"""Hands a stored content out over HTTP: type, length, ETag, one byte range (RFC 9110)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.files.blocks import Stored
from app.files.errors import ContentMissing, RangeNotSatisfiable, StorageUnavailable
from app.files.models import File
from app.files.pump import pump
from app.files.storage import Storage
from app.kit.declarations import raises, sends
from app.kit.web.etags import is_known
from app.kit.web.plain_socket import SENT, plain_socket

CONTENT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("application/octet-stream", "*/*")
        },
        "description": "The bytes, with the media type of the file.",
    },
    206: {"description": "The range that was asked for."},
    304: {"description": "The client has it already."},
}
"""For the documentation of routes that hand contents out."""


def attachment(name: str) -> str:
    """A Content-Disposition that makes a browser save the file under its name (RFC 6266)."""
    plain = re.sub(r'[^\x20-\x7e]|["\\%]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def requested_range(request: Request, size: int, etag: str) -> tuple[int, int] | None:
    """The single range [start, end) that the request asks for, or None for the whole.

    Several ranges, other units and a stale If-Range get the whole, as RFC 9110 allows; a range outside is a 416.
    """
    match = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", request.headers.get("range", "").strip())
    if match is None or match.group(0) == "bytes=-" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or start >= end:
        detail = f"The file has {size:,} bytes."
        raise RangeNotSatisfiable(detail, headers={"Content-Range": f"bytes */{size}"})
    return start, end


@raises(RangeNotSatisfiable)
@sends("ETag", "Content-Disposition")
def ranged_response(
    request: Request,
    *,
    size: int,
    name: str,
    media_type: str,
    etag: str,
    storage: Storage,
    pieces: Callable[[int, int], Iterator[bytes | Stored]],
) -> Response:
    """Bytes of a known size as an attachment: hostile HTML or SVG must never run on our origin.

    `pieces(start, end)` are what the bytes [start, end) are made of.
    """
    tag = f'"{etag}"'
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Disposition": attachment(name)}
    headers |= {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"}
    if is_known(request, tag):
        return Response(status_code=304, headers=headers)
    wanted = requested_range(request, size, tag)
    start, end = wanted or (0, size)
    headers["Content-Length"] = str(end - start)
    if wanted:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if not size or request.method == "HEAD":
        return Response(b"", 206 if wanted else 200, headers, media_type)
    return _Pieces(storage, pieces(start, end), 206 if wanted else 200, headers, media_type)


class _Pieces(StreamingResponse):
    """Pieces in their order, past the server where there is a way."""

    def __init__(self, storage: Storage, pieces: Iterator[bytes | Stored], *more: Any) -> None:
        super().__init__(storage.blocks(pieces), *more)
        self._storage, self._pieces = storage, pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = self._storage.root
        socket = plain_socket(scope) if root else None
        if root is None or socket is None:
            await super().__call__(scope, receive, send)
            return
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        except BaseException:
            socket.close()
            raise
        async with self._storage.reading():
            await pump(root, self._pieces, socket)
        await send({"type": "http.response.body", SENT: socket.sent})


@raises(ContentMissing, StorageUnavailable, ranged_response)
async def file_response(request: Request, storage: Storage, file: File, name: str | None = None) -> Response:
    """A stored file as an attachment, under its own name or another; raises ContentMissing while it still can."""
    if not await storage.exists(file.storage_key):
        raise ContentMissing(f"The content of {file.name} is missing.")
    return ranged_response(
        request,
        size=file.size,
        name=name or file.name,
        media_type=file.media_type,
        etag=file.sha256,
        storage=storage,
        pieces=lambda start, end: iter([Stored(file.storage_key, start, end)]),
    )
