"""Files of awkward kinds, byte by byte, and how they are read."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path
from typing import Any

from PIL import Image, TiffImagePlugin

from app.assets.pictures.colours import picture
from app.assets.pictures.opening import Opened, opened

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAX1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAACJpbG9jAA"
    "AAAERAAAEAAQAAAAABoQABAAAAAAAAAR4AAAAjaWluZgAAAAAAAQAAABVpbmZlAgAAAAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA/WlwcnAA"
    "AADdaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkA"
    "AAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAAAwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAA"
    "AAAoY2xhcAAAAEAAAAABAAAAMAAAAAEAAAAAAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAABhpcG1hAAAAAAAAAAEAAQWBAgMFhAAAAS"
    "ZtZGF0AAABGigBrwY4Wve238kgf//1Ox6H9Jf6J0VvxpWNqr3sZX35ag//4QYj3jJp/3eInxD2eUqoV3/d4ifEPZ5X/zRvX0b8QYVxW/3n77TZ"
    "n+OTfXQD41hemlyCCYuAG9YfkP1z+04//1Uj/+WB8L8kls536i5kTlhHrry8QH08/j+bv4+LebELz9r0XJ91UmTKFJNzZyIz3Es0LpUhpmWcwY"
    "+bXr7UJjYDfcyL0YDf9ZJag7MSu6mVplVtS4jQUQqu73xttHtutmAmlL1gK7xb5+dbPuq8m+LMyFwTg0tgF2Mnx95EJ5oV6r2z/s23KKWjhqim"
    "r03V+LjRKTdeDTFKs8tyLZM5Fd8n8H+H+F7P/5Kzb+X/K/H9/Bv/8JEEDg=="
)
"""64 x 48 in four colours: red, green, blue, white."""
Pixel = tuple[int, ...]


def see(path: Path, content: bytes, longest: int = 1600) -> tuple[Image.Image, Opened]:
    path.write_bytes(content)
    with opened(str(path), path.name) as source:
        return picture(source, longest), source


def codes(source: Opened) -> list[str]:
    return [note["code"] for note in source.notes]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(depth: int, colour: int, rows: list[bytes], width: int, *extra: bytes) -> bytes:
    """A PNG of raw rows, with chunks before its data."""
    head = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join((b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), *extra, chunk(b"IDAT", data), chunk(b"IEND", b"")))


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def chromaticities(*values: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values)))


def tiff(width: int, height: int, bits: int, data: bytes, *extra: tuple[int, int, int], at: int = 8) -> bytes:
    """A grey TIFF of raw samples with further entries (tag, type, value)."""
    entries = {
        256: (4, width),
        257: (4, height),
        258: (3, bits),
        259: (3, 1),
        262: (3, 1),
        277: (3, 1),
        279: (4, len(data)),
    }
    entries |= {tag: (kind, value) for tag, kind, value in extra}
    entries[273] = (4, 8 + 2 + 12 * (len(entries) + 1) + 4)
    body = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in sorted(entries.items()))
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + body + bytes(4) + data


def floats(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def pages(*images: Image.Image, **tags: Any) -> bytes:
    """TIFF pages; the first is a thumbnail if `small` is set."""
    first = TiffImagePlugin.ImageFileDirectory_v2()
    if tags.get("small"):
        first[254] = 1
    target = io.BytesIO()
    images[0].save(target, "TIFF", save_all=True, append_images=images[1:], tiffinfo=first)
    return target.getvalue()


def raw(preview: bytes, light: tuple[int, int], **more: int) -> bytes:
    """A TIFF with a thumbnail, and below it the light of a sensor and a JPEG."""
    small = bytes(8 * 6 * 3)
    below = 8 + 2 + 12 * 10 + 4 + 8
    inner_size = 2 + 12 * 5 + 4
    data = below + 2 * inner_size
    jpeg_at = data + len(small)

    def directory(*entries: tuple[int, int, int, int]) -> bytes:
        packed = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
        return struct.pack("<H", len(entries)) + packed + bytes(4)

    orientation = more.get("orientation", 1)
    first = directory(
        *((254, 4, 1, 1), (256, 4, 1, 8), (257, 4, 1, 6), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 2)),
        *((273, 4, 1, data), (274, 3, 1, orientation), (277, 3, 1, 3), (330, 4, 2, below - 8)),
    )
    sensor = directory(
        (254, 4, 1, 0), (256, 4, 1, light[0]), (257, 4, 1, light[1]), (259, 3, 1, 34713), (262, 3, 1, 32803)
    )
    shown = directory((254, 4, 1, 1), (256, 4, 1, 1), (259, 3, 1, 6), (513, 4, 1, jpeg_at), (514, 4, 1, len(preview)))
    places = struct.pack("<II", below, below + inner_size)
    return struct.pack("<2sHI", b"II", 42, 8) + first + places + sensor + shown + small + preview


def grain(size: tuple[int, int] = (400, 300)) -> Image.Image:
    coarse = Image.frombytes("RGB", (80, 60), bytes((place * 7919 >> 3) % 256 for place in range(80 * 60 * 3)))
    sheet = Image.new("RGB", size, (255, 255, 255))
    sheet.paste(coarse.resize((size[0] // 2, size[1] // 2), Image.Resampling.BICUBIC), (size[0] // 4, size[1] // 4))
    return sheet
