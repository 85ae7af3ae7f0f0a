"""How long single callbacks of the event loop compute, and for how long any thread keeps Python's interpreter: what a
request, or anything else, keeps the others waiting for.

Both are processor time, not the clock's, so what else the machine does changes little.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import pytest

from app.commands.server import settle_garbage_collector

_OF_THE_TEST: ContextVar[bool] = ContextVar("of_the_test", default=False)
"""Set for what the client does in the same loop: it and its connections are not the service."""
_TICK: Final = 0.002
MOST_SECONDS: Final = 0.1
"""For which nothing may keep the event loop."""


class Times:
    """Since `clear`: the longest callback with what it was, and the longest time for which nobody else got the
    interpreter, in seconds."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self.clear()

    def clear(self) -> None:
        self.longest, self.what, self.held = 0.0, "", 0.0

    def note(self, seconds: float, handle: asyncio.Handle) -> None:
        if seconds > self.longest:
            callback = getattr(handle, "_callback", None)
            task = getattr(callback, "__self__", None)
            what = task.get_coro() if isinstance(task, asyncio.Task) else callback
            self.longest, self.what = seconds, getattr(what, "__qualname__", None) or repr(what)[:200]

    def watch(self) -> None:
        """In a thread of its own, which does nothing but ask for the interpreter.

        How long it waits says what the machine does as well: a wait counts as far as this process computed meanwhile.
        """
        clock, computed = time.perf_counter(), time.process_time()
        while not self._over.wait(_TICK):
            now, used = time.perf_counter(), time.process_time()
            self.held = max(self.held, min(now - clock - _TICK, used - computed))
            clock, computed = now, used

    def end(self) -> None:
        self._over.set()


@contextmanager
def timed_callbacks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Times]:
    """Every callback of the loop in this thread is timed from now on, but for those of the caller's own context.

    The garbage collector is as the service has it, or it would walk all that the tests have loaded.
    """
    run, times, threshold = asyncio.Handle._run, Times(), gc.get_threshold()  # type: ignore[attr-defined]
    watcher = threading.Thread(target=times.watch, daemon=True)

    def timed(handle: asyncio.Handle) -> None:
        context: Any = handle._context  # type: ignore[attr-defined]
        if context.get(_OF_THE_TEST):
            run(handle)
            return
        began = time.thread_time()
        run(handle)
        times.note(time.thread_time() - began, handle)

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", timed)
        token = _OF_THE_TEST.set(True)
        settle_garbage_collector()
        watcher.start()
        try:
            yield times
        finally:
            times.end()
            watcher.join()
            gc.set_threshold(*threshold)
            gc.unfreeze()
            _OF_THE_TEST.reset(token)
