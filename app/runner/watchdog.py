"""Finds what holds up the event loop while steps run. A thread looks: whoever is held up cannot say by whom."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any, Final

log = logging.getLogger("tranche.loop")
LOOK_EVERY: Final = 0.25
BLOCKED_FROM: Final = 1.0
"""Seconds. A loop that is waited for by others on the machine may well be late by less."""
Task = asyncio.Task[Any]


class Watchdog:
    """Looks at a loop that calls `tick` every tenth of a second between `begin` and `end`.

    It logs once for each time that the loop stands still, with the loop's stack. `found` is the task that ran then.
    """

    def __init__(self, name_of: Callable[[Task], str | None]) -> None:
        """`name_of`: what a task is, for the log; called in the watchdog's thread."""
        self._name_of = name_of
        self._watching, self._thread, self._lock = False, None, threading.Lock()
        self._ticked = self._told = 0.0
        self.found: Task | None = None

    _thread: threading.Thread | None

    def begin(self) -> None:
        """Steps run from now on. Called on the loop."""
        with self._lock:
            self._watching, self._ticked = True, time.monotonic()
            if self._thread is None:
                self._loop, self._ident = asyncio.get_running_loop(), threading.get_ident()
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """No step runs any more."""
        self._watching = False

    def tick(self) -> None:
        """The loop turns."""
        self._ticked, self.found = time.monotonic(), None

    @property
    def stood_still(self) -> float:
        """Seconds since the last tick."""
        return time.monotonic() - self._ticked

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            with self._lock:
                if not self._watching:
                    self._thread = None
                    return
            if self.stood_still > BLOCKED_FROM and self._told != self._ticked:
                self._told = self._ticked
                self._look()

    def _look(self) -> None:
        frame = sys._current_frames().get(self._ident)
        task = asyncio.current_task(self._loop)
        stack = "".join(traceback.format_stack(frame)[-12:]) if frame else ""
        what = (task and self._name_of(task)) or "something else than a step"
        log.warning("the event loop stands still for %.1f s: %s runs on it\n%s", self.stood_still, what, stack)
        self.found = task
