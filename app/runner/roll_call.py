"""Who has been silent for too long, told without any clock: by counting this process's own heartbeats."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from app.runner.worker_repository import Heard

INTERVAL: Final = 2.0
"""Seconds from one heartbeat of a process to its next."""
MISSED: Final = 5
"""So many of our own heartbeats got through since the last one of a worker that is taken for dead: 10 seconds.

Where the database is away, its disk is full, its clock jumps, or this process itself was frozen, nobody's count."""
COUNTED_AT_FIRST: Final = 3
"""Of the heartbeats that a worker has missed by the database's clock when it is first looked at: that clock may have
jumped, so two more are waited for."""
CUT_OFF: Final = 2
"""Of our own heartbeats, one after the other, that found no connection of a worker whose heartbeat is missing as well.
A process that lost its connection while the database is there has another long before."""


class RollCall:
    """What each of this process's heartbeats finds of the others'."""

    def __init__(self) -> None:
        self.on_missing: Callable[[], None] = lambda: None
        """Called with each of our heartbeats while another worker has missed one, or is seen to be gone."""
        self.is_gone: Callable[[Heard], bool] = lambda worker: False
        """Whether this machine shows that a worker is no more: then its next heartbeat need not be waited for."""
        self._missed: dict[UUID, tuple[datetime, int]] = {}
        self._unconnected: dict[UUID, int] = {}
        self._noted_at = 0.0

    @property
    def hears_others(self) -> bool:
        """Whether our last heartbeat found other workers."""
        return bool(self._missed)

    def note(self, rows: Sequence[Heard]) -> None:
        """One of our own heartbeats has been written, and this is what the other workers' rows are."""
        before, self._missed = self._missed, {}
        gone = self._note_connections(rows)
        for row in rows:
            gone = gone or self.is_gone(row)
            if row.id not in before:
                missed = min(int(max(row.age, 0) / INTERVAL), COUNTED_AT_FIRST)
            else:
                seen_at, missed = before[row.id]
                missed = missed + 1 if seen_at == row.seen_at else 0
            self._missed[row.id] = (row.seen_at, missed)
        if gone or any(missed for _, missed in self._missed.values()):
            self.on_missing()

    def _note_connections(self, rows: Sequence[Heard]) -> bool:
        """Count who has none; whether that is enough for one of them."""
        before, at = self._unconnected, time.monotonic()
        if at - self._noted_at > 1.5 * INTERVAL:  # one of ours did not get through: others had no chance either
            before = {}
        self._noted_at = at
        self._unconnected = {row.id: before.get(row.id, 0) + 1 for row in rows if not row.is_connected}
        return any(count >= CUT_OFF for count in self._unconnected.values())

    def is_cut_off(self, worker: Heard) -> bool:
        """Whether a worker that has no connection at this moment has had none for a while, though it could have."""
        return not worker.is_connected and self._unconnected.get(worker.id, 0) >= CUT_OFF

    def is_silent(self, worker: Heard) -> bool:
        """Whether a worker, of whom no heartbeat has come since our last one either, is to be taken for dead."""
        seen_at, missed = self._missed.get(worker.id, (None, 0))
        return seen_at == worker.seen_at and missed >= MISSED
