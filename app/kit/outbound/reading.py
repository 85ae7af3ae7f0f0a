"""Reading what another server answers: never more than was agreed, and never so that everything else waits."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

import httpx

from app.kit.json_reading import parse_json

ERROR_BYTES: Final = 1 << 16
ERROR_SECONDS: Final = 10.0
"""So much of the body of a refusal is read, for so long: its status says what matters."""
_PIECE: Final = 1 << 18
_FRAMING: Final = (b"content-encoding", b"content-length", b"transfer-encoding")


class AnswerNotReadable(Exception):
    """An answer that is not what was asked for, and would not be at another try. The message is one sentence."""

    code = "ANSWER_NOT_READABLE"


class AnswerTooLong(AnswerNotReadable):
    """More bytes came, or were announced, than may be read."""


class AnswerPacked(AnswerNotReadable):
    """The server packed its answer in a way that it was not asked for and that is not gzip."""


class AnswerNotJson(AnswerNotReadable):
    """The answer is not JSON, or nested too deeply."""


async def unpacked(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body in pieces; raises AnswerPacked, and httpx.ReadError for what is damaged.

    Gzip, which some servers send unasked, is unpacked 256 KiB at a time, so that a bomb does not unfold at once.
    """
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise AnswerPacked("The server packed its answer in a way it was not asked for.")
    if not encoding.endswith("gzip"):
        async for chunk in response.aiter_raw():
            yield chunk
        return
    gzip = _Gzip()
    try:
        async for chunk in response.aiter_raw():
            for piece in gzip.pieces(chunk):
                yield piece
        gzip.check_complete()
    except zlib.error as error:
        raise httpx.ReadError(f"The packed answer is damaged: {error}.") from error


class _Gzip:
    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=31)
        self._complete = True

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:  # the trailer of gzip stays unconsumed until everything before it is out
            if self._decoder.eof:
                self._decoder = zlib.decompressobj(wbits=31)
            yield self._decoder.decompress(chunk, _PIECE)
            chunk = self._decoder.unconsumed_tail or self._decoder.unused_data
            self._complete = self._decoder.eof

    def check_complete(self) -> None:
        if not self._complete:
            raise zlib.error("it ends early")


async def bounded(response: httpx.Response, most: int) -> AsyncIterator[bytes]:
    """The body in pieces, of at most `most` bytes together once they are unpacked; raises what `unpacked` does.

    AnswerTooLong: more came, or were announced. The piece that is too much is not given out.
    """
    size = int(response.headers.get("Content-Length", 0))
    if size <= most:
        size = 0
        async for piece in unpacked(response):
            size += len(piece)
            if size > most:
                break
            yield piece
    if size > most:
        raise AnswerTooLong(f"The answer is longer than {most:,} bytes.")


async def read_beginning(response: httpx.Response, most: int, seconds: float) -> bytes:
    """The first `most` bytes of a body, or what came of them within `seconds`; whatever goes wrong ends it."""
    taken = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for piece in unpacked(response):
                taken += piece
                if len(taken) >= most:
                    break
    except (AnswerPacked, TimeoutError, httpx.HTTPError, httpx.StreamError):
        pass
    return bytes(taken[:most])


async def exchange(
    client: httpx.AsyncClient,
    method: str,
    url: httpx.URL | str,
    *,
    most: int,
    headers: Mapping[str, str] | None = None,
    **options: Any,
) -> httpx.Response:
    """Send one request, with httpx's `options`, and read its answer: a response whose body is there.

    Raises what httpx raises for the network, and AnswerTooLong and AnswerPacked for the body of an answer that is no
    refusal. Of a refusal (400 and up) the body is only read as far as it comes, up to 64 KiB.
    """
    asked = httpx.Headers(headers)
    asked["Accept-Encoding"] = "identity"
    async with client.stream(method, url, headers=asked, **options) as response:
        if response.is_error:
            content = await read_beginning(response, ERROR_BYTES, ERROR_SECONDS)
        else:
            content = b"".join([piece async for piece in bounded(response, most)])
        kept = [(name, value) for name, value in response.headers.raw if name.lower() not in _FRAMING]
        return httpx.Response(response.status_code, headers=kept, content=content, request=response.request)


async def read_json(response: httpx.Response) -> Any:
    """The JSON of an answer that `exchange` has read, None when it is empty; raises AnswerNotJson."""
    if not response.content:
        return None
    try:
        return await parse_json(response.content)
    except ValueError:
        raise AnswerNotJson("The answer is not JSON.") from None
