"""Query parameters that a route does not know are refused: a misspelt filter must not show everything."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Depends, Path, Query
from fastapi.routing import APIRoute

from app.kit.declarations import declared_by_route, raises
from app.kit.errors import Unprocessable

MOST_TOLD: Final = 20
_NAME: Final = "__known_parameters__"


class UnknownParameter(Unprocessable):
    """The path does not take a query parameter of this name; `errors` has the nearest name that it does take."""

    code, title = "unknown_parameter", "Unknown parameter"


def _known(route: APIRoute) -> tuple[frozenset[str], tuple[str, ...]]:
    """What a route takes: names, and patterns of names. Worked out once for each route, and kept with it."""
    known: tuple[frozenset[str], tuple[str, ...]] | None = getattr(route, _NAME, None)
    if known is None:
        fields = get_flat_params(route.dependant)
        names = frozenset(field.alias for field in fields if isinstance(field.field_info, Query))
        known = names, declared_by_route(route.dependant).query
        setattr(route, _NAME, known)
    return known


@raises(UnknownParameter)
async def refuse_unknown_parameters(request: Request) -> None:
    """Raise UnknownParameter (422) when the request's query has a name that its route does not take."""
    route = request.scope.get("route")
    if not request.url.query or not isinstance(route, APIRoute):
        return
    names, patterns = _known(route)
    found = [
        name
        for name in request.query_params
        if name not in names and not any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    if found and _path_is_readable(route, request):
        errors = [_finding(name, names) for name in found[:MOST_TOLD]]
        raise UnknownParameter(errors[0]["msg"], errors=errors)


def _path_is_readable(route: APIRoute, request: Request) -> bool:
    """Whether the path is one of this route at all: `/api/batches/counts` only looks like a batch's. If not, that is
    what is answered, not that the route would not take the query."""
    given = request.path_params
    fields = [field for field in get_flat_params(route.dependant) if isinstance(field.field_info, Path)]
    return not any(field.validate(given.get(field.alias), {}, loc=("path", field.alias))[1] for field in fields)


def _finding(name: str, known: frozenset[str]) -> dict[str, Any]:
    nearest = get_close_matches(name, known, n=1, cutoff=0.5)
    if nearest:
        hint = f"Did you mean {nearest[0]}?"
    elif known:
        hint = f"It takes {', '.join(sorted(known))}."
    else:
        hint = "It takes none."
    shown = name.encode("utf-8", "replace").decode()[:100]
    found: dict[str, Any] = {"loc": ["query", shown], "type": "unknown_parameter"}
    if nearest:
        found["nearest"] = nearest[0]
    return found | {"msg": f"This path takes no query parameter {shown}. {hint}"}


def check_parameters(app: FastAPI) -> None:
    """Refuse unknown query parameters on every route that is included from now on."""
    app.router.dependencies.append(Depends(refuse_unknown_parameters))
