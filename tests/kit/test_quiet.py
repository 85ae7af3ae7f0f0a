"""What a process does while it has nothing to do is counted here, so that nothing comes to wake it again and again."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine
from typing import Any

import pytest
from pgqueuer.core import buffers

from app.commands.web_server import Server
from app.kit import loop_lag
from app.kit.ending import Ending
from app.kit.loop_lag import INTERVAL, LoopLag
from app.kit.service import BEAT, Periodic, on_the_beat
from app.runner import engine
from tests.conftest import Api
from tests.patience import within


class CountingLoop(asyncio.SelectorEventLoop):
    """Counts the timers that are set."""

    timers = 0

    def call_at(self, *arguments: Any, **named: Any) -> asyncio.TimerHandle:
        self.timers += 1
        return super().call_at(*arguments, **named)


def run(work: Coroutine[Any, Any, None], loop: CountingLoop) -> None:
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()


async def settle() -> None:
    """Let everything that is ready run, without a timer."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_no_service_takes_turns_more_often_than_the_beat(api: Api) -> None:
    services = [service for service in gc.get_objects() if isinstance(service, Periodic)]
    intervals = {type(service).__name__: service.interval for service in services if service.is_running}
    assert {"Heartbeat", "Lookout", "Sweeper", "Sender"} <= intervals.keys()
    assert {name: seconds for name, seconds in intervals.items() if seconds < BEAT} == {}
    # Whoever else looks as often as these asks the database for what the lookout could ask for all.
    assert {name for name, seconds in intervals.items() if seconds < 2 * BEAT} == {"Heartbeat", "Lookout"}


def test_waits_of_all_services_end_at_the_same_moments() -> None:
    """To the millisecond, by which the loop tells timers apart."""
    moments = {round(on_the_beat(1000 + n / 100) * 1000, 6) for n in range(1000)}
    assert len(moments) in (5, 6)
    assert all(moment.is_integer() for moment in moments)
    assert all(abs(on_the_beat(n / 100) - n / 100) <= BEAT / 2 for n in range(1000, 2000))


def test_the_server_sets_no_timer_while_it_waits_for_its_end() -> None:
    class Idle(Server):
        def __init__(self, ending: Ending) -> None:
            self.ending = ending

    async def serve() -> None:
        ending = Ending()
        task = asyncio.create_task(Idle(ending).main_loop())
        await settle()
        assert not task.done()
        ending.ask()
        await task

    loop = CountingLoop()
    run(serve(), loop)
    assert loop.timers == 0


def test_the_engine_writes_its_log_when_there_is_something_and_looks_for_nothing() -> None:
    written: list[Any] = []

    class Log:
        async def log_jobs(self, rows: list[Any]) -> None:
            written.extend(rows)

    done: Any = "done"

    async def add_one() -> None:
        async with buffers.JobStatusLogBuffer(max_size=10, repository=Log()) as buffer:
            buffer.timeout /= 10
            await settle()
            assert loop.timers == 0
            await buffer.add(done)
            async with within(10):
                while not written:
                    await asyncio.sleep(0.001)

    loop = CountingLoop()
    run(add_one(), loop)
    assert written == ["done"]
    assert buffers.HeartbeatBuffer is engine._QuietHeartbeats


def test_an_idle_loop_is_looked_at_each_beat_and_a_request_brings_a_close_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_lag, "QUIET_AFTER", -1.0)
    monkeypatch.setattr(loop_lag, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(loop_lag, "BUSY_SHARE", 2.0)

    async def look() -> None:
        lag = LoopLag()
        await lag.start()
        async with within(10):
            while not lag.is_quiet:
                await asyncio.sleep(0.001)
        monkeypatch.setattr(loop_lag, "QUIET_AFTER", 5.0)
        lag.stir()
        assert not lag.is_quiet
        async with within(10):
            await asyncio.sleep(3 * INTERVAL)
        assert not lag.is_quiet
        await lag.stop()

    run(look(), CountingLoop())
