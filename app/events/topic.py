"""What several readers follow together: the newest frames, and a way to wait for more."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Final

from app.events.frames import Frame

TAIL: Final = 512
"""Most frames one topic keeps."""
TAILS: Final = 65_536
"""Most frames all topics of a process keep together: about 40 MB."""


class Topic:
    """The newest frames, numbered without a gap. `last` is the number of the newest, also when none is kept yet.

    `gone` says that nothing will follow, because what was followed does not exist any more.
    """

    def __init__(self, last: int) -> None:
        self.last = last
        self.frames: deque[Frame] = deque()
        self.readers = 0
        self.gone = False
        self._changed = asyncio.Event()

    def waiter(self) -> asyncio.Event:
        """Set at the next change. Take it before looking, so that nothing falls between looking and waiting."""
        return self._changed

    def wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def add(self, frames: Sequence[Frame], keep: int = TAIL) -> int:
        """Append what is new of the frames and drop what is more than `keep`; how many numbers were missing."""
        missing = 0
        for frame in frames:
            if frame[0] <= self.last:
                continue
            if frame[0] != self.last + 1:
                missing += frame[0] - self.last - 1
                self.frames.clear()  # places in the tail are counted from its first frame
            self.frames.append(frame)
            self.last = frame[0]
        while len(self.frames) > keep:
            self.frames.popleft()
        if frames:
            self.wake()
        return missing

    def after(self, cursor: int) -> list[Frame] | None:
        """The frames after a cursor; None when the tail does not reach back so far."""
        if cursor >= self.last:
            return []
        if not self.frames or cursor + 1 < self.frames[0][0]:
            return None
        start = cursor + 1 - self.frames[0][0]
        return [self.frames[place] for place in range(start, len(self.frames))]
