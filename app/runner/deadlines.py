"""Time limits of running steps, watched by one timer for all of them.

A timer of its own for each step was a sixth of the cost of a step that does nothing (measured with uvloop).
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from app.kit.availability import patience
from app.kit.loop_turns import context_for
from app.runner.watchdog import Watchdog

TICK: Final = 0.1
"""A step may run so many seconds past its limit."""


@dataclass(eq=False, slots=True)
class Clock:
    """What is left of one step's time. It stands still while the step waits for what others are at work on.

    `blocked` is how many seconds the step held up the event loop, and with it everybody else.
    """

    batch: Any
    left: float
    name: str | None = None
    blocked: float = 0.0
    since: float = field(default_factory=time.monotonic)
    ran: float = 0.0
    waited: float = 0.0
    waits: dict[str, int] = field(default_factory=dict)
    """For what it waits, and how many times over."""
    _stops: int = 0

    def is_over(self, now: float) -> bool:
        return not self._stops and now - self.since > self.left

    def halt(self) -> None:
        """Stand still until `go_on` was called as often."""
        self._turn()
        self._stops += 1

    def go_on(self) -> None:
        self._turn()
        self._stops -= 1

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """A block that is not counted against the limit."""
        self.halt()
        try:
            yield
        finally:
            self.go_on()

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """A block that is not counted. `what` is waited for: words for people, the same for all that wait for it."""
        with self.stopped():
            self.waits[what] = self.waits.get(what, 0) + 1
            try:
                yield
            finally:
                self._turn()
                self.waits[what] -= 1
                if not self.waits[what]:
                    del self.waits[what]

    def stop(self) -> tuple[float, float]:
        """The step is over: how many seconds it ran, and how many it waited."""
        self._turn()
        return self.ran, self.waited

    def _turn(self) -> None:
        """Book the time since the last turn, in which the step was waiting or running."""
        now = time.monotonic()
        passed, self.since = now - self.since, now
        if self.waits:
            self.waited += passed
        else:
            self.ran += passed
        if not self._stops:
            self.left -= passed


_current: ContextVar[Clock | None] = ContextVar("clock", default=None)
"""The clock of the step that this runs for, also in tasks that the step makes."""


class Limit:
    """A block of `Deadlines.limit`. A class: as a generator it was a tenth of the cost of a step that does nothing."""

    __slots__ = ("_around", "_before", "_clock", "_deadlines", "_patience", "_task")

    def __init__(self, deadlines: Deadlines, seconds: float, batch: Any, name: str | None) -> None:
        self._deadlines, self._clock = deadlines, Clock(batch, seconds, name)

    def __enter__(self) -> Clock:
        task = asyncio.current_task()
        assert task
        self._task, self._around = task, self._deadlines.enter(task, self._clock)
        self._patience = patience(self._clock.waiting)
        self._patience.__enter__()
        self._before = _current.set(self._clock)
        if self._around:
            self._around.halt()
        return self._clock

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self._around:
            self._around.go_on()
        _current.reset(self._before)
        self._patience.__exit__()
        self._deadlines.note_blocked()
        is_late = self._deadlines.leave(self._task, self._around)
        if is_late and kind and issubclass(kind, asyncio.CancelledError) and self._task.uncancel() <= 0:
            raise TimeoutError from None


class Deadlines:
    """Cancels tasks that run past their limit."""

    def __init__(self) -> None:
        self._clocks: dict[asyncio.Task[Any], Clock] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._watchdog = Watchdog(self._name_of)

    def limit(self, seconds: float, batch: Any = None, name: str | None = None) -> Limit:
        """Raise TimeoutError in the current task when the block takes longer than so many seconds.

        In it outages are waited for. One block may stand in another of its task, whose clock stands still meanwhile.
        `name` is what the log calls it.
        """
        return Limit(self, seconds, batch, name)

    def enter(self, task: asyncio.Task[Any], clock: Clock) -> Clock | None:
        """Watch the task by this clock; the one that it was watched by."""
        around = self._clocks.get(task)
        self._clocks[task] = clock
        if self._ticker is None or self._ticker.done():
            self._watchdog.begin()
            self._ticker = asyncio.create_task(self._watch(), name="deadlines", context=context_for(None))
        return around

    def leave(self, task: asyncio.Task[Any], around: Clock | None) -> bool:
        """Watch the task by the clock of before; whether it was cancelled for being late."""
        if around:
            self._clocks[task] = around
        else:
            del self._clocks[task]
        is_late = task in self._late
        self._late.discard(task)
        return is_late

    def waiting(self) -> Mapping[Any, Counter[str]]:
        """How many steps wait for what, by their batches."""
        found: dict[Any, Counter[str]] = {}
        for clock in self._clocks.values():
            if clock.waits:
                found.setdefault(clock.batch, Counter()).update(tuple(clock.waits))  # a thread may change it
        return found

    def interrupt_waiting(self, batches: Collection[Any], tasks: Collection[asyncio.Task[Any]] = ()) -> None:
        """Cancel those of the tasks that wait, and all of these batches that do."""
        for task, clock in self._clocks.items():
            if clock.waits and (clock.batch in batches or task in tasks):
                task.cancel()

    def note_blocked(self) -> None:
        """If the loop stood still for a step, book it on that step's clock; the loop turns again."""
        if (task := self._watchdog.found) is None:
            return
        if clock := self._clock_of(task):
            clock.blocked += self._watchdog.stood_still
        self._watchdog.tick()

    def _clock_of(self, task: asyncio.Task[Any]) -> Clock | None:
        if clock := self._clocks.get(task):
            return clock
        context = getattr(task, "get_context", None)  # since Python 3.12
        return context().get(_current) if context else None

    def _name_of(self, task: asyncio.Task[Any]) -> str | None:
        clock = self._clock_of(task)
        return clock.name if clock else None

    async def _watch(self) -> None:
        try:
            await self._tick_while_steps_run()
        finally:
            self._watchdog.end()

    async def _tick_while_steps_run(self) -> None:
        while self._clocks:
            await asyncio.sleep(TICK)
            self.note_blocked()
            self._watchdog.tick()
            now = time.monotonic()
            for task, clock in self._clocks.items():
                if task not in self._late and clock.is_over(now):
                    self._late.add(task)
                    task.cancel()
