"""Calls that share a child: fewer processes, the same answers, and whoever is hostile fails alone."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from app.kit.sandbox.cell.confinement import Lent
from app.kit.sandbox.errors import ChildLost, ResourceLimitExceeded, SandboxCrashed, SandboxTimeout
from app.kit.sandbox.groups import MOST
from app.kit.sandbox.sandbox import Sandbox
from tests.kit.test_sandbox import (
    LONG,
    MIB,
    OwnError,
    bomb,
    echo,
    fail,
    gone,
    grow,
    hold,
    holder,
    kill_self,
    leave,
    lend,
    make_fifo,
)
from tests.patience import patient


def who(number: int) -> list[int]:
    return [number, os.getpid()]


def wait_for(path: str) -> None:
    while not Path(path).exists():
        time.sleep(0.001)


def use_time(seconds: float) -> float:
    began = time.process_time()
    while time.process_time() - began < seconds:
        pass
    return time.process_time()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sandbox() -> AsyncIterator[Sandbox]:
    sandbox = Sandbox(workers=1, memory_bytes=256 * MIB, cpu_seconds=1, preload=[__name__])
    await sandbox.start()
    yield sandbox
    await sandbox.stop()


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    return make_fifo(tmp_path)


class Gathered:
    """Calls that start together: the only worker is held until all of them wait."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self._gate = sandbox, folder / "gates" / "gate"
        self._gate.parent.mkdir()
        self._lent = Lent(folders=(str(self._gate.parent), str(folder / "lent")))
        self._holding: asyncio.Task[None] | None = None
        self.tasks: list[asyncio.Task[object]] = []

    async def __aenter__(self) -> Gathered:
        self._holding = asyncio.create_task(self.sandbox.run(wait_for, str(self._gate), timeout=LONG, lent=self._lent))
        while not self.sandbox._turns.held:
            await asyncio.sleep(0)
        return self

    def call(self, function: object, *args: object, timeout: float = LONG, group: object = "batch") -> None:
        run = self.sandbox.run(function, *args, timeout=timeout, group=group, lent=self._lent)  # type: ignore[arg-type]
        self.tasks.append(asyncio.create_task(run))

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._gate.touch()
        assert self._holding
        await self._holding

    async def results(self) -> list[object]:
        return list(await asyncio.gather(*self.tasks, return_exceptions=True))


async def test_what_gathers_shares_a_child(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Gathered(sandbox, tmp_path) as gathered:
        for number in range(MOST + 4):
            gathered.call(who, number)
        for number in range(3):
            gathered.call(who, number, group="another batch")
        gathered.call(who, 0, group=None)
    found = [value for value in await gathered.results() if isinstance(value, list)]
    assert [number for number, _ in found] == [*range(MOST + 4), 0, 1, 2, 0]
    children = [pid for _, pid in found]
    assert len(set(children[:MOST])) == 1
    assert len(set(children[MOST : MOST + 4])) == 1
    assert len(set(children[MOST + 4 : -1])) == 1
    assert len(set(children)) == 4


async def test_groups_leave_work_for_every_worker(tmp_path: Path) -> None:
    sandbox = Sandbox(workers=2, memory_bytes=256 * MIB, cpu_seconds=5, preload=[__name__])
    await sandbox.start()
    try:
        calls = (sandbox.run(who, number, timeout=LONG, group="batch") for number in range(8))
        assert len({pid for _, pid in await asyncio.gather(*calls)}) >= 2
    finally:
        await sandbox.stop()


@pytest.mark.parametrize(
    ("hostile", "argument", "error"),
    [
        (kill_self, signal.SIGSEGV, SandboxCrashed),
        (leave, 0, SandboxCrashed),
        (bomb, None, ResourceLimitExceeded),
        (use_time, 30, ResourceLimitExceeded),
        (grow, 65 * MIB, ResourceLimitExceeded),
    ],
)
async def test_a_hostile_call_fails_alone(
    sandbox: Sandbox, tmp_path: Path, hostile: object, argument: object, error: type[Exception]
) -> None:
    async with Gathered(sandbox, tmp_path) as gathered:
        gathered.call(who, 0)
        gathered.call(hostile, *() if argument is None else (argument,))
        gathered.call(who, 1)
        gathered.call(fail, "own")
        gathered.call(grow, 20 * MIB)
    first, failed, second, own, grown = await gathered.results()
    assert isinstance(failed, error)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert (first[0], second[0]) == (0, 1)
    assert first[1] != second[1]
    assert isinstance(own, OwnError)
    assert grown == b"x" * 20 * MIB


async def test_a_slow_call_fails_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Gathered(sandbox, tmp_path) as gathered:
        gathered.call(echo, 1)
        gathered.call(wait_for, str(tmp_path / "gates" / "never"), timeout=patient(0.2))
        gathered.call(echo, 2)
    first, slow, second = await gathered.results()
    assert (first, second) == (1, 2)
    assert isinstance(slow, SandboxTimeout)
    assert "wait_for took longer than" in slow.message


async def test_exceptions_do_not_end_a_group(sandbox: Sandbox, tmp_path: Path) -> None:
    async with Gathered(sandbox, tmp_path) as gathered:
        gathered.call(who, 0)
        gathered.call(fail, "own")
        gathered.call("no_such_module:function")
        gathered.call(who, 1)
    first, own, missing, second = await gathered.results()
    assert isinstance(own, OwnError)
    assert isinstance(missing, ModuleNotFoundError)
    assert isinstance(first, list)
    assert isinstance(second, list)
    assert first[1] == second[1]


async def test_processor_time_that_others_used_up_is_not_counted_against_a_call(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    async with Gathered(sandbox, tmp_path) as gathered:
        for _ in range(5):
            gathered.call(use_time, 0.4)
    assert all(isinstance(used, float) for used in await gathered.results())


async def test_who_gives_up_waiting_leaves_the_others_their_child(sandbox: Sandbox, tmp_path: Path, fifo: str) -> None:
    async with Gathered(sandbox, tmp_path) as gathered:
        gathered.call(echo, 0)
        gathered.call(hold, fifo)
        gathered.call(echo, 1)
        gathered.call(echo, 2)
        await asyncio.sleep(0)
        gathered.tasks[0].cancel()
    _, pipe = await holder(fifo)
    gathered.tasks[3].cancel()
    assert not gathered.tasks[2].done()
    gathered.tasks[1].cancel()
    gathered.tasks[2].cancel()
    assert await gone(pipe)  # nobody waits for this child any more
    assert await sandbox.run(echo, 3, timeout=LONG, group="batch") == 3


async def test_large_requests_and_answers_pass_each_other(sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither side waits for the other to read what it writes: both are more than a socket holds."""
    async with Gathered(sandbox, tmp_path) as gathered:
        for _ in range(4):
            gathered.call(echo, b"x" * 2 * MIB)
    assert await gathered.results() == [b"x" * 2 * MIB] * 4


async def test_groups_end_with_the_sandbox(fifo: str) -> None:
    sandbox = Sandbox(workers=1, memory_bytes=256 * MIB, cpu_seconds=5)
    calls = [asyncio.create_task(sandbox.run(hold, fifo, timeout=LONG, group="batch", lent=lend(fifo)))]
    _, pipe = await holder(fifo)
    calls.append(asyncio.create_task(sandbox.run(hold, fifo, timeout=LONG, group="batch", lent=lend(fifo))))
    await sandbox.stop()
    assert await gone(pipe)
    for ended in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(ended, ChildLost)
