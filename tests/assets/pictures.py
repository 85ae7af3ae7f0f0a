"""Images that the tests draw: every format and kind that comes in, and the broken ones."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

from PIL import Image, ImageCms

SIZE = (600, 400)
RED, BLUE = (200, 30, 30), (30, 30, 200)


def drawing(size: tuple[int, int] = SIZE, mode: str = "RGB") -> Image.Image:
    """Red above, blue below."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (0, size[1] // 2, size[0], size[1]))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


def sixteen_bits() -> bytes:
    """A grey PNG of 16 bits: dark above, light below."""
    half = SIZE[0] * SIZE[1] // 2
    image = Image.frombytes("I;16", SIZE, struct.pack("<H", 6000) * half + struct.pack("<H", 60000) * half)
    return encoded(image, "PNG")


def sideways() -> bytes:
    """A JPEG that a camera took on its side: to be turned, with a place in its metadata that must not stay."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of a person"
    return encoded(drawing(), "JPEG", exif=exif)


def swapped_profile() -> bytes:
    """A PNG in Lab-like colours of a profile of its own: sRGB, made by littlecms, carried along."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return encoded(drawing(), "PNG", icc_profile=profile)


def animated() -> bytes:
    first, second = drawing(), drawing().rotate(180)
    return encoded(first, "GIF", save_all=True, append_images=[second], duration=80)


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of 900 million pixels in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(1 + width // 8)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
