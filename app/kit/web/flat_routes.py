"""All routes in one table, made once: a request is compared with the few that its path can be, not with each.

FastAPI keeps routers as they were included, and looks through each in turn, twice: a third of what an answer from
/healthz cost, and 12 % of a batch's (measured). What is found, and in which order, is what FastAPI would find.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from re import Pattern
from typing import Any, Final

from fastapi import APIRouter, FastAPI, HTTPException
from fastapi.dependencies.utils import get_parameterless_sub_dependant
from fastapi.params import Depends
from fastapi.routing import APIRoute, RouteContext, _DefaultLifespan, iter_route_contexts
from starlette.convertors import FloatConvertor, IntegerConvertor, StringConvertor, UUIDConvertor
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

_ONE_SEGMENT: Final = (StringConvertor, IntegerConvertor, FloatConvertor, UUIDConvertor)
Shape = tuple[int, str | None, str | None, str | None]
"""How many segments a path has, the first two, and of longer ones the last; None: any."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A route with a pattern; one without, such as a mount, is asked itself."""

    route: Any
    """What FastAPI puts into the scope."""
    app: ASGIApp
    endpoint: Any
    regex: Pattern[str] | None
    convertors: dict[str, Any]
    methods: frozenset[str]

    @staticmethod
    def of(context: RouteContext) -> _Row:
        route = context.original_route
        if isinstance(route, APIRoute | Route):
            regex, convertors = context.path_regex, dict(context.param_convertors)
            return _Row(route, context.app, context.endpoint, regex, convertors, frozenset(context.methods or ()))
        return _Row(context._effective_route, _nobody, None, None, {}, frozenset())


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("such a route handles its requests itself")


def _shape_of(path: str) -> tuple[int, str, str, str]:
    segments = path.split("/")
    count = len(segments) - 1
    return count, segments[1] if count else "", segments[2] if count > 1 else "", segments[-1] if count > 2 else ""


def _wider(shape: Shape) -> Iterator[Shape]:
    """The shape, and those by which it is looked for where it is not known itself."""
    yield shape
    yield *shape[:3], None
    yield *shape[:2], None, None


def _fits(one: Shape, other: Shape) -> bool:
    return one[0] == other[0] and all(a is None or b is None or a == b for a, b in zip(one[1:], other[1:], strict=True))


def _is_fixed(row: _Row) -> bool:
    return row.regex is not None and not row.convertors


def _shape_of_row(row: _Row, path: str) -> Shape | None:
    """The shape of every path that the route takes; None where they may have several."""
    if row.regex is None or not all(isinstance(one, _ONE_SEGMENT) for one in row.convertors.values()):
        return None
    count, *parts = _shape_of(path)
    first, second, last = (None if "{" in part else part for part in parts)
    return count, first, second, last


class FlatRoutes:
    """ASGI application: the routes of an application, as they are when it is made."""

    def __init__(self, app: FastAPI) -> None:
        self._router = app.router
        rows = [(_Row.of(context), str(context.path or "")) for context in iter_route_contexts(app.routes)]
        shapes = [_shape_of_row(row, path) for row, path in rows]

        def candidates(shape: Shape | None, fixed: str | None = None) -> tuple[_Row, ...]:
            return tuple(
                row
                for (row, path), own in zip(rows, shapes, strict=True)
                if (path == fixed if _is_fixed(row) else own is None or (shape and _fits(own, shape)))
            )

        known = {wide for shape in shapes if shape for wide in _wider(shape)}
        self._others = candidates(None)
        self._by_shape = {shape: candidates(shape) for shape in known}
        self._by_path = {path: candidates(_shape_of(path), path) for row, path in rows if _is_fixed(row)}

    def _candidates(self, path: str) -> Iterable[_Row]:
        if fixed := self._by_path.get(path):
            return fixed
        return next(
            (self._by_shape[shape] for shape in _wider(_shape_of(path)) if shape in self._by_shape), self._others
        )

    def exists(self, path: str, scope: Scope) -> bool:
        """Whether any route takes the path, with whatever method."""
        there = {**scope, "path": path}
        return any(
            row.regex.match(path) if row.regex else row.route.matches(there)[0] is not Match.NONE
            for row in self._candidates(path)
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("root_path"):
            await self._router.app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        scope["router"] = self._router
        partial: tuple[_Row, dict[str, Any]] | None = None
        allowed: set[str] = set()
        for row in self._candidates(path):
            if row.regex is None:
                match, child_scope = row.route.matches(scope)
                if match is Match.FULL:
                    scope.update(child_scope)
                    await row.route.handle(scope, receive, send)
                    return
            elif found := row.regex.match(path):
                if not row.methods or method in row.methods:
                    _select(scope, row, found.groupdict())
                    await row.app(scope, receive, send)
                    return
                allowed |= row.methods
                partial = partial or (row, found.groupdict())
        if partial:
            _select(scope, *partial)
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        await self._router.default(scope, receive, send)


def _select(scope: Scope, row: _Row, given: dict[str, Any]) -> None:
    for name, value in given.items():
        given[name] = row.convertors[name].convert(value)
    scope["endpoint"], scope["path_params"], scope["route"] = row.endpoint, given, row.route


def add_routers(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Put the routes of routers into an application, with the dependencies that all its routes have.

    `include_router` makes each anew, with the models of its bodies and answers, for a prefix and such that our routes
    have from their own router: 0.3 s of a start and 5 MB (measured). A router that brings anything else is left to it.
    """
    for router in routers:
        if not _is_only_routes(router):
            app.include_router(router)
            continue
        for route in router.routes:
            if isinstance(route, APIRoute):
                _depend(route, app.router.dependencies)
        app.router.routes += router.routes


def _is_only_routes(router: APIRouter) -> bool:
    """Whether a router has no routers, mounts or pages in it, and nothing that is to start or stop with it."""
    plain = all(isinstance(route, APIRoute | Route) for route in router.routes) and not router._low_priority_routes
    is_started = router.on_startup or router.on_shutdown or not isinstance(router.lifespan_context, _DefaultLifespan)
    return plain and not is_started


def _depend(route: APIRoute, wanted: Sequence[Depends]) -> None:
    """Give a route these dependencies before its own, unless another application did."""
    for depends in reversed(wanted):
        if depends not in route.dependencies:
            route.dependencies.insert(0, depends)
            below = get_parameterless_sub_dependant(depends=depends, path=route.path_format)
            route.dependant.dependencies.insert(0, below)


def flatten_routes(app: FastAPI) -> FlatRoutes:
    """Have the application look for routes in a table of those that it has now."""
    app.router.middleware_stack = flat = FlatRoutes(app)
    return flat
