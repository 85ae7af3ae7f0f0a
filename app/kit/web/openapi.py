"""openapi.json as the service really is: its problems, headers, security and models, from what routes declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app.kit.declarations import Declared, RouteTag, declared_by_route
from app.kit.errors import (
    MEDIA_TYPE,
    BadRequest,
    CursorNotReadable,
    InternalError,
    InvalidJson,
    Problem,
    ProblemDocument,
    RequestTimeout,
    TooLarge,
    TooMuchAtOnce,
    Unprocessable,
    UnsupportedMediaType,
    all_problems,
)
from app.kit.schemas import Output

_made: Final[dict[Any, Any]] = {}
"""Documents by the routes that they describe: making one takes a second. Where the service is, is no part of them."""
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
PERMISSION: Final = "x-tranche-permission"
PUBLIC, ANYONE_SIGNED_IN = "public", "any"
"""What stands in place of a permission where no credential is needed, and where each will do."""
REF: Final = "#/components/schemas/{model}"
HEADERS: Final = {
    "Allow": "The methods that the path has.",
    "Content-Disposition": "The name to save the file under.",
    "Content-Range": "Which bytes these are, and of how many.",
    "ETag": "The version of this answer; sent back as `If-None-Match` it is answered 304 while nothing has changed.",
    "Highlighted-Row": "Where the marked row is: its upper and lower edge, as shares of the height from the top.",
    "Idempotent-Replayed": "`true` when an earlier request with the same `Idempotency-Key` was answered with this.",
    "Last-Event-ID": "The id of the batch's last event.",
    "Link": 'Where the next page is: `<address>; rel="next"`. Not sent with the last page.',
    "Location": "Where the new resource is.",
    "RateLimit": "How the caller stands with each policy: `r` requests are left for `t` seconds.",
    "RateLimit-Policy": "The rates that the request was counted for: `q` requests in `w` seconds.",
    "Retry-After": "When to try again, in seconds.",
    "WWW-Authenticate": "How to sign in.",
}


def _example(kind: type[Problem]) -> dict[str, Any]:
    value = {"type": f"urn:tranche:problem:{kind.code}", "title": kind.title, "status": kind.status}
    value |= {"detail": kind.meaning(), "instance": "/api/...", "code": kind.code}
    return {"summary": kind.title, "description": kind.meaning(), "value": value}


def _header(name: str) -> dict[str, Any]:
    return {"description": HEADERS[name], "schema": {"type": "string"}}


def problem_responses(kinds: Iterable[type[Problem]]) -> dict[str, Any]:
    """The answers of an operation for the problems it may raise: one for each status, with an example for each code."""
    by_status: dict[int, list[type[Problem]]] = {}
    for kind in sorted(set(kinds), key=lambda kind: (kind.status, kind.code)):
        by_status.setdefault(kind.status, []).append(kind)
    return {str(status): _response(group) for status, group in by_status.items()}


def _response(kinds: list[type[Problem]]) -> dict[str, Any]:
    examples = {kind.code: {"$ref": f"#/components/examples/{kind.code}"} for kind in kinds}
    content = {MEDIA_TYPE: {"schema": {"$ref": REF.format(model="Problem")}, "examples": examples}}
    lines = [f"`{kind.code}`: {kind.meaning()}" for kind in kinds]
    answer: dict[str, Any] = {"description": "\n\n".join(lines), "content": content}
    if names := sorted({name for kind in kinds for name in kind.sends}):
        answer["headers"] = {name: _header(name) for name in names}
    return answer


def _is_paged(operation: Mapping[str, Any]) -> bool:
    return any(parameter["name"] == "cursor" for parameter in operation.get("parameters", ()))


def problems_of_operation(method: str, operation: Mapping[str, Any], found: Declared) -> set[type[Problem]]:
    """What an operation may answer: what was declared, and what holds for its parameters and its body."""
    kinds: set[type[Problem]] = {kind for kind in found.problems if issubclass(kind, Problem)} | {InternalError}
    if method in SAFE_METHODS:
        kinds = {kind for kind in kinds if not kind.only_changes}
    body = operation.get("requestBody", {}).get("content", {})
    if body or operation.get("parameters"):
        kinds.add(Unprocessable)
    if _is_paged(operation):
        kinds.add(CursorNotReadable)
    if body:
        kinds |= {TooLarge, RequestTimeout, TooMuchAtOnce}
    if "application/json" in body:
        kinds |= {InvalidJson, BadRequest}  # what is no JSON, and JSON that Python cannot read
    if list(body) == ["application/json"]:
        kinds.add(UnsupportedMediaType)
    return kinds


def _describe(method: str, operation: dict[str, Any], route: Any, found: Declared) -> None:
    answers: dict[str, Any] = operation["responses"]
    own = answers.get("422", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if own.get("$ref", "").endswith("/HTTPValidationError"):
        del answers["422"]
    headers = list(found.headers)
    if _is_paged(operation):
        headers.append("Link")
    for status, answer in answers.items():
        _name_answer(answer, str(route.name))
        told = [name for name in headers if status[0] == "2" and (name != "Location" or status in ("201", "202"))]
        if told:
            answer["headers"] = {name: _header(name) for name in told} | answer.get("headers", {})
    answers |= problem_responses(problems_of_operation(method, operation, found))
    operation["responses"] = dict(sorted(answers.items()))
    operation["operationId"] = route.name
    operation[PERMISSION] = _permission(operation, found)
    operation["summary"] = route.summary or str(route.name).replace("_", " ").capitalize()


def _name_answer(answer: Mapping[str, Any], name: str) -> None:
    """Call an answer that is no model of its own after the operation, where FastAPI does by the path as well."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if schema.get("title", "").startswith("Response "):
        schema["title"] = f"Response {name.replace('_', ' ').title()}"


