"""A batch's log: as a live stream for those who accept text/event-stream, as pages of JSON for the others."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request, Response

from app.auth.caller import CallerDep
from app.batches import log as event_log
from app.batches import repository
from app.batches.service import BatchNotFound
from app.batches.states import BATCH_TERMINAL
from app.events.hub import Hub
from app.events.stream import EventStream, StreamLimits
from app.kit.db import DatabaseDep
from app.kit.errors import BadRequest
from app.kit.pages import Limit
from app.settings import Settings

router = APIRouter(prefix="/api/batches", tags=["events"])


class EventIdNotReadable(BadRequest):
    code = "invalid_last_event_id"


def _cursor(header: str | None, query: str | None) -> int:
    """Where to go on: the header wins over the query. Junk is a 400, which an EventSource takes as final."""
    value = header if header is not None else query
    if not value:
        return 0
    if not re.fullmatch(r"[0-9]{1,18}", value):
        raise EventIdNotReadable("Last-Event-ID must be the id of an event of this batch.")
    return int(value)


@router.get(
    "/{batch_id}/events",
    response_class=Response,
    responses={
        200: {"content": {"text/event-stream": {}, "application/json": {}}, "description": "The stream, or one page."},
        204: {"description": "The batch has ended and the client has seen its last event: do not come back."},
    },
)
@router.head("/{batch_id}/events", include_in_schema=False)
async def follow_events(
    batch_id: UUID,
    request: Request,
    caller: CallerDep,
    database: DatabaseDep,
    last_event_id: Annotated[str | None, Query(max_length=40)] = None,
    last_event_id_header: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    limit: Limit = 200,
) -> Response:
    """Every event of the batch from the first, or from the one after Last-Event-ID, each exactly once and in order."""
    cursor = _cursor(last_event_id_header, last_event_id)
    async with database.transaction() as session:
        row = await repository.find_batch(session, caller.organisation_id, batch_id)
        if row is None:
            raise BatchNotFound("There is no such batch.")
        batch = row[0]
    hub: Hub = request.app.state.hub
    if "text/event-stream" not in request.headers.get("accept", ""):
        events = await hub.events_after(batch_id, cursor, limit)
        return Response(_page(batch_id, events, batch.last_event_id, limit), media_type="application/json")
    reset: dict[str, object] | None = None
    if cursor > batch.last_event_id:
        # An id we never gave out: the client followed a database that was since restored from a backup.
        reset, cursor = {"reason": "unknown_id", "last_event_id": batch.last_event_id}, 0
    elif cursor == batch.last_event_id and batch.status in BATCH_TERMINAL:
        return Response(status_code=204)
    settings: Settings = request.app.state.settings
    limits = StreamLimits(
        settings.stream_heartbeat_seconds, settings.stream_max_age_seconds, settings.stream_send_timeout_seconds
    )
    return EventStream(hub, batch_id, batch.last_event_id, cursor, limits, reset)


def _page(batch_id: UUID, events: list[event_log.LoggedEvent], last: int, limit: int) -> bytes:
    following = str(events[-1].id) if len(events) == limit and events[-1].id < last else None
    body = {
        "events": [orjson.Fragment(event_log.event_json(batch_id, event)) for event in events],
        "last_event_id": last,
        "next_cursor": following,
    }
    return orjson.dumps(body)
