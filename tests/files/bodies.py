"""Request bodies as bytes, a raw connection to send them through, and what they leave behind."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from sqlalchemy import text

from tests.conftest import Api
from tests.patience import patient

BOUNDARY = "a-boundary-of-the-tests"
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(name: str, content: bytes | str, filename: str | None = None, *, headers: str = "") -> bytes:
    """One part of a form; with a file name it is a file."""
    file = f'; filename="{filename}"' if filename is not None else ""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n{headers}\r\n'
    return head.encode() + (content.encode() if isinstance(content, str) else content) + b"\r\n"


def form(*parts: bytes, closed: bool = True) -> bytes:
    """The parts as a body, with or without the final boundary."""
    return b"".join(parts) + (f"--{BOUNDARY}--\r\n".encode() if closed else b"")


def spooled(api: Api) -> list[Path]:
    """What lies in the spool: contents that no request has handed over or removed yet."""
    return [path for path in (api.settings.home / "incoming").glob("*/*") if path.name != "lock"]


def stored(api: Api) -> set[str]:
    """The SHA-256 of every content that storage keeps."""
    return {path.name for path in (api.settings.home / "files").glob("*/*/*")}


async def query(api: Api, statement: str, **values: Any) -> Any:
    """The first column of the first row."""
    async with api.installation.database.transaction() as session:
        return (await session.execute(text(statement), values)).scalar()


async def rows_of(api: Api) -> tuple[int, int, int]:
    """How many files, batches and jobs there are."""
    counts = ", ".join(f"(select count(*) from {table})" for table in ("files", "batches", "jobs"))
    files, batches, jobs = await query(api, f"select array[{counts}]")
    return files, batches, jobs


async def ask_all(api: httpx.AsyncClient, requests: Sequence[tuple[str, str]], **more: Any) -> list[httpx.Response]:
    """The answers to many requests (method, path), some at a time: one after the other takes long."""
    answers: list[httpx.Response] = []
    for at in range(0, len(requests), 20):
        answers += await asyncio.gather(*(api.request(*request, **more) for request in requests[at : at + 20]))
    return answers


async def eventually(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + patient(seconds)
    while not holds():
        assert time.monotonic() < deadline, f"did not come about in {seconds} s"
        await asyncio.sleep(0.02)


class Wire:
    """A connection on which a test writes the bytes of HTTP itself."""

    def __init__(self, key: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._key, self._reader, self._writer = key, reader, writer

    @classmethod
    async def to(cls, api: Api) -> Wire:
        parts = urlsplit(str(api.base_url))
        return cls(api.key, *await asyncio.open_connection(parts.hostname, parts.port))

    async def head(self, method: str, path: str, *, key: str | None = None, **headers: str) -> None:
        """Send a request line and headers."""
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines = [f"{method} {path} HTTP/1.1", "Host: tests", f"Authorization: Bearer {key or self._key}", *lines]
        await self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send_chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def answer(self) -> tuple[int, bytes, bytes]:
        """Status, headers in small letters, and the body as far as Content-Length says."""
        head = (await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), patient(10))).lower()
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        return int(head.split()[1]), head, await asyncio.wait_for(self._reader.readexactly(length), patient(10))

    async def is_closed(self, seconds: float = 5) -> bool:
        """Whether the server ended the connection."""
        with suppress(ConnectionError):
            try:
                await asyncio.wait_for(self._reader.read(), patient(seconds))
            except TimeoutError:
                return False
        return True

    def cut(self) -> None:
        """End the connection at once, as a pulled cable with a reset does."""
        self._writer.transport.abort()
