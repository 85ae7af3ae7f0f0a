"""The lag of the event loop is measured, remembered for a while, and told to operators."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.kit.loop_lag import INTERVAL, REMEMBERED, WARN_FROM, LoopLag
from tests.conftest import Api
from tests.patience import within


async def test_what_blocks_the_loop_is_seen() -> None:
    lag = LoopLag()
    await lag.start()
    async with within(5):
        while lag.most < 0.25:
            await asyncio.sleep(2 * INTERVAL)
            time.sleep(0.4)  # noqa: ASYNC251 - this is what is measured
    await lag.stop()


def test_the_worst_is_forgotten_after_a_while() -> None:
    lag = LoopLag()
    now = time.monotonic()
    lag.note(now - REMEMBERED - 1, 3.0)
    lag.note(now - 10, 0.5)
    lag.note(now, 0.1)
    assert lag.most == 0.5


def test_a_long_lag_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    lag = LoopLag()
    now = time.monotonic()
    for seconds in (0, 1, 2):
        lag.note(now + seconds, WARN_FROM)
    assert len(caplog.records) == 1


async def test_operators_are_told(api: Api) -> None:
    assert "tranche_loop_lag_seconds_bucket" in (await api.get("/metrics")).text
    assert "loop_lag_seconds" in (await api.get("/api/status")).json()
