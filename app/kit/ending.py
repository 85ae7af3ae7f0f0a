"""How a process ends: asked once it lets what is under way come to an end for a moment, asked again it does not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """Whether the process was asked to end (`asked`), and whether it is to hasten (`hastened`).

    What takes a while to end begins when `asked` is set, by itself: so all of it ends at the same time.
    """

    def __init__(self) -> None:
        self.asked, self.hastened = asyncio.Event(), asyncio.Event()

    def ask(self) -> None:
        """End; called again: now."""
        if self.asked.is_set():
            self.hastened.set()
        self.asked.set()

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """While the block runs SIGTERM and Ctrl-C ask, instead of ending the process at once."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.ask)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    async def wait(self, tasks: Collection[asyncio.Task[Any]], seconds: float) -> set[asyncio.Task[Any]]:
        """Wait for tasks, at most so many seconds and not at all in haste; returns those that are not done."""
        haste = asyncio.create_task(self.hastened.wait())
        waiting = {task for task in tasks if not task.done()}
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while waiting and not haste.done():
                    await asyncio.wait({haste, *waiting}, return_when=asyncio.FIRST_COMPLETED)
                    waiting = {task for task in waiting if not task.done()}
        haste.cancel()
        return waiting


class LettingGo:
    """What a service does as soon as the process is asked to end, or when the service alone is stopped."""

    def __init__(self, ending: Ending, work: Callable[[], Awaitable[None]]) -> None:
        self._ending, self._work = ending, work
        self._stopped = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="letting go")

    async def finish(self) -> None:
        """Do it now if it has not begun, and wait for its end."""
        self._stopped.set()
        if self._task:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        reasons = [asyncio.create_task(event.wait()) for event in (self._ending.asked, self._stopped)]
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()
        await self._work()
