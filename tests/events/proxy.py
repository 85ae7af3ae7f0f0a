"""A TCP proxy between client and service whose lines can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Proxy:
    """`url` reaches the service; `opened` counts the connections so far, `requests` what was asked over them."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()
        self.url, self.opened = "", 0
        self.requests: list[str] = []

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        pair = {writer, up_writer}
        self._writers |= pair
        try:
            await asyncio.gather(self._copy(reader, up_writer, note=True), self._copy(up_reader, writer))
        finally:
            self._writers -= pair
            for end in pair:
                end.close()

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, note: bool = False) -> None:
        try:
            while data := await source.read(65536):
                if note and data.startswith((b"GET ", b"POST ")):
                    self.requests.append(data.split(b" HTTP")[0].decode())
                target.write(data)
                await target.drain()
        except OSError:
            pass
        target.close()

    def cut(self) -> int:
        """Cut every line at once; how many ends there were."""
        ends = list(self._writers)
        for writer in ends:
            writer.transport.abort()
        return len(ends)


@asynccontextmanager
async def proxied(port: int) -> AsyncIterator[Proxy]:
    """A proxy to a port of this machine."""
    proxy = Proxy(port)
    server = await asyncio.start_server(proxy.pass_on, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
