"""JSON bodies of requests: long ones are parsed and checked in a thread, while the event loop goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from app.kit.errors import TooLarge
from app.kit.json_reading import AT_ONCE, load_json

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
MOST_VALUES: Final = 5_000_000
"""Values of one body: five hundred for each of ten thousand records. A body of nothing but brackets has many more."""
NOT_READABLE: Final = "There was an error parsing the body"


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _read(route: APIRoute, body: bytes) -> Any:
    """The value of the body, as the route's model where it has one. Raises what FastAPI would, and TooLarge."""
    if body.count(b",") > MOST_VALUES:
        raise TooLarge(f"The body has more than {MOST_VALUES:,} values.")
    try:
        value = load_json(body)
    except json.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error", "input": {}}
        raise RequestValidationError([found | {"ctx": {"error": error.msg}}]) from None
    except ValueError:
        raise HTTPException(400, NOT_READABLE) from None
    if route.body_field is None or route._embed_body_fields:
        return value
    checked, errors = route.body_field.validate(value, {}, loc=("body",))
    if errors:
        raise RequestValidationError(errors)
    return checked  # a model that is checked already is taken as it is


def _beside_the_loop(route: APIRoute, make: Callable[[], Handler], turn: asyncio.Lock) -> Callable[[], Handler]:
    def get_route_handler() -> Handler:
        handler = make()

        async def handle(request: Request) -> Response:
            if _is_json(request):
                body = await request.body()
                if len(body) > AT_ONCE:
                    async with turn:
                        request._json = await asyncio.to_thread(_read, route, body)
            return await handler(request)

        return handle

    return get_route_handler


def read_beside_the_loop(router: APIRouter, turn: asyncio.Lock) -> None:
    """Let the routes of a router that take JSON read long bodies in a thread. Called before it is included.

    One body at a time has its `turn`: each thread at work may keep the event loop waiting for 5 ms.
    """
    for route in router.routes:
        if isinstance(route, APIRoute) and route.body_field is not None:
            route.get_route_handler = _beside_the_loop(route, route.get_route_handler, turn)  # type: ignore[method-assign]
