"""A database that falls silent, as behind a network that drops every packet: no connection to it is ever closed."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from app.kit.db import Database
from app.kit.silent_sockets import SILENT_SECONDS
from tests.conftest import fresh_database, make_settings, serving
from tests.database import PostgresServer
from tests.patience import within

pytestmark = pytest.mark.own_service


class Line:
    """A TCP port that leads to a server's Unix socket, as long as it is `open`."""

    def __init__(self, path: str) -> None:
        self._path, self.open = path, asyncio.Event()
        self.open.set()

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(self._path)
        await asyncio.gather(self._copy(reader, up_writer), self._copy(up_reader, writer), return_exceptions=True)

    async def _copy(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self.open.wait()
                target.write(data)
                await target.drain()
        finally:
            target.close()


@asynccontextmanager
async def line_to(database_url: str) -> AsyncIterator[tuple[Line, str]]:
    """The line, and the address of the database through it."""
    parts = urlsplit(database_url)
    folder = parse_qs(parts.query).get("host")
    if not folder:
        pytest.skip("the server of the tests is not reached by a Unix socket")
    line = Line(f"{folder[0]}/.s.PGSQL.5432")
    server = await asyncio.start_server(line.pass_on, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield line, f"postgresql://postgres@127.0.0.1:{port}{parts.path}?sslmode=disable"
    finally:
        line.open.set()
        server.close()


async def test_the_kernel_gives_a_connection_up_whose_other_machine_is_gone(postgres: PostgresServer) -> None:
    """That machine cannot be taken away here; what the kernel was told can be read."""
    async with fresh_database(postgres) as url, line_to(url) as (_, address):
        connection = await Database(address).connect()
        sock = connection._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000 * SILENT_SECONDS
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) < SILENT_SECONDS
        await connection.close()


async def test_the_process_ends_all_the_same(postgres: PostgresServer, home: Path) -> None:
    async with (
        fresh_database(postgres) as url,
        line_to(url) as (line, address),
        within(40),
        serving(make_settings(home, address)) as api,
    ):
        assert (await api.get("/api/status")).is_success
        line.open.clear()
