"""Threads for steps that are plain functions: what blocks or computes in one keeps nobody else waiting.

A thread cannot be interrupted. An attempt whose thread goes on after its end, at its limit say, is over all the same:
what its function returns later is dropped, and what it asks of its context is refused.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from contextvars import copy_context
from typing import Any, Final

from app.kit.metrics import counter, gauge

log = logging.getLogger("tranche.execute")
MOST_LEFT: Final = 32
"""Threads that go on after their attempts. While there are so many, no step begins in a thread: others would follow."""
A_THREAD: Final = f"a thread: {MOST_LEFT} are held by steps that went on after their time limit"
LEFT: Final = gauge("tranche_step_threads_left", "Threads that go on after the end of their attempts at steps")
LEFT_TOTAL: Final = counter("tranche_step_threads_given_up_total", "Attempts at steps that ended before their threads")
Waiting = Callable[[str], AbstractContextManager[None]]


class StepThreads:
    """A thread for each attempt, and those that were left behind, `MOST_LEFT` at most beside what runs."""

    def __init__(self) -> None:
        self.left = 0
        self._freed = asyncio.Event()

    async def run(self, function: Callable[[], Any], name: str, waiting: Waiting) -> Any:
        """What the function gives in a thread of its own; cancelling leaves it behind."""
        while self.left >= MOST_LEFT:
            self._freed.clear()
            with waiting(A_THREAD):
                await self._freed.wait()
        loop, context, began = asyncio.get_running_loop(), copy_context(), time.monotonic()
        ended: asyncio.Future[Any] = loop.create_future()

        def end(returned: Any, error: BaseException | None) -> None:
            if ended.cancelled():
                self._count(-1)
                log.info("a thread of %s came to its end %.1f s after its begin", name, time.monotonic() - began)
            elif error is None:
                ended.set_result(returned)
            elif isinstance(error, Exception) and not isinstance(error, StopIteration):
                ended.set_exception(error)
            else:
                strange = RuntimeError(f"{name} raised {type(error).__name__}")
                strange.__cause__ = error
                ended.set_exception(strange)

        def work() -> None:
            returned, error = None, None
            try:
                returned = context.run(function)
            except BaseException as raised:
                error = raised
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(end, returned, error)

        threading.Thread(target=work, name=f"step {name}", daemon=True).start()
        try:
            return await ended
        except asyncio.CancelledError:
            if ended.cancelled():
                self._count(+1)
                LEFT_TOTAL.inc()
                log.warning("%s goes on in its thread after the end of the attempt (%d such threads)", name, self.left)
            raise

    def _count(self, more: int) -> None:
        self.left += more
        LEFT.inc(more)
        self._freed.set()
