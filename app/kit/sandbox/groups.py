"""Calls that may share a child: what gathers while others run is the next group, so that nothing waits for a timer.

A child of its own costs a call 8 ms of processor time (a fork, and some 700 page faults until Python is warm), which is
nothing beside a page of a PDF and a quarter of a small picture.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.server import Call
from app.kit.turns import Party, Turns, Waiting

MOST: Final = 16
"""Calls in one child: by then its start costs each of them half a millisecond."""
Answer = tuple[bytes, bytearray]


@dataclass(eq=False)
class SharedCall:
    """A call that waits for its answer; None: the child ended without giving one, for whatever reason."""

    call: Call
    request: bytes
    timeout: float
    lent: Lent
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Future[Answer | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


Serve = Callable[[Sequence[SharedCall], Party], Awaitable[Mapping[SharedCall, Answer | Exception]]]


class Groups:
    """Gathers calls by key. `serve` makes those of a group in one child, and says what came of each, as far as it got.

    All of a group are answered together, so what their jobs do next (store, commit) is done together as well.
    """

    def __init__(self, turns: Turns, serve: Serve) -> None:
        self._turns, self._serve = turns, serve
        self._waiting: dict[Hashable, deque[SharedCall]] = {}
        self._in_line: Counter[Hashable] = Counter()
        """How many groups of a key wait for a slot; who they are is settled when they have it."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, key: Hashable, call: SharedCall, owner: Party, waiting: Waiting) -> Answer | None:
        """Have the call answered along with others of its key, which is of one owner."""
        self._waiting.setdefault(key, deque()).append(call)
        self._stand_in_line(key, owner)
        try:
            with waiting():
                await call.begun.wait()
            return await call.answer
        finally:
            call.answer.cancel()

    def _stand_in_line(self, key: Hashable, owner: Party) -> None:
        if self._in_line[key] < min(self._turns.slots, len(self._waiting[key])):
            self._in_line[key] += 1
            task = asyncio.create_task(self._run(key, owner), name="sandbox-group")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, key: Hashable, owner: Party) -> None:
        async with self._turns.slot(owner):
            self._in_line[key] -= 1
            group = self._take(key, owner)
            if not group:
                return
            task = asyncio.current_task()

            def stop_if_unwanted(_: object) -> None:
                if task and all(call.answer.cancelled() for call in group):
                    task.cancel()

            for call in group:
                call.answer.add_done_callback(stop_if_unwanted)
                call.begun.set()
            found: Mapping[SharedCall, Answer | Exception] = {}
            try:
                found = await self._serve(group, owner)
            finally:
                for call in group:
                    _answer(call, found.get(call))

    def _take(self, key: Hashable, owner: Party) -> list[SharedCall]:
        """The next group: an even share of what waits, so that no worker is left without."""
        waiting = deque(call for call in self._waiting.pop(key, ()) if not call.answer.done())
        share = min(MOST, -(-len(waiting) // self._turns.slots))
        group = [waiting.popleft() for _ in range(share)]
        if waiting:
            self._waiting[key] = waiting
            self._stand_in_line(key, owner)
        elif not self._in_line[key]:
            del self._in_line[key]
        return group


def _answer(call: SharedCall, found: Answer | Exception | None) -> None:
    if call.answer.done():
        return
    if isinstance(found, Exception):
        call.answer.set_exception(found)
    else:
        call.answer.set_result(found)
