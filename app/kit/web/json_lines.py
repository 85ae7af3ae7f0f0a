"""Bodies of JSON lines, of any length: read in pages, of which the next is read while one is worked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Final, TypeVar

from app.kit.errors import TooLarge
from app.kit.json_pieces import MOST_CHARACTERS

T = TypeVar("T")
KINDS: Final = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of one page."""
Line = tuple[int, bytes]
"""Its number in the body, from 1, and what stands on it."""


def is_lines(content_type: str) -> bool:
    """Whether a body of this type is JSON lines."""
    return content_type.partition(";")[0].strip().lower() in KINDS


async def pages_of(chunks: AsyncIterator[bytes], most: int) -> AsyncGenerator[list[Line], None]:
    """The lines of a body that are not blank, at most `most` at a time.

    Raises TooLarge (413) with the number of a line that is longer than a value may be.
    """
    page: list[Line] = []
    size, number, rest = 0, 0, bytearray()

    def take(line: bytes) -> None:
        nonlocal number, size
        number += 1
        if len(line) > MOST_CHARACTERS:
            raise _too_long(number)
        if line := line.strip():
            page.append((number, line))
            size += len(line)

    async for chunk in chunks:
        rest += chunk
        *lines, last = rest.split(b"\n") if b"\n" in chunk else [rest]
        rest = bytearray(last)
        for line in lines:
            take(bytes(line))
            if len(page) >= most or size >= MOST_BYTES:
                yield page
                page, size = [], 0
        if len(rest) > MOST_CHARACTERS:
            raise _too_long(number + 1)
    take(bytes(rest))
    if page:
        yield page


def _too_long(number: int) -> TooLarge:
    return TooLarge(f"Line {number:,} is longer than {MOST_CHARACTERS:,} bytes.", line=number)


async def ahead(pages: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """The same, each made while the one before is worked on."""
    coming = asyncio.ensure_future(anext(pages, None))
    try:
        while (page := await coming) is not None:
            coming = asyncio.ensure_future(anext(pages, None))
            yield page
    finally:
        coming.cancel()
        await asyncio.wait([coming])
        if not coming.cancelled():
            coming.exception()
        await pages.aclose()
