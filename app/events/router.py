"""A batch's log: as a live stream for those who accept text/event-stream, as pages of JSON for the others."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.routing import APIRoute

from app.auth.caller import Caller, Callers
from app.auth.dependencies import find_caller, require
from app.auth.permissions import Permission
from app.batches import log as event_log
from app.batches import responses, service
from app.batches.errors import BatchNotFound
from app.batches.log import LogEnds
from app.batches.states import BATCH_TERMINAL
from app.events.dependencies import FollowerDep, HubDep
from app.events.errors import EventIdNotReadable
from app.events.frames import expired_frames, unknown_id_frame
from app.events.hub import Hub
from app.events.openapi_docs import batch_stream_content, batch_stream_description
from app.events.schemas import LOG_EVENTS, TRANSIENT_OF_BATCH, EventPage, SnapshotEvent
from app.events.stream import EventStream
from app.events.topic import Topic
from app.kit.container import container_of
from app.kit.db import Database
from app.kit.declarations import RouteTag, raises, sends, shows
from app.kit.dependencies import DatabaseDep, Limit
from app.kit.errors import Problem, existing

CROSS_ORIGIN: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Last-Event-ID, Retry-After",
}
"""For requests with a ticket only: they carry no cookie, so any page may read what its ticket opens."""


class StreamRoute(APIRoute):
    """Opens a plain stream without the framework's parameters, and lets pages of other origins read a ticket's answer.

    Thousands of streams are opened at once, when the service is back: what they need is a key and at most a header.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Response]]:  # type: ignore[override]
        handle = super().get_route_handler()

        async def handle_any_origin(request: Request) -> Response:
            if "ticket" not in request.query_params:
                plain = _plain_batch_id(request)
                return await (handle(request) if plain is None else _follow_plainly(request, plain))
            try:
                response = await handle(request)
            except Problem as problem:
                problem.headers.update(CROSS_ORIGIN)
                raise
            response.headers.update(CROSS_ORIGIN)
            return response

        return handle_any_origin


def _plain_batch_id(request: Request) -> UUID | None:
    """The batch whose stream a request asks for, with nothing in its query; None for every other request."""
    if request.method != "GET" or request.scope["query_string"]:
        return None
    if "text/event-stream" not in request.headers.get("accept", ""):
        return None
    try:
        return UUID(request.path_params["batch_id"])
    except (KeyError, ValueError):
        return None


async def _follow_plainly(request: Request, batch_id: UUID) -> Response:
    container = container_of(request)
    caller = require(await find_caller(request, container.get(Callers)), Permission.READ)
    cursor = _cursor(request.headers.get("last-event-id"), None)
    return await _open(container.get(Database), container.get(Hub), caller, batch_id, cursor)


EVENTS: Final = RouteTag("events", "Follow one batch or all of them: live streams, and the same events as pages.")
router = APIRouter(prefix="/api/batches", tags=[EVENTS], route_class=StreamRoute)


def _cursor(header: str | None, query: str | None) -> int:
    """Where to go on: the header wins over the query. Junk is a 400, which an EventSource takes as final."""
    value = header if header is not None else query
    if not value:
        return 0
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise EventIdNotReadable("Last-Event-ID must be the id of an event of this batch.")
    return int(value)


_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": EventPage, "content": batch_stream_content(), "description": "The stream, or one page as JSON."},
    204: {"description": "The batch has ended and the client has seen its last event: do not come back."},
}


@router.get(
    "/{batch_id}/events",
    response_class=Response,
    responses=_ANSWERS,
    description=batch_stream_description(),
    openapi_extra={"security": [{}]},  # for a ticket
)
@router.head("/{batch_id}/events", include_in_schema=False)
@raises(BatchNotFound, EventIdNotReadable, EventStream)
@sends("Last-Event-ID")
@shows(*LOG_EVENTS, *TRANSIENT_OF_BATCH)
async def follow_events(
    batch_id: UUID,
    request: Request,
    caller: FollowerDep,
    database: DatabaseDep,
    hub: HubDep,
    last_event_id: Annotated[str | None, Query(max_length=40)] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    limit: Limit = 200,
) -> Response:
    """Every event of the batch from the first, or from the one after Last-Event-ID, each exactly once and in order."""
    cursor = _cursor(last_event_id_header, last_event_id)
    if "text/event-stream" in request.headers.get("accept", ""):
        return await _open(database, hub, caller, batch_id, cursor)
    log = await _find_ends(database, hub, caller, batch_id)
    events = await hub.events_after(batch_id, cursor, limit)
    return Response(_page(batch_id, events, log.last_event_id, limit), media_type="application/json")


async def _find_ends(database: Database, hub: Hub, caller: Caller, batch_id: UUID) -> LogEnds:
    if caller.pipelines is not None:
        async with database.transaction() as session:
            await service.get_batch(session, caller, batch_id)
    return existing(await hub.find_ends(caller.organisation_id, batch_id), BatchNotFound)


async def _open(database: Database, hub: Hub, caller: Caller, batch_id: UUID, cursor: int) -> Response:
    log = await _find_ends(database, hub, caller, batch_id)
    headers, opening = {"Last-Event-ID": str(log.last_event_id)}, b""
    if cursor > log.last_event_id:
        opening, cursor = unknown_id_frame(log.last_event_id), 0
    elif log.status in BATCH_TERMINAL and (cursor == log.last_event_id or log.oldest is None):
        return Response(status_code=204, headers=headers)
    if log.oldest is not None and cursor + 1 < log.oldest:
        snapshot = await _snapshot(database, caller, batch_id)
        opening += expired_frames(log.oldest, log.last_event_id, snapshot)
        cursor = log.oldest - 1

    async def follow() -> tuple[Topic, int]:
        return hub.follow(batch_id, caller.organisation_id, log.last_event_id), cursor

    return EventStream(hub, caller, follow, opening, headers)


@router.options("/{batch_id}/events", include_in_schema=False)
async def allow_events() -> Response:
    """For clients other than EventSource, which ask before they send Last-Event-ID from another origin."""
    allowed = {
        "Access-Control-Allow-Methods": "GET, HEAD",
        "Access-Control-Allow-Headers": "Last-Event-ID, Cache-Control",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=CROSS_ORIGIN | allowed)


async def _snapshot(database: Database, caller: Caller, batch_id: UUID) -> SnapshotEvent:
    async with database.transaction() as session:
        row = await service.get_batch(session, caller, batch_id)
        batch = await responses.read_batch(session, row, responses.BatchRead)
    return SnapshotEvent(type="snapshot", batch=batch)


def _page(batch_id: UUID, events: list[event_log.LoggedEvent], last: int, limit: int) -> bytes:
    following = str(events[-1].id) if len(events) == limit and events[-1].id < last else None
    body = {
        "events": [orjson.Fragment(event_log.event_json(batch_id, event)) for event in events],
        "last_event_id": last,
        "next_cursor": following,
    }
    return orjson.dumps(body)
