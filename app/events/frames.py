"""Events as bytes on the wire: the text/event-stream format (WHATWG HTML, section 9.2)."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from app.batches.log import LoggedEvent, event_json
from app.batches.states import BATCH_TERMINAL

TERMINAL_TYPES: Final = frozenset(f"batch.{status}" for status in BATCH_TERMINAL)
HEARTBEAT: Final = b": hb\n\n"


def durable_frame(batch_id: UUID, event: LoggedEvent) -> bytes:
    """An event of the log. Only these carry an id, so only these move a client's Last-Event-ID."""
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id, event.type.encode(), event_json(batch_id, event))


def passing_frame(event: str, data: Mapping[str, Any], *, retry_ms: int | None = None) -> bytes:
    """An event of the moment, such as `reset` or `bye`."""
    retry = "" if retry_ms is None else f"retry: {retry_ms}\n"
    return f"{retry}event: {event}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def opening_frame() -> bytes:
    """Sent at once, so that proxies flush and the client's `onopen` fires. Reconnections are spread by the jitter."""
    return f"retry: {random.randint(1000, 3000)}\n: connected\n\n".encode()


def bye_frame() -> bytes:
    """The service is going away: come back in a moment, not all at once."""
    return passing_frame("bye", {"reason": "shutdown"}, retry_ms=random.randint(1000, 5000))
