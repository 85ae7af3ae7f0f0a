"""What routes, dependencies and services say of themselves, once, where it happens: openapi.json is made from it.

The decorators leave the function as it is, so that their order among others does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

F = TypeVar("F", bound=Callable[..., Any])
_NAME: Final = "__declared__"


@dataclass(frozen=True, slots=True)
class Declared:
    """`problems` it may raise, `headers` a success may carry, `models` that openapi.json shows besides its own,
    patterns of further `query` parameters it reads, the member that repeats the `detail` of its problems, and the
    `permissions` that a caller must have."""

    problems: tuple[type[Exception], ...] = ()
    headers: tuple[str, ...] = ()
    models: tuple[type[BaseModel], ...] = ()
    query: tuple[str, ...] = ()
    detail_alias: str | None = None
    permissions: tuple[str, ...] = ()


NOTHING: Final = Declared()


class RouteTag(str):
    """A tag of routes, with a sentence that says what they are for. Other routers use its plain name."""

    meaning: str

    def __new__(cls, name: str, meaning: str) -> RouteTag:
        tag = super().__new__(cls, name)
        tag.meaning = meaning
        return tag


def declared(call: object) -> Declared:
    """What a function or a class that is used as a dependency says of itself."""
    found: Declared = getattr(call, _NAME, NOTHING)
    return found


def _declare(call: F, **values: Any) -> F:
    setattr(call, _NAME, replace(declared(call), **values))
    return call


def raises(*sources: type[Exception] | Callable[..., Any]) -> Callable[[F], F]:
    """The problems that the decorated function may raise, and those that the functions it calls say they raise."""

    def declare(call: F) -> F:
        found = list(declared(call).problems)
        for source in sources:
            if isinstance(source, type) and issubclass(source, Exception):
                found.append(source)
            else:
                found += declared(source).problems
        return _declare(call, problems=tuple(dict.fromkeys(found)))

    return declare


def sends(*headers: str) -> Callable[[F], F]:
    """Headers that a successful answer may carry."""
    return lambda call: _declare(call, headers=(*declared(call).headers, *headers))


def shows(*models: type[BaseModel]) -> Callable[[F], F]:
    """Models that the documentation of a route refers to, and that FastAPI does not see."""
    return lambda call: _declare(call, models=(*declared(call).models, *models))


def takes_query(*patterns: str) -> Callable[[F], F]:
    """Query parameters that the route reads from the request itself; `*` stands for anything."""
    return lambda call: _declare(call, query=(*declared(call).query, *patterns))


def needs(permission: str) -> Callable[[F], F]:
    """The permission that the dependency asks of its caller; openapi.json has it as `x-tranche-permission`."""
    return lambda call: _declare(call, permissions=(permission,))


def repeats_detail(member: str) -> Callable[[F], F]:
    """A further member under which the problems of a route have their `detail`, for clients of older systems."""
    return lambda call: _declare(call, detail_alias=member)


def json_example(value: Any) -> dict[str, Any]:
    """The `openapi_extra` of a route whose JSON body is shown by an example."""
    return {"requestBody": {"content": {"application/json": {"example": value}}}}


def declared_by_route(dependant: Dependant) -> Declared:
    """What a route and all its dependencies say, together."""
    found: list[Declared] = []
    waiting = [dependant]
    while waiting:
        current = waiting.pop()
        found.append(declared(current.call))
        waiting += current.dependencies
    together: dict[str, Any] = {
        name: tuple(dict.fromkeys(value for one in found for value in getattr(one, name)))
        for name in ("problems", "headers", "models", "query", "permissions")
    }
    return Declared(**together, detail_alias=found[0].detail_alias)


def detail_alias_of(request: Request) -> str | None:
    """The member that repeats the detail of a problem on the path that was asked for, also before it was routed."""
    route = request.scope.get("route")
    if route is None and (app := request.scope.get("app")):
        path = request.url.path
        contexts = iter_route_contexts(app.routes)
        route = next(
            (one for one in contexts if (regex := getattr(one, "path_regex", None)) and regex.match(path)), None
        )
    return declared(getattr(route, "endpoint", None)).detail_alias
