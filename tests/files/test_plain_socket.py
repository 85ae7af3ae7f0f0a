"""Contents that go past the server, straight into the socket: whole, in order, and without waiting for each other."""

from __future__ import annotations

import asyncio
import errno
import io
import logging
import os
import socket
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.batches.archives import Archives
from app.batches.models import Batch
from app.files import content, pump
from app.files.blocks import Stored
from app.files.storage import Storage
from app.kit.db import Database
from app.kit.logs import FIELDS
from tests.batch_helpers import follow
from tests.conftest import ADMIN_KEY, Api, make_settings, serving
from tests.files.bodies import FORM, form, part
from tests.patience import within

MIB = 1024 * 1024
LARGE = os.urandom(12 * MIB + 5)
"""More than the kernel keeps for a reader that does not read."""
CONTENTS = {"large.bin": LARGE} | {f"{number:02}.bin": os.urandom(number * 20_000) for number in range(12)}


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    """The service with its runner."""
    async with serving(make_settings(home, database_url)) as client:
        yield client


@pytest.fixture(scope="module")
async def archive(api: Api) -> str:
    """The path of an archive of a large file and small ones."""
    body = form(part("pipeline", "originals"), *(part("files", data, name) for name, data in CONTENTS.items()))
    created = await api.post("/api/jobs/batch", content=body, headers=FORM)
    await follow(api, created.json()["batch_id"])
    return f"/api/batches/{created.json()['batch_id']}/download"


@pytest.fixture(scope="module")
async def file(api: Api) -> str:
    """The path of a large content."""
    return f"/api/files/{(await api.put('/api/files/large.bin', content=LARGE)).json()['id']}/content"


@pytest.fixture(params=["straight", "by the server", "without sendfile"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How contents are sent."""

    def refuse(*_: Any) -> int:
        raise OSError(errno.EINVAL, "this file system cannot")

    if request.param == "by the server":
        monkeypatch.setattr(content, "plain_socket", lambda scope: None)
    elif request.param == "without sendfile":
        monkeypatch.setattr(os, "sendfile", refuse)
    return str(request.param)


async def ask(api: Api, *paths: str, version: str = "1.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection with small buffers, on which requests were sent one after the other without waiting."""
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", api.base_url.port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=64 * 1024)
    for path in paths:
        writer.write(f"GET {path} HTTP/{version}\r\nHost: test\r\nAuthorization: Bearer {ADMIN_KEY}\r\n\r\n".encode())
    return reader, writer


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The body of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    lines = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:-2])
    return await reader.readexactly(int(lines["content-length"]))


async def test_every_way_sends_the_same_bytes(api: Api, archive: str, file: str, way: str) -> None:
    assert (await api.get(file)).content == LARGE
    whole = await api.get(archive)
    with zipfile.ZipFile(io.BytesIO(whole.content)) as opened:
        assert opened.testzip() is None
        assert sorted(map(opened.read, opened.namelist())) == sorted(CONTENTS.values())
    for start, end in [(0, 1), (500, 4 * MIB), (len(whole.content) - 3 * MIB, len(whole.content))]:
        reply = await api.get(archive, headers={"Range": f"bytes={start}-{end - 1}"})
        assert (reply.status_code, reply.content) == (206, whole.content[start:end])


async def test_requests_on_one_connection_are_answered_in_order(api: Api, archive: str, file: str) -> None:
    reader, writer = await ask(api, file, "/healthz", archive, file)
    async with within(30):
        assert await answer(reader) == LARGE
        assert b"ok" in await answer(reader)
        assert len(await answer(reader)) > len(LARGE)
        assert await answer(reader) == LARGE
    writer.close()


async def test_http_1_0_gets_it_and_the_connection_closes(api: Api, file: str) -> None:
    reader, writer = await ask(api, file, version="1.0")
    async with within(30):
        assert (await reader.read()).endswith(LARGE)
    writer.close()


async def test_readers_that_are_stuck_hold_up_nobody(api: Api, archive: str, file: str) -> None:
    async with AsyncExitStack() as stack:
        stuck = [await ask(api, path) for path in (file, archive) * 4]
        for reader, writer in stuck:
            stack.callback(writer.close)
            await reader.readuntil(b"\r\n\r\n")
        async with within(30):
            assert (await api.get(file)).content == LARGE
            assert await stuck[0][0].readexactly(len(LARGE)) == LARGE  # goes on where it was


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
async def test_reader_that_leaves_takes_everything_with_him(api: Api, archive: str, file: str) -> None:
    assert (await api.get(file)).status_code == 200
    before = descriptors()
    for path in (file, archive, file, archive):
        reader, writer = await ask(api, path)
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
    async with within(30):
        while descriptors() > before:
            await asyncio.sleep(0.01)


async def test_content_that_became_shorter_cuts_the_connection(api: Api, archive: str) -> None:
    whole = (await api.get(archive)).content
    async with api.installation.get(Database).transaction() as session:
        batch = await session.get_one(Batch, UUID(archive.split("/")[-2]))
    laid_out = await api.installation.get(Archives).find(api.installation.get(Database), batch)
    last = [piece for piece in laid_out.pieces() if isinstance(piece, Stored)][-1]
    root = api.installation.get(Storage).root
    assert root
    path = root / last.key
    kept = path.read_bytes()
    try:
        for left in (kept[:-1], None):
            path.unlink()
            if left is not None:
                path.write_bytes(left)
            reader, writer = await ask(api, archive)
            async with within(30):
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            assert f"content-length: {len(whole)}".encode() in head
            assert len(body) < len(whole)
            assert whole.startswith(body)
            writer.close()
    finally:
        path.write_bytes(kept)
    assert (await api.get(archive)).content == whole


async def test_bytes_are_told_in_the_log(api: Api, file: str, caplog: pytest.LogCaptureFixture) -> None:
    def told() -> list[int]:
        return [getattr(record, FIELDS)["bytes"] for record in caplog.records if record.name == "tranche.access"]

    with caplog.at_level(logging.INFO, logger="tranche.access"):
        await api.get(file)
        async with within(10):
            while not told():  # the client may have it all a moment before the request is over
                await asyncio.sleep(0.01)
    assert told() == [len(LARGE)]


async def test_no_reader_has_more_than_its_turn_of_a_thread(
    api: Api, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[bytes | None] = []
    take_turn = pump._Pump.take_turn

    def counted(self: Any) -> bytes | None:
        turns.append(left := take_turn(self))
        return left

    monkeypatch.setattr(pump._Pump, "take_turn", counted)
    monkeypatch.setattr(pump, "_TURN_SECONDS", 0.0)
    assert (await api.get(file)).content == LARGE
    assert len(turns) > 2
