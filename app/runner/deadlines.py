"""Time limits of running steps, watched by one timer for all of them.

A timer of its own for each step was a sixth of the cost of a step that does nothing (measured with uvloop).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

TICK: Final = 0.1
"""A step may run so many seconds past its limit."""


@dataclass(eq=False, slots=True)
class Clock:
    """What is left of one step's time. It stands still while the step waits for what others are at work on."""

    batch: Any
    left: float
    since: float = field(default_factory=time.monotonic)
    waits: Counter[str] = field(default_factory=Counter)

    def is_over(self, now: float) -> bool:
        return not self.waits and now - self.since > self.left

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A block that is not counted. `what` is waited for: words for people, the same for all that wait for it."""
        if not self.waits:
            self.left -= time.monotonic() - self.since
        self.waits[what] += 1
        try:
            yield
        finally:
            self.waits[what] -= 1
            self.waits += Counter()  # forgets what is at zero
            if not self.waits:
                self.since = time.monotonic()


class Deadlines:
    """Cancels tasks that run past their limit."""

    def __init__(self) -> None:
        self._clocks: dict[asyncio.Task[Any], Clock] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._ticker: asyncio.Task[None] | None = None

    @contextmanager
    def limit(self, seconds: float, batch: Any = None) -> Iterator[Clock]:
        """Raise TimeoutError in the current task when the block takes longer than so many seconds."""
        task = asyncio.current_task()
        assert task
        clock = self._clocks[task] = Clock(batch, seconds)
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._watch(), name="deadlines")
        try:
            yield clock
        except asyncio.CancelledError:
            if task in self._late and task.uncancel() <= 0:
                raise TimeoutError from None
            raise
        finally:
            del self._clocks[task]
            self._late.discard(task)

    def waiting(self) -> Mapping[Any, Counter[str]]:
        """How many steps wait for what, by their batches."""
        found: dict[Any, Counter[str]] = {}
        for clock in self._clocks.values():
            if clock.waits:
                found.setdefault(clock.batch, Counter()).update(clock.waits.keys())
        return found

    def interrupt_waiting(self, batches: Collection[Any]) -> None:
        """Cancel the tasks of these batches that wait."""
        for task, clock in self._clocks.items():
            if clock.waits and clock.batch in batches:
                task.cancel()

    async def _watch(self) -> None:
        while self._clocks:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for task, clock in self._clocks.items():
                if task not in self._late and clock.is_over(now):
                    self._late.add(task)
                    task.cancel()
