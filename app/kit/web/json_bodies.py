"""JSON bodies of requests: long ones are parsed and checked in a thread, while the event loop goes on."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, ClassVar, Final, TypeVar

from fastapi import APIRouter, FastAPI, HTTPException, Request, Response
from fastapi._body_limit import wrap_app_with_body_limit
from fastapi.exceptions import RequestValidationError
from fastapi.params import Form
from fastapi.routing import APIRoute, request_response
from pydantic import BaseModel, ValidationError

from app.kit.errors import TooLarge, UnsupportedMediaType
from app.kit.json_pieces import MOST_VALUES, JsonText, check_members, count_values, read_object
from app.kit.json_reading import AT_ONCE, load_json

M = TypeVar("M", bound=BaseModel)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
NOT_READABLE: Final = "There was an error parsing the body"
_OURS: Final = "reads_beside_the_loop"
MOST_ERRORS: Final = 100
"""So many are told; who sends ten thousand wrong members need not wait for all to be found."""


class ReadInPieces(BaseModel, ABC):
    """A body with a long list, `list_member`, of which at most `most_members` are read, one after the other."""

    list_member: ClassVar[str]
    most_members: ClassVar[int]

    @classmethod
    @abstractmethod
    def read_member(cls, value: Any) -> Any:
        """A member of the list as the model takes it. Raises ValidationError."""


def _check_kind(request: Request) -> None:
    """Raises UnsupportedMediaType for what is no JSON, which would be read as a text and called no object."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        sent = f"not {kind}" if kind else "and say so"
        raise UnsupportedMediaType(f"Send JSON, {sent}: Content-Type: application/json.")
    check_encoding(request)


def check_encoding(request: Request) -> None:
    """Raises UnsupportedMediaType (415) for JSON that was compressed."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the JSON as it is, without Content-Encoding.")


def _has_body(request: Request) -> bool:
    return request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers


def _read(route: APIRoute, chunks: deque[bytes]) -> Any:
    """The value of the body, as the route's model where it has one. Raises what FastAPI would, and TooLarge."""
    field = None if route._embed_body_fields else route.body_field
    value = _value_of(chunks, field.field_info.annotation if field else None)
    if field is None:
        return value
    checked, errors = field.validate(value, {}, loc=("body",))
    if errors:
        raise RequestValidationError(errors)
    return checked  # a model that is checked already is taken as it is


async def read_body(request: Request, model: type[M]) -> M:
    """The body of a route that takes JSON beside something else, and so reads it itself. Raises as other routes do."""
    _check_kind(request)
    chunks = deque([chunk async for chunk in request.stream()])

    def read() -> M:
        try:
            return model.model_validate(_value_of(chunks, model))
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False)
            raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in found]) from None

    if sum(map(len, chunks)) <= AT_ONCE:
        return read()
    async with request.app.state.long_body:
        return await asyncio.to_thread(read)


def _value_of(chunks: deque[bytes], model: Any) -> Any:
    try:
        if isinstance(model, type) and issubclass(model, ReadInPieces):
            value = _read_in_pieces(model, JsonText(chunks))
        else:
            value = _read_at_once(b"".join(chunks))
    except json.JSONDecodeError as error:
        found = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error", "input": {}}
        raise RequestValidationError([found | {"ctx": {"error": error.msg}}]) from None
    except ValueError:
        raise HTTPException(400, NOT_READABLE) from None
    if model is not None:
        check_members(value)
    return value


def _read_at_once(body: bytes) -> Any:
    if count_values(body) > MOST_VALUES:
        raise TooLarge(f"The body has more than {MOST_VALUES:,} values.")
    return load_json(body)


def _read_in_pieces(model: type[ReadInPieces], text: JsonText) -> Any:
    if text.peek() != "{":
        return None  # it is no object, whatever follows
    errors: list[Any] = []

    def read_member(place: int, value: Any) -> Any:
        if place >= model.most_members:
            told = f"List should have at most {model.most_members} items after validation"
            raise RequestValidationError([{"type": "too_long", "loc": ("body", model.list_member), "msg": told}])
        try:
            return model.read_member(value)
        except ValidationError as error:
            where = ("body", model.list_member, place)
            found = error.errors(include_url=False, include_input=False)
            errors.extend({**one, "loc": (*where, *one["loc"])} for one in found)
            if len(errors) >= MOST_ERRORS:
                raise RequestValidationError(errors) from None
            return None

    value = read_object(text, model.list_member, read_member)
    if errors:
        value.pop(model.list_member, None)
        try:
            model.model_validate(value)
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            errors[:0] = [{**one, "loc": ("body", *one["loc"])} for one in found]
        raise RequestValidationError(errors)
    return value


def _beside_the_loop(route: APIRoute, make: Callable[[], Handler]) -> Callable[[], Handler]:
    def get_route_handler() -> Handler:
        handler = make()

        async def handle(request: Request) -> Response:
            if _has_body(request):
                _check_kind(request)
                chunks = deque([chunk async for chunk in request.stream()])
                if sum(map(len, chunks)) <= AT_ONCE:
                    request._body = b"".join(chunks)
                else:
                    request._body = b"{}"  # nobody reads it again: what it says is the value
                    async with request.app.state.long_body:
                        request._json = await asyncio.to_thread(_read, route, chunks)
            return await handler(request)

        return handle

    setattr(get_route_handler, _OURS, True)
    return get_route_handler


def read_beside_the_loop(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Let the routes of routers that take JSON read long bodies in a thread. Called before the application has them.

    One body at a time has its turn: each thread at work may keep the event loop waiting for 5 ms. Routes may be those
    of another application too.
    """
    app.state.long_body = asyncio.Lock()
    for route in [route for router in routers for route in _routes_of(router)]:
        takes_json = route.body_field and not isinstance(route.body_field.field_info, Form)
        if takes_json and not hasattr(route.get_route_handler, _OURS):
            route.get_route_handler = _beside_the_loop(route, route.get_route_handler)  # type: ignore[method-assign]
            route.app = wrap_app_with_body_limit(request_response(route.get_route_handler()), route.max_body_size)


def _routes_of(router: APIRouter) -> Iterator[APIRoute]:
    """Its own, and those of the routers that it includes, which may be included elsewhere as well."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route
        elif included := getattr(route, "original_router", None):
            yield from _routes_of(included)
