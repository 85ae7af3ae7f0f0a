"""Serves the console: one page and its static files. Everything else it does goes through the public API."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Without a build step names carry no hash, so a browser asks each time and mostly gets a 304.
    "Cache-Control": "no-cache",
}
# What a machine's own table of media types may have wrong or lack.
MEDIA_TYPES = {".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)
_files = StaticFiles(directory=STATIC)


async def _serve(request: Request, path: str) -> Response:
    response = await _files.get_response(path, request.scope)
    response.headers.update(HEADERS)
    media_type = MEDIA_TYPES.get(Path(path).suffix)
    if media_type and response.status_code == 200:
        response.headers["Content-Type"] = media_type
    return response


@router.api_route("/", methods=["GET", "HEAD"])
async def read_console(request: Request) -> Response:
    """The page; what it shows is decided by the address after the `#`."""
    return await _serve(request, "index.html")


@router.api_route("/console/{path:path}", methods=["GET", "HEAD"])
async def read_console_file(request: Request, path: str) -> Response:
    """One static file of the page."""
    return await _serve(request, path)
