"""Every error the API answers with: RFC 9457 problem documents with a stable `code`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Final, TypeVar

from fastapi import HTTPException, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import IntegrityError

from app.kit.database_outages import trouble_of
from app.kit.declarations import detail_alias_of
from app.kit.outage import Outage
from app.kit.web.public_address import public_path
from app.kit.web.request_context import current_request

T = TypeVar("T")
MEDIA_TYPE = "application/problem+json"


class Finding(BaseModel):
    """One thing that is wrong with a request, and where."""

    model_config = ConfigDict(extra="allow")

    loc: list[str | int] = Field(
        description="The way to it: `body`, `query`, `path` or `header`, then names and places."
    )
    msg: str = Field(description="A sentence for people.")
    type: str = Field(description="What kind of mistake it is.")


class ProblemDocument(BaseModel):
    """Every error is answered with such a document (RFC 9457). Some codes have further members."""

    model_config = ConfigDict(title="Problem", extra="allow")

    type: str = Field(description="A URN that ends with the code.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with this request, in a sentence for people.")
    instance: str = Field(description="The path that was asked for.")
    code: str = Field(description="The kind of problem, for programs. It never changes.")
    request_id: str | None = Field(None, description="The request's `X-Request-Id`, for those who look into the log.")
    errors: list[Finding | dict[str, Any]] | None = Field(
        None, description="Everything that is wrong, where it is known."
    )


class Problem(Exception):
    """An error with an HTTP status and a code. Rooms subclass it with noun phrases.

    A subclass's docstring is what docs/errors.md and /docs say of its code: plain sentences for those who call the API.
    `sends` are the headers that come with it; one with `only_changes` is never the answer to a GET. `detail` is one
    sentence for the person who reads it; `extra` are further members of the document.
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"
    sends: ClassVar[tuple[str, ...]] = ()
    only_changes: ClassVar[bool] = False

    def __init__(self, detail: str, *, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail, self.headers, self.extra = detail, headers or {}, extra

    @classmethod
    def meaning(cls) -> str:
        """What the code says, on one line."""
        return " ".join((cls.__doc__ or "").split())


class RefusedWhileReading(HTTPException):
    """Carries an error out of the reading of a body: FastAPI turns any other exception met there into a 400."""

    def __init__(self, error: Exception) -> None:
        super().__init__(getattr(error, "status", 500))
        self.error = error


def all_problems(base: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every kind of problem of the service that is imported."""
    for kind in base.__subclasses__():
        if kind.__module__.startswith("app."):
            yield kind
        yield from all_problems(kind)


MOST_TOLD: Final = 100


def problems_of(errors: Sequence[Any], under: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What pydantic found, as problem documents have it: where (below `under`), a sentence, and its kind. A body of
    nothing but errors has hundreds of thousands; the first ones are told."""
    told = errors[:MOST_TOLD]
    return [{"loc": [*under, *found["loc"]], "msg": _sentence_of(found), "type": found["type"]} for found in told]


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


class InvalidJson(BadRequest):
    """The body is not valid JSON."""

    code = "invalid_json"


class NotFound(Problem):
    """There is nothing under this path, or nothing that the caller may see."""

    status, code, title = 404, "not_found", "Not found"

    def __init__(self, detail: str | None = None, **more: Any) -> None:
        """`detail` unset: there is no such thing as the one that the code names."""
        thing = self.code.removesuffix("_not_found").replace("_", " ")
        super().__init__(detail or f"There is no such {thing}.", **more)


def existing(found: T | None, missing: type[NotFound]) -> T:
    """What was found; raises the problem (404) when nothing was."""
    if found is None:
        raise missing
    return found


class MethodNotAllowed(Problem):
    """The path exists, but not with this method; `Allow` names those it has."""

    status, code, title, sends = 405, "method_not_allowed", "Method not allowed", ("Allow",)


class RequestTimeout(Problem):
    """The request did not arrive in time, or its body comes too slowly. The connection is closed."""

    status, code, title = 408, "request_timeout", "Request timeout"


class Conflict(Problem):
    """The change contradicts what is stored, or another change that came first."""

    status, code, title = 409, "conflict", "Conflict"


class TooLarge(Problem):
    """The body is larger than this path takes."""

    status, code, title = 413, "too_large", "Too large"


class UnsupportedMediaType(Problem):
    """This path takes JSON that is not compressed: `Content-Type: application/json`, and no `Content-Encoding`."""

    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class Unprocessable(Problem):
    """Parameters or members of the body are missing or have values that are not allowed; `errors` names each."""

    status, code, title = 422, "validation_failed", "Validation failed"


class HeaderFieldsTooLarge(Problem):
    """The request's header has more than 64 KiB. The connection is closed."""

    status, code, title = 431, "request_header_fields_too_large", "Request header fields too large"


class InternalError(Problem):
    """Something failed on our side. It has been logged."""

    status, code, title = 500, "internal_error", "Internal error"


class Unavailable(Problem):
    """The service cannot do this now; `Retry-After` says when to try again, in seconds."""

    status, code, title, sends = 503, "unavailable", "Service unavailable", ("Retry-After",)

    def __init__(self, detail: str, *, retry_after: int = 2, **extra: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **extra)


class TooManyConnections(Unavailable):
    """The address has as many connections as one may have. The connection is closed."""

    code = "too_many_connections"


class ShuttingDown(Unavailable):
    """The process ends, and the request was not over by then. Send it again: with the same Idempotency-Key nothing is
    done twice. The connection is closed."""

    code = "shutting_down"


class TooMuchAtOnce(Unavailable):
    """So many large bodies are being read just now that there is no memory for another."""

    code = "too_much_at_once"


class DatabaseUnavailable(Outage, Unavailable):
    """The database cannot be reached just now. Try again after `Retry-After` seconds."""

    code = "database_unavailable"


class FilterNotReadable(BadRequest):
    """A filter or a sort order has a value that this list does not know; the detail names those it knows."""

    code = "invalid_filter"


class CursorNotReadable(BadRequest):
    """The cursor is not one that this service gave out for this list."""

    code = "invalid_cursor"


class TooManyRequests(Problem):
    """The caller asks too often; `Retry-After` says when there is room again, in seconds."""

    status, code, title, sends = 429, "too_many_requests", "Too many requests", ("Retry-After",)


class InsufficientStorage(Outage, Problem):
    """There is no room on a disk. Nothing was stored."""

    status, code, title = 507, "insufficient_storage", "Insufficient storage"
    only_changes = True


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
    body |= {"instance": public_path(request.url.path), "code": code, **jsonable_encoder(extra or {})}
    if context := current_request():
        context.problem = code
        body["request_id"] = context.id
    if alias := detail_alias_of(request):
        body.setdefault(alias, body["detail"])
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def constraint_of(error: IntegrityError) -> str | None:
    """The name of the constraint that refused a statement."""
    cause = getattr(error.orig, "__cause__", None)
    return getattr(cause, "constraint_name", None)


def is_database_down(error: BaseException) -> bool:
    """Whether an error only says that the database could not be reached, or the connection to it was lost."""
    return isinstance(error, DatabaseUnavailable) or trouble_of(error) == "away"
