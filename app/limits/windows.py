"""Counts in windows of time, kept in memory, and shared with other processes by leases from the database."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

from limits.aio.storage import Storage

Take = Callable[[str, int, float], Awaitable[tuple[int, float]]]
"""Takes the next numbers of a key: which is the last of them, and the seconds until the window ends."""
FIRST_LEASE: Final = 8
LARGEST_LEASE: Final = 256
MOST_KEYS: Final = 100_000
"""Windows that a process remembers. With more, the oldest are forgotten: their callers begin anew."""


class _Window:
    """`number` was counted last, those up to `end` may be counted without asking; `ends` is in `time.time()`."""

    __slots__ = ("counted", "end", "ends", "number", "taking")

    def __init__(self, ends: float) -> None:
        self.number, self.end, self.counted, self.ends = 0, 0, 0, ends
        self.taking: asyncio.Lock | None = None


class WindowStorage(Storage):
    """A storage for the strategies of `limits`, which counts a key from 1 within each window.

    With `take` the numbers come from elsewhere, in leases: each number is counted once over all processes, so no limit
    is ever passed; what a process has leased and does not use is lost to the others for that window. A lease is
    `first` numbers, later a quarter of what the process has counted, at most `largest`: a busy key costs a write for
    hundreds of requests. With both 1 every count is exact.
    """

    STORAGE_SCHEME = ["tranche"]  # noqa: RUF012 - the library's metaclass wants a list

    def __init__(
        self,
        take: Take | None = None,
        *,
        first: int = FIRST_LEASE,
        largest: int = LARGEST_LEASE,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._take, self._first, self._largest, self._clock = take, first, largest, clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; gives the number that was reached. Raises what the database raises when it is asked."""
        window = self._live(key)
        if window is None:
            window = self._windows[key] = _Window(self._clock() + expiry)
            if len(self._windows) > MOST_KEYS:
                self._windows.popitem(last=False)
        if self._take and window.number + amount > window.end:
            window.taking = window.taking or asyncio.Lock()
            async with window.taking:
                if window.number + amount > window.end:
                    await self._lease(self._take, key, window, expiry, amount)
        window.number += amount
        window.counted += amount
        return window.number

    async def _lease(self, take: Take, key: str, window: _Window, expiry: float, amount: int) -> None:
        size = max(amount, min(self._largest, max(self._first, window.counted // 4)))
        window.end, seconds = await take(key, size, expiry)
        window.number, window.ends = window.end - size, self._clock() + seconds

    async def get(self, key: str) -> int:
        """The number that was reached last, as far as this process knows."""
        window = self._live(key)
        return window.number if window else 0

    async def get_expiry(self, key: str) -> float:
        """When the window ends, in `time.time()`."""
        window = self._live(key)
        return window.ends if window else self._clock()

    def _live(self, key: str) -> _Window | None:
        window = self._windows.get(key)
        if window and window.ends <= self._clock():
            del self._windows[key]
            return None
        return window

    async def check(self) -> bool:
        return True

    async def clear(self, key: str) -> None:
        """Forget what this process knows of a key."""
        self._windows.pop(key, None)

    async def reset(self) -> int:
        """Forget what this process knows of every key."""
        count = len(self._windows)
        self._windows.clear()
        return count
