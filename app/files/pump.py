"""Contents and what stands between them, from files into a socket: what is large by sendfile(2), small ones together.

The bytes of a large content never pass through this process. With small ones the calls are what costs: reading 10,000
of 10 KB and sending them in blocks took 8.5 us of processor for each, sendfile with a header before each 12.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

from app.files.blocks import SHORTER, Opened, Stored, gather
from app.files.errors import ContentMissing
from app.kit.web.plain_socket import PlainSocket

BLOCK: Final = 256 * 1024
_LARGE: Final = 128 * 1024
"""Bytes from which a content goes by sendfile."""
_AT_ONCE: Final = 4 * 1024 * 1024
_TURN_SECONDS, _PATIENCE_MS = 0.01, 3
"""How long a download has a thread, and how much of it waiting for its reader. A slow one waits without a thread."""
_LEFT: Final = 64 * 1024
"""What the loop writes to see when a reader goes on."""
_THREADS: Final = ThreadPoolExecutor(4, "downloads")
_OF_READER: Final = {errno.ETIMEDOUT, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.ENOTCONN}
_NO_SENDFILE: Final = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
"""What the system says of a file system that has it not."""


class ReaderGone(Exception):
    """The other end of the socket has closed it."""


async def pump(root: Path, pieces: Iterator[bytes | Stored], out: PlainSocket) -> None:
    """Send the pieces. Returns early when the reader leaves; raises ContentMissing and OSError, of the files."""
    pumping = _Pump(root, pieces, out.descriptor)
    turn: asyncio.Future[bytes | None] | None = None
    try:
        await out.start()
        while not out.is_gone:
            turn = asyncio.get_running_loop().run_in_executor(_THREADS, pumping.take_turn)
            left = await asyncio.shield(turn)
            out.count(pumping.count())
            if left is None:
                return
            if left:
                await out.write(left)
        out.drop()
    except ReaderGone:
        out.drop()
    finally:
        # Whoever hangs up leaves a thread at work: what it uses is closed when it comes back.
        if turn is None:
            _close(pumping, out)
        else:
            turn.add_done_callback(partial(_close, pumping, out))


def _close(pumping: _Pump, out: PlainSocket, done: asyncio.Future[bytes | None] | None = None) -> None:
    if done and not done.cancelled():
        done.exception()  # told to whoever waited for it, or to nobody
    pumping.close()
    out.close()


class _Pump:
    """Sends in turns, each in a thread."""

    def __init__(self, root: Path, pieces: Iterator[bytes | Stored], descriptor: int) -> None:
        self._descriptor, self._sent, self._reads = descriptor, 0, False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._turn_ends = 0.0
        self._blocks = gather(root, pieces, BLOCK, large=_LARGE)
        self._steps = self._send(self._blocks)

    def take_turn(self) -> bytes | None:
        """Send for a while. None: that was all; bytes: the reader takes no more, and these come next."""
        self._turn_ends = time.monotonic() + _TURN_SECONDS
        return next(self._steps, None)

    def count(self) -> int:
        """Bytes that were sent since the last call."""
        sent, self._sent = self._sent, 0
        return sent

    def close(self) -> None:
        self._steps.close()
        self._blocks.close()

    def _send(self, blocks: Iterator[bytes | Opened]) -> Generator[bytes, None, None]:
        for block in blocks:
            if isinstance(block, bytes):
                rest = memoryview(block)
                while rest:
                    if sent := self._try(self._write, rest):
                        rest = rest[sent:]
                    else:
                        yield bytes(rest[:_LEFT])
                        rest = rest[_LEFT:]
            else:
                handle, at, end = block
                while at < end:
                    if sent := self._try(self._copy, handle, at, min(end - at, _AT_ONCE)):
                        at += sent
                    else:
                        yield (left := self._read(handle, at, min(end - at, _LEFT)))
                        at += len(left)
                    if time.monotonic() > self._turn_ends:
                        yield b""
            if time.monotonic() > self._turn_ends:
                yield b""

    def _try(self, send: Callable[..., int], *what: Any) -> int:
        """Bytes that the socket took; 0: none for now."""
        for _ in range(2):
            with suppress(BlockingIOError):
                sent = send(*what)
                self._sent += sent
                return sent
            if not self._poll.poll(_PATIENCE_MS):
                break
        return 0

    def _write(self, data: memoryview | bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            raise
        except OSError as error:
            raise ReaderGone from error

    def _copy(self, handle: int, at: int, size: int) -> int:
        if self._reads:
            return self._write(self._read(handle, at, min(size, BLOCK)))
        try:
            sent = os.sendfile(self._descriptor, handle, at, size)
        except ConnectionError as error:
            raise ReaderGone from error
        except OSError as error:
            if error.errno in _OF_READER:
                raise ReaderGone from error
            if error.errno not in _NO_SENDFILE:
                raise
            self._reads = True
            return self._copy(handle, at, size)
        if not sent:
            raise ContentMissing(SHORTER)
        return sent

    @staticmethod
    def _read(handle: int, at: int, size: int) -> bytes:
        if part := os.pread(handle, size, at):
            return part
        raise ContentMissing(SHORTER)
