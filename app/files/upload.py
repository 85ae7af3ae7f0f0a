"""Takes request bodies with files in: multipart or raw, straight to the spool, in a thread, in constant memory."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from fastapi import Request
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header
from starlette.requests import ClientDisconnect

from app.files.errors import DiskNearlyFull, FileTooLarge, MultipartNotReadable, TooManyFiles, UploadTooLarge
from app.files.metrics import refusals_counted
from app.files.names import display_name, guess_media_type
from app.files.spool import SpoolWriter
from app.files.storage import Spooled, Storage
from app.kit.declarations import raises
from app.kit.errors import BadRequest, InsufficientStorage
from app.kit.schemas import check_text
from app.kit.turns import NOBODY, Party, Turns
from app.limits.errors import StorageQuotaExceeded
from app.limits.quotas import StorageRoom

GATHER = 512 * 1024
"""Bytes handed to the thread at a time: small enough to overlap with receiving, large enough to pay for the hop."""
PIECES_AT_A_TIME: Final = max(2, os.cpu_count() or 2)
STORES_AT_A_TIME: Final = 4
"""Pieces of uploads that are written at once, of a few milliseconds each, and bodies that wait for the disk at once: by
turns between organisations, and less than asyncio has threads, so that other work finds one."""
MAX_FIELDS, MAX_FIELD_BYTES, MAX_HEADER_BYTES = 20_000, 1024 * 1024, 16 * 1024
MAX_TEXT_BYTES = 32 * 1024 * 1024
"""Text fields stay in memory: all of one form together, enough for 10,000 long URLs."""

_PLAIN_DISPOSITION: Final = re.compile(rb'form-data; name="([^"\\]*)"(?:; filename="([^"\\]*)")?')
"""What nearly every client sends, read at a glance: the full rules took a tenth of what a small file costs."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the body: the field it came in, its display name and type, and its spooled content."""

    field: str
    name: str
    media_type: str
    content: Spooled


@dataclass(slots=True)
class Form:
    """What a multipart body held: text fields in order, and files in order."""

    fields: list[tuple[str, str]] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Largest body and file in bytes, and most files; in whose turn bodies are taken in, and then made durable; what
    the organisation may still store, if there is a limit."""

    body: int
    file: int
    files: int
    turns: Turns = field(default_factory=partial(Turns, PIECES_AT_A_TIME))
    stores: Turns = field(default_factory=partial(Turns, STORES_AT_A_TIME))
    party: Party = NOBODY
    room: StorageRoom | None = None


class _MultipartReceiver:
    """Feeds `python_multipart` and turns its callbacks into spooled files. Blocking: used in a thread."""

    def __init__(self, storage: Storage, boundary: bytes, limits: UploadLimits) -> None:
        self.form, self._storage, self._limits = Form(), storage, limits
        self._headers: dict[str, bytes] = {}
        self._header_name, self._header_value = bytearray(), bytearray()
        self._writer: SpoolWriter | None = None
        self._text, self._text_bytes = bytearray(), 0
        self._options: dict[bytes, bytes] = {}
        self._count = _counter(limits.room)
        names = (
            "part_begin",
            "part_data",
            "part_end",
            "header_field",
            "header_value",
            "header_end",
            "headers_finished",
        )
        callbacks: Any = {f"on_{name}": getattr(self, f"_on_{name}") for name in names}
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, data: bytes) -> None:
        self._parser.write(data)

    def finish(self) -> Form:
        """The form; raises MultipartNotReadable when the final boundary never came."""
        if self._parser.state != MultipartState.END:
            raise MultipartNotReadable("The body ends before its final boundary. Nothing was stored.")
        return self.form

    def discard(self) -> None:
        """Remove every spooled file."""
        if self._writer:
            self._writer.discard()
            self._writer = None
        for part in self.form.files:
            with suppress(FileNotFoundError):  # most were taken by storage
                os.unlink(part.content.path)

    def _on_part_begin(self) -> None:
        self._headers, self._text = {}, bytearray()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]
        if len(self._header_value) > MAX_HEADER_BYTES:
            raise MultipartNotReadable("A part's header is too long.")

    def _on_header_end(self) -> None:
        self._headers[self._header_name.decode("latin-1").lower()] = bytes(self._header_value)
        self._header_name, self._header_value = bytearray(), bytearray()

    def _on_headers_finished(self) -> None:
        self._options = _disposition_of(self._headers.get("content-disposition", b""))
        if b"name" not in self._options:
            raise MultipartNotReadable("A part has no name.")
        if b"filename" not in self._options:
            if len(self.form.fields) >= MAX_FIELDS:
                raise MultipartNotReadable(f"The form has more than {MAX_FIELDS:,} fields.")
            return
        if len(self.form.files) >= self._limits.files:
            raise TooManyFiles(f"One request may hold {self._limits.files:,} files. Nothing was stored.")
        name = display_name(_decode(self._options[b"filename"]))
        self._writer = SpoolWriter(self._storage, max_bytes=self._limits.file, name=name)

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._writer:
            self._count(end - start)
            self._writer.write(data[start:end])
            return
        self._text += data[start:end]
        self._text_bytes += end - start
        if len(self._text) > MAX_FIELD_BYTES:
            raise UploadTooLarge(f"A text field is larger than {MAX_FIELD_BYTES:,} bytes.")
        if self._text_bytes > MAX_TEXT_BYTES:
            raise UploadTooLarge(f"The text fields are larger than {MAX_TEXT_BYTES:,} bytes together.")

    def _on_part_end(self) -> None:
        field_name = _decode(self._options[b"name"])
        if self._writer is None:
            self.form.fields.append((field_name, _decode(bytes(self._text))))
            return
        content, self._writer = self._writer.close(), None
        sent_name = _decode(self._options[b"filename"])
        if not sent_name and not content.size:  # a browser sends this for a file input left empty
            content.path.unlink(missing_ok=True)
            return
        name = display_name(sent_name)
        declared = self._headers.get("content-type", b"").decode("latin-1")
        self.form.files.append(Part(field_name, name, guess_media_type(name, declared), content))


def _disposition_of(header: bytes) -> dict[bytes, bytes]:
    """The parameters of a part's Content-Disposition."""
    if plain := _PLAIN_DISPOSITION.fullmatch(header):
        name, filename = plain.groups()
        return {b"name": name} if filename is None else {b"name": name, b"filename": filename}
    return parse_options_header(header)[1]


