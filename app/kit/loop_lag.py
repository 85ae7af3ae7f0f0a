"""How long the event loop keeps others waiting: measured all the time, because everything else shares it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from typing import Final

from app.kit.metrics import histogram
from app.kit.service import BEAT, on_the_beat

log = logging.getLogger("tranche.loop")
_BUCKETS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAG: Final = histogram("tranche_loop_lag_seconds", "How late the event loop came to a timer", buckets=_BUCKETS)
INTERVAL: Final = 0.1
"""Seconds from timer to timer while there is something to do."""
QUIET_INTERVAL: Final = 2.0
QUIET_AFTER: Final = 5.0
"""Seconds after which a loop that has next to nothing to do is looked at with everything else that is done each beat:
ten timers a second would be most of what an idle service does."""
BUSY_SHARE: Final = 0.05
"""Of the processor, from which on the loop's thread has something to do."""
FIRST_WAIT: Final = 1.0
"""What a process does while it starts keeps nobody waiting."""
REMEMBERED: Final = 300.0
WARN_FROM: Final = 1.0
"""Seconds: a tenth of this is normal where a machine has more to do than it can."""
WARN_EVERY: Final = 60.0


class LoopLag:
    """Sets itself a timer again and again; `most` is how late the loop came to one in the last five minutes, in
    seconds. A warning is logged once a minute at most."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._busy_at, self.is_quiet = time.monotonic(), False
        self._looked_at, self._used = time.monotonic(), time.thread_time()
        self._worst: deque[tuple[float, float]] = deque()
        self._warned = float("-inf")

    @property
    def most(self) -> float:
        self._forget(time.monotonic())
        return self._worst[0][1] if self._worst else 0.0

    async def start(self) -> None:
        self._busy_at = time.monotonic()
        self._set_timer(FIRST_WAIT)

    async def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def stir(self) -> None:
        """There is something to do: look closely from now on."""
        self._busy_at = time.monotonic()
        if self.is_quiet and self._timer:
            self._timer.cancel()
            self._set_timer(INTERVAL)

    def _set_timer(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self.is_quiet = seconds >= BEAT
        now = loop.time()
        end = on_the_beat(now + seconds) if self.is_quiet else now + seconds
        self._due = time.monotonic() + end - now
        self._timer = loop.call_at(end, self._tick)

    def _tick(self) -> None:
        now, used = time.monotonic(), time.thread_time()
        self.note(now, max(0.0, now - self._due))
        if used - self._used > BUSY_SHARE * (now - self._looked_at):
            self._busy_at = now
        self._looked_at, self._used = now, used
        self._set_timer(QUIET_INTERVAL if now - self._busy_at > QUIET_AFTER else INTERVAL)

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
