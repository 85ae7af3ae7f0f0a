"""Look-ups that gather while one is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.kit.data_loader import AT_A_TIME, DataLoader


class Reads:
    """A slow table of squares; `asked` is what each read was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.go_on = asyncio.Event()

    async def read(self, keys: Sequence[int]) -> dict[int, int]:
        self.asked.append(list(keys))
        await self.go_on.wait()
        if -1 in keys:
            raise LookupError("no such number")
        return {key: key * key for key in keys if key % 2 == 0}


async def test_those_who_come_during_a_read_share_the_next() -> None:
    reads = Reads()
    gathering = DataLoader(reads.read)
    first = asyncio.create_task(gathering.find(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(gathering.find(key)) for key in (4, 5, 4, 2)]
    await asyncio.sleep(0)
    reads.go_on.set()
    assert [await first, *[await task for task in later]] == [4, 16, None, 16, 4]
    assert reads.asked == [[2], [4, 5, 2]]  # asked for again: an answer read earlier would be too old


async def test_one_who_leaves_takes_nobody_along() -> None:
    reads = Reads()
    gathering = DataLoader(reads.read)
    leaving, staying = asyncio.create_task(gathering.find(2)), asyncio.create_task(gathering.find(2))
    await asyncio.sleep(0)
    leaving.cancel()
    reads.go_on.set()
    assert await staying == 4
    with pytest.raises(asyncio.CancelledError):
        await leaving


async def test_an_error_reaches_those_who_asked_and_no_others() -> None:
    reads = Reads()
    reads.go_on.set()
    gathering = DataLoader(reads.read)
    with pytest.raises(LookupError):
        await gathering.find(-1)
    assert await gathering.find(6) == 36


async def test_a_crowd_is_read_in_parts() -> None:
    reads = Reads()
    reads.go_on.set()
    gathering = DataLoader(reads.read)
    keys = range(0, 4 * AT_A_TIME, 2)
    assert await asyncio.gather(*map(gathering.find, keys)) == [key * key for key in keys]
    assert [len(asked) for asked in reads.asked] == [AT_A_TIME] * 2
