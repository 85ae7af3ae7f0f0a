"""An event loop on which tenants take turns: whoever has much to do on it does not keep waiting those who have little.

The loop of asyncio runs what is ready in the order in which it became so. A request that asks the database eight times
waits eight times behind all that another tenant's requests and jobs have ready at that moment. Here the tasks of each
tenant stand in a line of their own, and the line that has used least of the loop's time is served next (start-time fair
queuing: Goyal, Vin and Cheng, 1996). What belongs to nobody, such as reading sockets, runs as it always did.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Hashable
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVarTuple

import uvloop

from app.kit.shares import Weigh, alike

BUDGET: Final = 0.001
"""Seconds for which tasks run before the loop looks at its sockets and timers again."""
SLICE: Final = 0.0005
"""Seconds for which one line is served while others wait, unless a single step takes longer."""
MOST_LINES: Final = 1024
"""Lines that are remembered before those that are empty are forgotten."""
STRANGERS: Final = "strangers"
"""Whose turn requests run in before it is known who calls: one line for all of them, or guesses would have many."""

_tenant: ContextVar[Hashable] = ContextVar("tenant", default=None)
Ts = TypeVarTuple("Ts")
Step = tuple[Callable[..., object], tuple[Any, ...], Context]


def run_for(tenant: Hashable) -> None:
    """From its next step on this task runs in the tenant's turn, and those that it makes; None: in nobody's."""
    _tenant.set(tenant)


def context_for(tenant: Hashable) -> Context:
    """A copy of the current context, for a task that is to run in the tenant's turn from its first step on."""
    context = copy_context()
    context.run(_tenant.set, tenant)
    return context


def current_tenant() -> Hashable:
    """In whose turn this runs."""
    return _tenant.get()


class _Line:
    """The steps of one tenant that are ready. `start` is by the clock of the turns, in seconds by weight."""

    __slots__ = ("start", "steps")

    def __init__(self) -> None:
        self.steps: deque[Step] = deque()
        self.start = 0.0


class LoopTurns:
    """The lines. `schedule` has the loop call a function at its next round; `weigh` gives a tenant's weight."""

    def __init__(self, schedule: Callable[[Callable[[], None]], object], *, weigh: Weigh = alike) -> None:
        self.weigh = weigh
        self._schedule = schedule
        self._lines: dict[Hashable, _Line] = {}
        self._ready: dict[Hashable, _Line] = {}
        self._now = 0.0
        self._scheduled = False

    def add(self, tenant: Hashable, step: Step) -> None:
        """Put a step at the end of the tenant's line."""
        line = self._lines.get(tenant)
        if line is None:
            line = self._lines[tenant] = self._new_line()
        if not line.steps:
            line.start = max(line.start, self._now)  # nobody saves up
            self._ready[tenant] = line
        line.steps.append(step)
        if not self._scheduled:
            self._scheduled = True
            self._schedule(self._run)

    def _new_line(self) -> _Line:
        if len(self._lines) >= MOST_LINES:
            self._lines = dict(self._ready)
        return _Line()

    def _run(self) -> None:
        clock = time.perf_counter
        began = clock()
        until = began + BUDGET
        try:
            while self._ready and began < until:
                tenant, line = min(self._ready.items(), key=_start)
                self._now = line.start
                enough = began + SLICE
                steps = line.steps
                try:
                    while True:
                        callback, arguments, context = steps.popleft()
                        context.run(callback, *arguments)
                        now = clock()
                        if not steps or now >= enough:
                            break
                finally:
                    now = clock()
                    line.start += (now - began) / self.weigh(tenant)
                    began = now
                    if not steps:
                        self._ready.pop(tenant, None)
        finally:
            self._scheduled = bool(self._ready)
            if self._scheduled:
                self._schedule(self._run)


def _start(entry: tuple[Hashable, _Line]) -> float:
    return entry[1].start


class FairLoop(uvloop.Loop):
    """uvloop, with turns for the tasks of tenants. A task's steps stay in order; they cannot be cancelled singly."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = LoopTurns(super().call_soon)
        self._inert = asyncio.Handle(_nothing, (), self)

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if context is not None and isinstance(getattr(callback, "__self__", None), asyncio.Task):
            tenant = context.get(_tenant)
            if tenant is not None:
                self.turns.add(tenant, (callback, args, context))
                return self._inert
        return super().call_soon(callback, *args, context=context)


def _nothing() -> None: ...
