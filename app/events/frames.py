"""Events as bytes on the wire: the text/event-stream format (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import json
import random
from typing import Final
from uuid import UUID

from app.batches.log import LoggedEvent, event_json
from app.batches.states import BATCH_TERMINAL
from app.events.schemas import ByeEvent, ResetEvent, SnapshotEvent
from app.kit.schemas import Output

TERMINAL_TYPES: Final = frozenset(f"batch.{status}" for status in BATCH_TERMINAL)
RETRY_MS, RETRY_AFTER_BYE_MS = (1000, 3000), (1000, 5000)
"""Between these each client is told its own time to wait before it comes back, so that not all do at once."""
HEARTBEAT: Final = b": hb\n\n"
Frame = tuple[int, bytes, bool]
"""Its number, the encoded event, whether it is the last there will be."""


def durable_frame(batch_id: UUID, event: LoggedEvent) -> Frame:
    """An event of the log. These carry an id, so these move a client's Last-Event-ID."""
    body = b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.type.encode(), event_json(batch_id, event))
    return event.id, body, event.type in TERMINAL_TYPES


def transient_frame(event: Output, *, event_id: int | None = None, retry_ms: int | None = None) -> bytes:
    """An event of the moment. `event_id` is where a client that has seen it goes on."""
    data = event.model_dump(mode="json")
    head = "" if event_id is None else f"id: {event_id}\n"
    head += "" if retry_ms is None else f"retry: {retry_ms}\n"
    return f"{head}event: {data['type']}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def opening_frame() -> bytes:
    """Sent at once, so that proxies flush and the client's `onopen` fires."""
    return f"retry: {random.randint(*RETRY_MS)}\n: connected\n\n".encode()


def unknown_id_frame(last_event_id: int) -> bytes:
    """The client followed a database that was since restored from a backup: it holds an id we never gave out."""
    return transient_frame(ResetEvent(type="reset", reason="unknown_id", last_event_id=last_event_id))


def expired_frames(oldest: int, last_event_id: int, snapshot: SnapshotEvent) -> bytes:
    """What the client asks for is no longer kept: the batch as it is, and on from the oldest event there is.

    The snapshot stands for all the events that are gone, so it has the id of the last of them.
    """
    reset = ResetEvent(type="reset", reason="expired", oldest=oldest, last_event_id=last_event_id)
    return transient_frame(reset) + transient_frame(snapshot, event_id=oldest - 1)


def behind_frame() -> bytes:
    """The reader of a list was so slow that changes have passed by: it should load the list anew."""
    return transient_frame(ResetEvent(type="reset", reason="behind"))


def bye_frame() -> bytes:
    """The service is going away: come back in a moment, not all at once."""
    return transient_frame(ByeEvent(type="bye", reason="shutdown"), retry_ms=random.randint(*RETRY_AFTER_BYE_MS))
