"""Time limits of running steps, watched by one timer for all of them.

A timer of its own for each step was a sixth of the cost of a step that does nothing (measured with uvloop).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

TICK: Final = 0.1
"""A step may run so many seconds past its limit."""


class Deadlines:
    """Cancels tasks that run past their limit."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._ticker: asyncio.Task[None] | None = None

    @contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Raise TimeoutError in the current task when the block takes longer than so many seconds."""
        task = asyncio.current_task()
        assert task
        self._ends[task] = time.monotonic() + seconds
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.create_task(self._watch(), name="deadlines")
        try:
            yield
        except asyncio.CancelledError:
            if task in self._late and task.uncancel() <= 0:
                raise TimeoutError from None
            raise
        finally:
            del self._ends[task]
            self._late.discard(task)

    async def _watch(self) -> None:
        while self._ends:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for task, end in self._ends.items():
                if now > end and task not in self._late:
                    self._late.add(task)
                    task.cancel()
