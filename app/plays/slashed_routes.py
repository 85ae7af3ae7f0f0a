"""Routes that are served with a slash at the end and without, as clients use both; never by a redirect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter

from app.kit.declarations import repeats_detail

F = TypeVar("F", bound=Callable[..., Any])


def slashed_route(router: APIRouter, method: str, path: str, **options: Any) -> Callable[[F], F]:
    """Serve the decorated function at `path/`, which the documentation shows, and at `path`.

    Clients of an older system read the member `error` of its problems."""

    def add(function: F) -> F:
        repeats_detail("error")(function)
        router.add_api_route(f"{path}/", function, methods=[method], **options)
        router.add_api_route(path, function, methods=[method], include_in_schema=False, **options)
        return function

    return add
