"""The one loop that every background service runs in."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from app.kit import service
from app.kit.errors import DatabaseUnavailable
from app.kit.service import Periodic
from tests.patience import within

NEVER = 3600.0


class Counted(Periodic):
    """Counts its turns; `act` is what each does. `reached` lets a test wait for a turn to begin."""

    log = logging.getLogger("test.periodic")

    def __init__(
        self, act: Callable[[int], None] = lambda turn: None, *, interval: float, first_wait: float = 0
    ) -> None:
        super().__init__()
        self.interval, self.first_wait = interval, first_wait
        self._act, self.turns = act, 0
        self._began = asyncio.Condition()

    async def turn(self) -> None:
        async with self._began:
            self.turns += 1
            self._began.notify_all()
        self._act(self.turns)

    async def reached(self, turns: int) -> None:
        async with within(30), self._began:
            await self._began.wait_for(lambda: self.turns >= turns)


async def test_the_first_turn_comes_at_once_and_the_others_by_themselves() -> None:
    counted = Counted(interval=0.001)
    await counted.start()
    await counted.reached(3)
    await counted.stop()
    assert "Counted" not in [task.get_name() for task in asyncio.all_tasks()]


async def test_a_first_wait_is_waited_and_wake_ends_any_wait() -> None:
    counted = Counted(interval=NEVER, first_wait=NEVER)
    await counted.start()
    await asyncio.sleep(0)
    assert counted.turns == 0
    counted.wake()
    await counted.reached(1)
    counted.wake()
    await counted.reached(2)
    await counted.stop()


async def test_who_wakes_during_a_turn_gets_another() -> None:
    counted = Counted(lambda turn: counted.wake() if turn == 1 else None, interval=NEVER)
    await counted.start()
    await counted.reached(2)
    await counted.stop()


@pytest.mark.parametrize(
    ("error", "said", "traceback"),
    [
        (DatabaseUnavailable("away"), None, False),
        (ValueError("wrong"), "the turn failed", True),
    ],
)
async def test_a_turn_that_fails_is_logged_and_the_next_one_comes(
    error: Exception, said: str | None, traceback: bool, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_once(turn: int) -> None:
        if turn == 1:
            raise error

    counted = Counted(fail_once, interval=0.001)
    await counted.start()
    await counted.reached(2)
    await counted.stop()
    assert [(record.message, bool(record.exc_info)) for record in caplog.records] == (
        [(said, traceback)] if said else []
    )


async def test_wake_does_not_make_a_failing_service_run_without_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "FAILURE_PAUSE", NEVER)

    def fail(turn: int) -> None:
        counted.wake()
        raise ConnectionError

    counted = Counted(fail, interval=NEVER)
    await counted.start()
    await counted.reached(1)
    for _ in range(10):
        await asyncio.sleep(0)
    assert counted.turns == 1
    await counted.stop()


async def test_a_service_that_never_started_can_be_stopped() -> None:
    await Counted(interval=NEVER).stop()
