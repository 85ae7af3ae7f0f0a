"""What several readers follow together: the newest frames, and who has been told all of them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from typing import Final, NamedTuple, Protocol

from app.events.frames import Frame
from app.events.metrics import SENT
from app.kit.web.taken_connection import framed

TAIL: Final = 512
"""Most frames one topic keeps."""
TAILS: Final = 65_536
"""Most frames all topics of a process keep together: about 40 MB."""
MAX_CHUNK: Final = 64 * 1024
AT_A_TIME: Final = 256
"""Readers that are written to before the loop gets a turn: about 2 ms of it."""
MOST_CHUNKS: Final = 4
"""Chunks that a topic remembers. Nearly all readers are at the same place, or at two."""


class Chunk(NamedTuple):
    """Whole frames after a cursor, as they are and as HTTP/1.1 frames them, up to the event `last`."""

    body: bytes
    wire: bytes
    last: int
    over: bool
    events: int


def join(frames: Sequence[Frame]) -> Iterator[Chunk]:
    """Frames in pieces of about 64 KiB, so that one write covers many small events."""
    gathered: list[bytes] = []
    size = 0
    for number, body, over in frames:
        gathered.append(body)
        size += len(body)
        if size >= MAX_CHUNK or number == frames[-1][0]:
            joined = b"".join(gathered)
            yield Chunk(joined, framed(joined), number, over, len(gathered))
            gathered, size = [], 0


CAUGHT_UP: Final = Chunk(b"", b"", 0, False, 0)
"""In place of a chunk: there is nothing after that cursor yet."""
Page = Callable[[int], Awaitable[list[Frame]]]


class Following(Protocol):
    """One of the readers of a topic, as the topic sees it."""

    cursor: int
    sent: int
    chunked: bool
    transport: asyncio.Transport

    def advance(self) -> None:
        """Go on from the cursor."""


class Topic:
    """The newest frames, numbered without a gap. `last` is the number of the newest, also when none is kept yet.

    `page` gives frames after a cursor that the tail no longer reaches. `gone` says that nothing will follow, because
    what was followed does not exist any more. `owner` is in whose turn readers are served. `live` are those readers
    that had been told everything when they were last looked at, and whose connections take what they are given.
    """

    def __init__(self, last: int, page: Page, owner: Hashable = None) -> None:
        self.last, self.page, self.owner = last, page, owner
        self.frames: deque[Frame] = deque()
        self.readers = 0
        self.gone = False
        self.live: set[Following] = set()
        self.told_at = time.monotonic()
        self._chunks: dict[int, Chunk] = {}

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
        self._chunks.clear()
        return missing

    def after(self, cursor: int) -> list[Frame] | None:
        """The frames after a cursor; None when the tail does not reach back so far."""
        if cursor >= self.last:
            return []
        if not self.frames or cursor + 1 < self.frames[0][0]:
            return None
        start = cursor + 1 - self.frames[0][0]
        return [self.frames[place] for place in range(start, len(self.frames))]

    def chunk_after(self, cursor: int) -> Chunk | None:
        """The first chunk after a cursor, made once for all readers; None when the tail does not reach back so far."""
        found = self._chunks.get(cursor)
        if found is None:
            frames = self.after(cursor)
            if not frames:
                return CAUGHT_UP if frames is not None else None
            found = next(join(frames))
            if len(self._chunks) >= MOST_CHUNKS:
                self._chunks.clear()
            self._chunks[cursor] = found
        return found

    def forget_chunks(self) -> None:
        """Whoever needs one makes it anew."""
        self._chunks.clear()

    async def tell(self) -> None:
        """Write what is new to the live readers. Each gets what follows its own cursor: nothing twice, no gap."""
        self.told_at = time.monotonic()
        count = 0
        for place, reader in enumerate(list(self.live), 1):
            if reader in self.live:  # it may have left meanwhile
                chunk = self.chunk_after(reader.cursor)
                if chunk is not None and chunk.last == self.last and not chunk.over:
                    count += chunk.events
                    reader.cursor = chunk.last
                    reader.sent += len(chunk.body)
                    reader.transport.write(chunk.wire if reader.chunked else chunk.body)
                else:
                    self.live.discard(reader)
                    reader.advance()
            if not place % AT_A_TIME:
                await asyncio.sleep(0)
        SENT.inc(count)

    def wake(self) -> None:
        """Let the live readers look again whether there is more to come at all."""
        for reader in list(self.live):
            self.live.discard(reader)
            reader.advance()
