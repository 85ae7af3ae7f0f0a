"""How long the event loop keeps others waiting: measured all the time, because everything else shares it."""

from __future__ import annotations

import logging
import time
from collections import deque
from typing import Final

from prometheus_client import Gauge, Histogram

from app.kit.service import Periodic

log = logging.getLogger("tranche.loop")
_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAG: Final = Histogram("tranche_loop_lag_seconds", "How late the event loop came to a timer", buckets=_BUCKETS)
MOST: Final = Gauge("tranche_loop_lag_max_seconds", "The latest that it came in the last five minutes")
INTERVAL: Final = 0.1
FIRST_WAIT: Final = 1.0
"""What a process does while it starts keeps nobody waiting."""
REMEMBERED: Final = 300.0
WARN_FROM: Final = 1.0
"""Seconds: a tenth of this is normal where a machine has more to do than it can."""
WARN_EVERY: Final = 60.0


class LoopLag(Periodic):
    """Sets itself a timer again and again; `most` is how late the loop came to one in the last five minutes, in
    seconds. A warning is logged once a minute at most."""

    interval, first_wait, log = INTERVAL, FIRST_WAIT, log

    def __init__(self) -> None:
        super().__init__()
        self._due: float | None = None
        self._worst: deque[tuple[float, float]] = deque()
        self._warned = float("-inf")
        MOST.set_function(lambda: self.most)

    @property
    def most(self) -> float:
        self._forget(time.monotonic())
        return self._worst[0][1] if self._worst else 0.0

    async def turn(self) -> None:
        now = time.monotonic()
        if self._due is not None:
            self.note(now, max(0.0, now - self._due))
        self._due = time.monotonic() + INTERVAL

    def note(self, now: float, lag: float) -> None:
        """Count one lag in seconds."""
        LAG.observe(lag)
        self._forget(now)
        while self._worst and self._worst[-1][1] <= lag:
            self._worst.pop()
        self._worst.append((now, lag))
        if lag >= WARN_FROM and now - self._warned >= WARN_EVERY:
            self._warned = now
            log.warning("the event loop stood still for %.1f s: something computes on it", lag)

    def _forget(self, now: float) -> None:
        while self._worst and now - self._worst[0][0] > REMEMBERED:
            self._worst.popleft()
