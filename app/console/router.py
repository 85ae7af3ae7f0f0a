"""Serves the console: one page and its static files. Everything else it does goes through the public API."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.kit.container import provided
from app.kit.declarations import takes_query
from app.kit.room import Rooms
from app.kit.web.etags import is_known
from app.kit.web.public_address import public_path

STATIC = Path(__file__).parent / "static"
POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Without a build step names carry no hash, so a browser asks each time and mostly gets a 304.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
# A machine's own table of media types may have these wrong or lack them.
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PATHS = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.suffix in MEDIA_TYPES}

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asset:
    """One file, plain and compressed."""

    tag: str
    plain: bytes
    packed: bytes


@lru_cache(maxsize=len(PATHS) + 64)
def _load(path: Path, changed_ns: int, root: str) -> Asset:  # a file that was changed is another entry
    plain = path.read_bytes()
    if path.suffix == ".html":  # modules know where they are, a page may have been asked for without its last slash
        plain = plain.replace(b'="/console/', f'="{root}/console/'.encode())
    return Asset(f'W/"{hashlib.sha256(plain).hexdigest()[:20]}"', plain, gzip.compress(plain, mtime=0))


def _serve(request: Request, path: Path | None) -> Response:
    if path is None:
        raise HTTPException(404)
    asset = _load(path, path.stat().st_mtime_ns, public_path(""))
    headers = HEADERS | {"ETag": asset.tag}
    if is_known(request, asset.tag):
        return Response(status_code=304, headers=headers)
    content = asset.plain
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"], content = "gzip", asset.packed
    return Response(content, headers=headers, media_type=MEDIA_TYPES[path.suffix])


@router.api_route("/", methods=["GET", "HEAD"])
@takes_query("*")
async def read_console(request: Request) -> Response:
    """The page; what it shows is decided by the address after the `#`."""
    return _serve(request, PATHS["index.html"])


@router.api_route("/console/views/{key}.js", methods=["GET", "HEAD"])
async def read_result_view(request: Request, key: str, rooms: Annotated[Rooms, Depends(provided(Rooms))]) -> Response:
    """The ES module that a room brings to show the results of a pipeline."""
    return _serve(request, rooms.result_view(key))


@router.api_route("/console/{path:path}", methods=["GET", "HEAD"])
@takes_query("*")
async def read_console_file(request: Request, path: str) -> Response:
    """One static file of the page."""
    return _serve(request, PATHS.get(path))
