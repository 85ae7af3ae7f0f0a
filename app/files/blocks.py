"""Contents and what stands between them, one after the other, gathered to blocks of about 1 MiB."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Iterator
from contextlib import aclosing
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from app.files.errors import ContentMissing

CHUNK = 1024 * 1024
_SMALLEST_READ = CHUNK // 16
SHORTER: Final = "The content is shorter than it was."
AHEAD_PARTS, AHEAD_BYTES = 16, 4 * CHUNK
"""What may be asked of a bucket before its turn: many small contents at once, or a few parts of a large one."""


class Stored(NamedTuple):
    """The bytes [start, end) of a content."""

    key: str
    start: int
    end: int


class Opened(NamedTuple):
    """The bytes [start, end) of a file that is open until the next block is asked for."""

    handle: int
    start: int
    end: int


Fetch = Callable[[Stored], Awaitable[bytes]]


async def read_blocks(root: Path, pieces: Iterator[bytes | Stored]) -> AsyncGenerator[bytes, None]:
    """Blocks from a local folder; raises ContentMissing for what has become shorter, and OSError.

    A thread gathers the next block while the one before is on its way.
    """
    gathering = _gather_all(root, pieces)
    coming = asyncio.ensure_future(asyncio.to_thread(next, gathering, b""))
    try:
        while block := await asyncio.shield(coming):
            coming = asyncio.ensure_future(asyncio.to_thread(next, gathering, b""))
            yield block
    finally:
        # Whoever hangs up leaves the thread at work: the file it reads is closed when it comes back.
        coming.add_done_callback(partial(_close, gathering))


def _gather_all(root: Path, pieces: Iterator[bytes | Stored]) -> Generator[bytes, None, None]:
    for block in gather(root, pieces, CHUNK):
        assert isinstance(block, bytes)
        yield block


def gather(
    root: Path, pieces: Iterator[bytes | Stored], size: int, *, large: int | None = None
) -> Generator[bytes | Opened, None, None]:
    """Blocks of about `size` bytes, read from a local folder. Contents of `large` and more are opened, but not read.

    Blocks. Raises ContentMissing for what has become shorter, and OSError.
    """
    parts, room = [], size
    for piece in pieces:
        if isinstance(piece, bytes):
            parts.append(piece)
            room -= len(piece)
            continue
        key, at, end = piece
        handle = os.open(f"{root}/{key}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if large is not None and end - at >= large:
                if parts:
                    yield b"".join(parts)
                    parts, room = [], size
                yield Opened(handle, at, end)
                continue
            if at:
                os.lseek(handle, at, os.SEEK_SET)
            while at < end:
                if room <= 0:
                    yield b"".join(parts)
                    parts, room = [], size
                part = os.read(handle, min(end - at, max(room, _SMALLEST_READ)))
                if not part:
                    raise ContentMissing(SHORTER)
                parts.append(part)
                at += len(part)
                room -= len(part)
        finally:
            os.close(handle)
    if parts:
        yield b"".join(parts)


def _close(gathering: Generator[bytes, None, None], done: asyncio.Future[bytes]) -> None:
    if not done.cancelled():
        done.exception()  # told to whoever reads on, or to nobody
    gathering.close()


async def fetch_blocks(fetch: Fetch, pieces: Iterable[bytes | Stored]) -> AsyncGenerator[bytes, None]:
    """Blocks from a store that answers slowly: `fetch` is called for several parts at once, ahead of their turn.

    No part is longer than a block, so no answer stays open while a slow reader takes his time.
    """
    gathered = bytearray()
    async with aclosing(_fetch_ahead(fetch, pieces)) as parts:
        async for part in parts:
            gathered += part
            if len(gathered) >= CHUNK:
                yield bytes(gathered)
                gathered.clear()
    if gathered:
        yield bytes(gathered)


async def _fetch_ahead(fetch: Fetch, pieces: Iterable[bytes | Stored]) -> AsyncGenerator[bytes, None]:
    coming: deque[tuple[int, bytes | asyncio.Future[bytes]]] = deque()
    try:
        for part in chain(_split(pieces), [None]):
            if isinstance(part, bytes):
                coming.append((len(part), part))
            elif part:
                coming.append((part.end - part.start, asyncio.ensure_future(fetch(part))))
            while coming and (not part or len(coming) >= AHEAD_PARTS or sum(n for n, _ in coming) >= AHEAD_BYTES):
                _, first = coming.popleft()
                yield first if isinstance(first, bytes) else await first
    finally:
        for _, rest in coming:
            if not isinstance(rest, bytes):
                rest.cancel()


def _split(pieces: Iterable[bytes | Stored]) -> Iterator[bytes | Stored]:
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            for start in range(piece.start, piece.end, CHUNK):
                yield Stored(piece.key, start, min(piece.end, start + CHUNK))
