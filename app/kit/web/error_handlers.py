"""Makes every error a problem document: ours, the framework's, and what the database says."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import DBAPIError, IntegrityError
from starlette.exceptions import HTTPException

from app.kit.database_outages import CONNECTION_ERRORS, cause_of
from app.kit.errors import (
    BadRequest,
    Conflict,
    DatabaseUnavailable,
    InsufficientStorage,
    InternalError,
    InvalidJson,
    MethodNotAllowed,
    NotFound,
    Problem,
    RefusedWhileReading,
    TooLarge,
    Unprocessable,
    constraint_of,
    is_database_down,
    problem_response,
    problems_of,
)

Handler = Callable[[Request, Exception], Awaitable[JSONResponse]]
log = logging.getLogger("tranche.errors")
_BY_STATUS: dict[int, type[Problem]] = {
    kind.status: kind for kind in (BadRequest, NotFound, MethodNotAllowed, TooLarge)
}
"""What the framework refuses by itself."""


def _answer(
    request: Request, kind: type[Problem], detail: str, headers: dict[str, str] | None = None, **extra: Any
) -> JSONResponse:
    return problem_response(request, kind.status, kind.code, kind.title, detail, headers, extra)


def _route_of(request: Request) -> str:
    """The path's pattern: what stands in its place may be a share code, which no log may hold."""
    return str(getattr(request.scope.get("route"), "path", request.url.path))


def _methods_of_fixed(request: Request) -> set[str]:
    """The methods of a path that is fixed: with another one its last part was read as the id of something."""
    return {
        method
        for one in iter_route_contexts(request.app.routes)
        if one.path == request.url.path
        for method in getattr(one.original_route, "methods", None) or ()
    }


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    if error.status == 500:
        log.error("%s %s failed: %s", request.method, _route_of(request), error.detail)
    return problem_response(request, error.status, error.code, error.title, error.detail, error.headers, error.extra)


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if isinstance(error, RefusedWhileReading):
        return await answer_to(request, error.error)
    kind, detail, headers = _BY_STATUS.get(error.status_code), str(error.detail), dict(error.headers or {})
    if kind is None:
        return problem_response(request, error.status_code, "http_error", detail, detail, headers)
    return _answer(request, kind, detail, headers)


async def _on_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = problems_of(error.errors())
    if any(e["type"] == "json_invalid" for e in found):
        return _answer(request, InvalidJson, "The body is not valid JSON.")
    if any(problem["loc"][0] == "path" for problem in found) and (methods := _methods_of_fixed(request)):
        allowed = ", ".join(sorted(methods))
        return _answer(request, MethodNotAllowed, f"This path takes {allowed}.", {"Allow": allowed})
    where = ".".join(str(part) for part in found[0]["loc"]) if found else "request"
    detail = f"{where}: {found[0]['msg']}" if found else "The request is not valid."
    return _answer(request, Unprocessable, detail, errors=found)


async def _on_integrity(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, IntegrityError)
    return _answer(request, Conflict, f"The change breaks the rule {constraint_of(error) or 'constraint'}.")


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    if isinstance(cause_of(error), asyncpg.DiskFullError):
        return _answer(request, InsufficientStorage, "There is no room on the database's disk. Nothing was stored.")
    if not is_database_down(error):
        return await answer_unexpected(request, error)
    return await _on_problem(request, DatabaseUnavailable("The database cannot be reached just now."))


async def answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    """The answer to what nobody expected, which is logged with its traceback."""
    log.error("%s %s failed", request.method, _route_of(request), exc_info=error)
    return _answer(request, InternalError, "Something failed on our side. It has been logged.")


async def answer_to(request: Request, error: Exception) -> JSONResponse:
    """The problem document of an error that was met outside of the routes."""
    handler = next((handler for kind, handler in _HANDLERS.items() if isinstance(error, kind)), answer_unexpected)
    return await handler(request, error)


_HANDLERS: dict[type[Exception], Handler] = {
    Problem: _on_problem,
    HTTPException: _on_http,
    RequestValidationError: _on_validation,
    IntegrityError: _on_integrity,
    **dict.fromkeys((DBAPIError, *CONNECTION_ERRORS), _on_database),
}


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)
