"""The public page of a result: HTML from the server, without a script."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from app.batches.overviews import read_overviews
from app.kit.declarations import takes_query
from app.kit.dependencies import Cursor, DatabaseDep
from app.kit.errors import TooManyRequests
from app.kit.pages import PageRequest
from app.limits.dependencies import GuessesDep, RatesDep
from app.pipelines.dependencies import RegistryDep
from app.results.codes import read_code
from app.results.content import JOBS_AT_ONCE, read_shared
from app.results.dependencies import open_shared
from app.results.errors import ResultNotFound, TooManyGuesses
from app.results.html_page import plain_page, result_page
from app.results.public_router import PRIVATE

router = APIRouter(include_in_schema=False)
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {**PRIVATE, "Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff"}
_UNKNOWN: Final = "Nothing here", "This link opens no result: it is mistyped, or it no longer works."
_TOO_MANY: Final = "Too many tries", "Too many wrong links were opened from your address. Wait a minute."
_files = StaticFiles(directory=Path(__file__).parent / "static")


@router.api_route("/r/{code}", methods=["GET", "HEAD"])
@takes_query("*")
async def read_result_page(
    code: str,
    request: Request,
    database: DatabaseDep,
    registry: RegistryDep,
    rates: RatesDep,
    guesses: GuessesDep,
    cursor: Cursor = None,
) -> Response:
    """The result that the code opens. Unknown, expired and revoked codes show one and the same page."""
    try:
        shared = await open_shared(code, request, database, rates, guesses)
    except ResultNotFound:
        return HTMLResponse(plain_page(*_UNKNOWN), 404, _HEADERS)
    except (TooManyGuesses, TooManyRequests) as error:
        return HTMLResponse(plain_page(*_TOO_MANY), 429, {**_HEADERS, **error.headers})
    async with database.transaction() as session:
        found = await read_shared(session, shared, read_code(code), PageRequest(JOBS_AT_ONCE, cursor))
    overviews = []
    if shared.link.job_id is None and cursor is None:
        overviews = await read_overviews(database, registry, shared.batch, shared.pipeline)
    tables = {pipeline.key: pipeline.result_table for pipeline in registry}
    return HTMLResponse(await asyncio.to_thread(result_page, found, tables, overviews), headers=_HEADERS)


@router.api_route("/r/static/{path:path}", methods=["GET", "HEAD"])
@takes_query("*")
async def read_result_page_file(request: Request, path: str) -> Response:
    """The page's style."""
    response = await _files.get_response(path, request.scope)
    response.headers.update({"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"})
    return response
