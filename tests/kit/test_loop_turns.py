"""The loop on which tenants take turns, with functions for steps and a clock by how long they take."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context

import pytest

from app.kit.loop_turns import FairLoop, LoopTurns, context_for, current_tenant, run_for


class Rounds:
    """A loop's rounds, made by hand."""

    def __init__(self) -> None:
        self.due: deque[Callable[[], None]] = deque()
        self.turns = LoopTurns(self.due.append)
        self.served: list[str] = []

    def add(self, tenant: str, seconds: float = 0.0) -> None:
        def step() -> None:
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                pass
            self.served.append(tenant)

        self.turns.add(tenant, (step, (), copy_context()))

    def run(self) -> int:
        count = 0
        while self.due:
            self.due.popleft()()
            count += 1
        return count


def test_who_has_little_to_do_is_next_whatever_stands_in_line() -> None:
    rounds = Rounds()
    for _ in range(20):
        rounds.add("flood", 0.001)
    rounds.due.popleft()()
    rounds.add("quiet", 0.001)
    rounds.run()
    assert rounds.served.index("quiet") <= 2


def test_a_line_is_served_in_order_and_nothing_is_lost() -> None:
    rounds = Rounds()
    names = [f"{tenant}" for _ in range(50) for tenant in ("a", "b", "c")]
    for name in names:
        rounds.add(name)
    rounds.run()
    assert sorted(rounds.served) == sorted(names)


def test_the_loop_looks_at_its_sockets_between_rounds() -> None:
    rounds = Rounds()
    for _ in range(10):
        rounds.add("flood", 0.002)
    assert rounds.run() == 10


def test_time_goes_by_weight() -> None:
    rounds = Rounds()
    rounds.turns.weigh = lambda tenant: 3.0 if tenant == "heavy" else 1.0
    for _ in range(40):
        rounds.add("heavy", 0.001)
        rounds.add("light", 0.001)
    for _ in range(40):
        rounds.due.popleft()()
    assert 2 * rounds.served.count("light") < rounds.served.count("heavy") <= 4 * rounds.served.count("light")


def test_nobody_saves_up() -> None:
    rounds = Rounds()
    rounds.add("early")
    rounds.run()
    for _ in range(20):
        rounds.add("busy", 0.001)
        rounds.run()
    for _ in range(10):
        rounds.add("early", 0.001)
        rounds.add("busy", 0.001)
    rounds.served.clear()
    for _ in range(10):
        rounds.due.popleft()()
    assert 3 <= rounds.served.count("busy") <= 7


def test_a_request_overtakes_what_a_flood_has_ready() -> None:
    async def flood(over: asyncio.Event, rounds: list[int]) -> None:
        while not over.is_set():
            until = time.perf_counter() + 0.001
            while time.perf_counter() < until:
                pass
            rounds[0] += 1
            await asyncio.sleep(0)

    async def request() -> str:
        for _ in range(10):
            await asyncio.sleep(0)
        return str(current_tenant())

    async def main() -> tuple[str, int]:
        over, rounds = asyncio.Event(), [0]
        tasks = [asyncio.create_task(flood(over, rounds), context=context_for("flood")) for _ in range(50)]
        while rounds[0] < 60:
            await asyncio.sleep(0.001)
        before = rounds[0]
        seen = await asyncio.create_task(request(), context=context_for("quiet"))
        passed = rounds[0] - before
        over.set()
        await asyncio.gather(*tasks)
        return seen, passed

    with asyncio.Runner(loop_factory=FairLoop) as runner:
        seen, passed = runner.run(main())
    assert seen == "quiet"
    assert passed <= 30, "in the order of arrival 500 steps of the flood go before ten of the request"


def test_a_task_changes_lines_and_is_still_cancelled_and_answered() -> None:
    async def changing() -> None:
        run_for("a")
        await asyncio.sleep(0)
        run_for(None)
        await asyncio.sleep(0)
        run_for("b")
        await asyncio.sleep(3600)

    async def main() -> bool:
        task = asyncio.create_task(changing())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.create_task(asyncio.to_thread(lambda: 7), context=context_for("c")) == 7
        return task.cancelled()

    with asyncio.Runner(loop_factory=FairLoop) as runner:
        assert runner.run(main())