def _decode(raw: bytes) -> str:
    try:
        return check_text(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError):
        raise MultipartNotReadable("Field names, file names and text fields must be UTF-8 without U+0000.") from None


async def _pump(request: Request, feed: Callable[[bytes], None], limits: UploadLimits) -> None:
    """Hand the body to `feed` in a thread, one piece being worked on while the next is received."""
    gathered, received = bytearray(), 0
    working: asyncio.Future[None] | None = None

    async def in_turn(piece: bytes) -> None:
        async with limits.turns.slot(limits.party):
            await asyncio.to_thread(feed, piece)

    try:
        async for chunk in request.stream():
            received += len(chunk)
            if received > limits.body:
                raise UploadTooLarge(f"The body is larger than {limits.body:,} bytes. Nothing was stored.")
            gathered += chunk
            if len(gathered) >= GATHER:
                if working:
                    await working
                working = asyncio.ensure_future(in_turn(bytes(gathered)))
                gathered.clear()
        if working:
            await working
        working = None
        await in_turn(bytes(gathered))
    finally:
        if working:  # the thread still writes: let it end before its files are removed
            await asyncio.wait([working])
            if not working.cancelled():
                working.exception()


def _counter(room: StorageRoom | None) -> Callable[[int], None]:
    """Counts bytes of files before they are spooled; raises StorageQuotaExceeded at the first that is too many."""
    seen = 0

    def count(size: int) -> None:
        nonlocal seen
        seen += size
        if room and seen > room.left:
            raise room.refusal

    return count


def _check_before_reading(request: Request, storage: Storage, limits: UploadLimits, *, texts: int = 0) -> None:
    """`texts`: so many bytes of the body may be something else than files."""
    declared = request.headers.get("content-length", "0")
    size = int(declared) if declared.isdigit() else 0
    if size > limits.body:
        raise UploadTooLarge(f"The body is larger than {limits.body:,} bytes. Nothing was stored.")
    if limits.room and size - texts > limits.room.left:
        raise limits.room.refusal
    storage.check_space(size)


@raises(
    *(MultipartNotReadable, UploadTooLarge, TooManyFiles, FileTooLarge),
    *(DiskNearlyFull, StorageQuotaExceeded, InsufficientStorage),
)
@refusals_counted
@asynccontextmanager
async def receive_form(request: Request, storage: Storage, limits: UploadLimits) -> AsyncIterator[Form]:
    """The multipart body of a request. Spooled files that the block did not hand to storage are removed after it."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
        raise MultipartNotReadable("Send multipart/form-data with a boundary.")
    _check_before_reading(request, storage, limits, texts=MAX_TEXT_BYTES)
    receiver = _MultipartReceiver(storage, boundary, limits)
    try:
        try:
            await _pump(request, receiver.feed, limits)
            form = receiver.finish()
        except MultipartParseError:
            raise MultipartNotReadable("The body is not well-formed multipart/form-data.") from None
        except ClientDisconnect:
            raise MultipartNotReadable("The connection was cut before the body ended.") from None
        yield form
    finally:
        await asyncio.to_thread(receiver.discard)


@raises(BadRequest, UploadTooLarge, FileTooLarge, DiskNearlyFull, StorageQuotaExceeded, InsufficientStorage)
@refusals_counted
@asynccontextmanager
async def receive_raw(request: Request, storage: Storage, limits: UploadLimits) -> AsyncIterator[Spooled]:
    """The raw body of a request, spooled; removed after the block unless it was handed to storage."""
    _check_before_reading(request, storage, limits)
    writer = await asyncio.to_thread(lambda: SpoolWriter(storage, max_bytes=limits.file))
    count = _counter(limits.room)

    def take(data: bytes) -> None:
        count(len(data))
        writer.write(data)

    try:
        try:
            await _pump(request, take, limits)
        except ClientDisconnect:
            raise BadRequest("The connection was cut before the body ended.") from None
        yield await asyncio.to_thread(writer.close)
    finally:
        await asyncio.to_thread(writer.discard)
