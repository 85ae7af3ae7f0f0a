"""Every error the API answers with: RFC 9457 problem documents with a stable `code`."""

from __future__ import annotations

import errno
import logging
from collections.abc import Sequence
from typing import Any, ClassVar

import asyncpg
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

log = logging.getLogger("tranche.errors")
MEDIA_TYPE = "application/problem+json"

DATABASE_DOWN = (
    OSError,
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""What a client of PostgreSQL sees while the server is away; each of them was met when a postmaster was killed."""


class Problem(Exception):
    """An error with an HTTP status and a code. Rooms subclass it with noun phrases.

    `detail` is one sentence for the person who reads it; `extra` are further members of the document.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail, self.headers, self.extra = detail, headers or {}, extra


def problems_of(errors: Sequence[Any], under: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What pydantic found, as problem documents have it: where (below `under`), a sentence, and its kind."""
    return [{"loc": [*under, *found["loc"]], "msg": _sentence_of(found), "type": found["type"]} for found in errors]


def _sentence_of(found: Any) -> str:
    if found["type"] == "string_pattern_mismatch":
        return "does not have the expected form"  # pydantic shows the regular expression
    return str(found["msg"]).removeprefix("Value error, ")


def explain_error(error: ValueError) -> str:
    """What is wrong, for a sentence: of pydantic's errors the first three, each with its place, else the message."""
    if not isinstance(error, ValidationError):
        return str(error)
    found = problems_of(error.errors(include_url=False, include_context=False, include_input=False))
    places = [(".".join(map(str, problem["loc"])), problem["msg"]) for problem in found[:3]]
    return "; ".join(f"{place}: {msg}" if place else msg for place, msg in places)


class BadRequest(Problem):
    """The request cannot be read as what it claims to be."""


class NotFound(Problem):
    status, code, title = 404, "not_found", "Not found"


class Conflict(Problem):
    status, code, title = 409, "conflict", "Conflict"


class Unprocessable(Problem):
    status, code, title = 422, "validation_failed", "Validation failed"


class TooLarge(Problem):
    status, code, title = 413, "too_large", "Too large"


class Unavailable(Problem):
    """The service cannot do this now; `Retry-After` says when to try again, in seconds."""

    status, code, title = 503, "unavailable", "Service unavailable"

    def __init__(self, detail: str, *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


class FilterNotReadable(BadRequest):
    """A filter or an order of a list that there is not."""

    code = "invalid_filter"


class CursorNotReadable(BadRequest):
    code = "invalid_cursor"


class TooManyRequests(Problem):
    """Over the limit; `Retry-After` says when there is room again, in seconds."""

    status, code, title = 429, "too_many_requests", "Too many requests"


class InsufficientStorage(Problem):
    status, code, title = 507, "insufficient_storage", "Insufficient storage"


def problem_response(
    request: Request,
    status: int,
    code: str,
    title: str,
    detail: str,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> JSONResponse:
    """The one place a problem document is put together."""
    body = {"type": f"urn:tranche:problem:{code}", "title": title, "status": status, "detail": detail}
    body |= {"instance": request.url.path, "code": code, **jsonable_encoder(extra or {})}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that refused a statement."""
    cause = getattr(error.orig, "__cause__", None)
    return getattr(cause, "constraint_name", None)


def is_database_down(error: BaseException) -> bool:
    """Whether an error only says that the database could not be reached, or the connection to it was lost."""
    cause = _cause(error)
    if isinstance(cause, OSError) and (cause.filename is not None or cause.errno in (errno.ENOSPC, errno.EDQUOT)):
        return False  # about a file or a disk: a lost connection names no file
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalidated or isinstance(cause, (*DATABASE_DOWN, PoolTimeout))


def _cause(error: BaseException) -> BaseException | None:
    """What the driver said, below what SQLAlchemy made of it."""
    return getattr(error.orig, "__cause__", None) or error.orig if isinstance(error, DBAPIError) else error


def _route_of(request: Request) -> str:
    """The path's pattern: what stands in its place may be a share code, which no log may hold."""
    return str(getattr(request.scope.get("route"), "path", request.url.path))


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)
    if error.status == 500:
        log.error("%s %s failed: %s", request.method, _route_of(request), error.detail)
    return problem_response(request, error.status, error.code, error.title, error.detail, error.headers, error.extra)


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    codes = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
    code, detail = codes.get(error.status_code, "http_error"), str(error.detail)
    return problem_response(request, error.status_code, code, detail, detail, dict(error.headers or {}))


async def _on_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = problems_of(error.errors()[:100])
    if any(e["type"] == "json_invalid" for e in found):
        return problem_response(request, 400, "invalid_json", "Bad request", "The body is not valid JSON.")
    where = ".".join(str(part) for part in found[0]["loc"]) if found else "request"
    detail = f"{where}: {found[0]['msg']}" if found else "The request is not valid."
    return problem_response(request, 422, "validation_failed", "Validation failed", detail, extra={"errors": found})


async def _on_integrity(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, IntegrityError)
    name = constraint_of(error) or "constraint"
    return problem_response(request, 409, "conflict", "Conflict", f"The change breaks the rule {name}.")


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    if isinstance(_cause(error), asyncpg.DiskFullError):
        detail = "There is no room on the database's disk. Nothing was stored."
        return problem_response(request, 507, "insufficient_storage", "Insufficient storage", detail)
    if not is_database_down(error):
        return await _on_unexpected(request, error)
    detail = "The database cannot be reached just now."
    headers = {"Retry-After": "2"}
    return problem_response(request, 503, "database_unavailable", "Service unavailable", detail, headers)


async def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s failed", request.method, _route_of(request), exc_info=error)
    detail = "Something failed on our side. It has been logged."
    return problem_response(request, 500, "internal_error", "Internal error", detail)


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(IntegrityError, _on_integrity)
    for kind in (DBAPIError, PoolTimeout, *DATABASE_DOWN):
        app.add_exception_handler(kind, _on_database)
    app.add_exception_handler(Exception, _on_unexpected)