def _permission(operation: Mapping[str, Any], found: Declared) -> str:
    """The one permission that an operation asks for; a route that asks for two is a mistake of ours."""
    if len(found.permissions) > 1:
        raise ValueError(
            f"{operation['operationId']} asks for {' and '.join(found.permissions)}, not for one permission"
        )
    needs_credential = ANYONE_SIGNED_IN if operation.get("security") else PUBLIC
    return next(iter(found.permissions), needs_credential)


def _schemas(models: Iterable[type[BaseModel]]) -> dict[str, Any]:
    replies = [(model, "serialization") for model in models if issubclass(model, Output)]
    bodies = [(model, "validation") for model in models if not issubclass(model, Output)]
    return dict(models_json_schema([*replies, *bodies], ref_template=REF)[1].get("$defs", {}))  # type: ignore[list-item]


def describe_api(app: FastAPI) -> None:
    """Make the application's openapi.json say everything that its routes declare."""
    describe_routes = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            routes = tuple(
                (one.path, one.original_route.endpoint)
                for one in iter_route_contexts(app.routes)
                if isinstance(one.original_route, APIRoute) and one.include_in_schema
            )
            if routes not in _made:
                _complete(describe_routes(), app)
                _made[routes] = dict(app.openapi_schema or {})
                _made[routes].pop("servers", None)
            servers = {"servers": app.servers} if app.servers else {}
            app.openapi_schema = {**_made[routes], **servers}
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], app: FastAPI) -> None:
    models: list[type[BaseModel]] = []
    tags: dict[str, str] = {}
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute) or not route.include_in_schema:
            continue
        found = declared_by_route(route.dependant)
        models += found.models
        tags |= {tag: tag.meaning for tag in route.tags if isinstance(tag, RouteTag)}
        for method in route.methods or ():
            _describe(method, document["paths"][route.path_format][method.lower()], route, found)
    components = document["components"]
    known: dict[str, Any] = components["schemas"]
    known.pop("HTTPValidationError", None)
    known.pop("ValidationError", None)
    problem = ProblemDocument.model_json_schema(ref_template=REF)
    own = problem.pop("$defs") | {"Problem": problem}
    components["schemas"] = dict(sorted((_schemas(dict.fromkeys(models)) | own | known).items()))
    components["examples"] = {
        kind.code: _example(kind) for kind in sorted(all_problems(), key=lambda kind: kind.code) if kind.meaning()
    }
    document["tags"] = [{"name": str(name), "description": meaning} for name, meaning in tags.items()]
