"""Fetches a URL into the spool: size-limited, and only from addresses that may be reached."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx

from app.files.names import display_name, guess_media_type
from app.files.spool import SpoolWriter
from app.files.storage import Spooled, Storage
from app.kit.outbound.client import download


@asynccontextmanager
async def fetch(
    client: httpx.AsyncClient, url: str, storage: Storage, max_bytes: int, media_types: Sequence[str] = ()
) -> AsyncIterator[tuple[str, str, Spooled]]:
    """Name, media type and spooled content of what the URL serves; removed after the block unless storage took it.

    Raises DownloadFailed with a stable code.
    """
    writer = await asyncio.to_thread(lambda: SpoolWriter(storage, max_bytes=max_bytes))

    async def sink(piece: bytes) -> None:
        await asyncio.to_thread(writer.write, piece)

    try:
        found = await download(client, url, sink, max_bytes=max_bytes, media_types=media_types)
        name = display_name(found.filename)
        yield name, guess_media_type(name, found.media_type), await asyncio.to_thread(writer.close)
    finally:
        await asyncio.to_thread(writer.discard)
