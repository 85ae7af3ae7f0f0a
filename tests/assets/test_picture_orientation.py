"""Every way a picture can lie in its file, against its pixels: modes, layouts and all eight orientations."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from app.assets.pictures.colours import picture
from app.assets.pictures.opening import opened

SIZE = (60, 40)
CORNERS = {(5, 5): (200, 30, 30), (54, 5): (30, 160, 40), (5, 34): (30, 40, 200), (54, 34): (230, 230, 230)}
"""Red, green, blue and white, clockwise from the upper left but for the order of the last two."""
BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How the rows lie in a file of each orientation."""
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I;16", "I", "F", "RGB+ICC")
LAYOUTS: dict[str, dict[str, Any]] = {
    "raw": {},
    "strips": {"tiffinfo": {278: 7}},
    "lzw": {"compression": "tiff_lzw"},
    "deflate": {"compression": "tiff_adobe_deflate"},
    "packbits": {"compression": "packbits"},
    "jpeg": {"compression": "jpeg"},
    "g4": {"compression": "group4"},
}


def corners() -> Image.Image:
    image = Image.new("RGB", SIZE)
    for (x, y), colour in CORNERS.items():
        image.paste(colour, (x // 30 * 30, y // 20 * 20, x // 30 * 30 + 30, y // 20 * 20 + 20))
    return image


def of_mode(mode: str) -> Image.Image:
    plain = corners()
    if mode == "I;16":
        return plain.convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    if mode == "I":
        return plain.convert("L").convert("I").point(lambda value: value * 100_000)
    if mode == "F":
        return plain.convert("L").convert("F").point(lambda value: value * (1 / 255))
    if mode == "LAB":
        made = ImageCms.profileToProfile(
            plain, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
        assert made is not None
        return made
    if mode == "P":
        return plain.quantize(8)
    if mode == "1":
        return plain.convert("L").point(lambda value: 255 if value > 100 else 0).convert("1")
    return plain.convert(mode.partition("+")[0])


def lain(image: Image.Image, orientation: int) -> Image.Image:
    turn = BACK[orientation]
    return image if turn is None else image.transpose(turn)


def tiled(image: Image.Image, orientation: int) -> bytes:
    """A grey or coloured TIFF in tiles of 16 x 16, which Pillow cannot write."""
    samples = len(image.getbands())
    wide, high = image.size
    tiles = []
    for top in range(0, high, 16):
        for left in range(0, wide, 16):
            tiles.append(image.crop((left, top, left + 16, top + 16)).tobytes())
    count = len(tiles)
    entries: list[tuple[int, int, int, int]] = [(256, 4, 1, wide), (257, 4, 1, high), (259, 3, 1, 1)]
    entries += [(262, 3, 1, 2 if samples > 1 else 1), (274, 3, 1, orientation), (277, 3, 1, samples)]
    entries += [(322, 4, 1, 16), (323, 4, 1, 16)]
    after = 8 + 2 + 12 * (len(entries) + 3) + 4
    entries += [(258, 3, samples, after if samples > 2 else 8 if samples == 1 else 8 | 8 << 16)]
    entries += [(324, 4, count, after + 8), (325, 4, count, after + 8 + 4 * count)]
    data = after + 8 + 8 * count
    offsets = [data + sum(map(len, tiles[:place])) for place in range(count)]
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    head += b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries)) + bytes(4)
    return (
        head
        + struct.pack("<4H", 8, 8, 8, 8)
        + struct.pack(f"<{count}I{count}I", *offsets, *map(len, tiles))
        + b"".join(tiles)
    )


def tiffs() -> Iterator[Any]:
    for mode in MODES:
        for layout in LAYOUTS:
            if (layout == "g4") != (mode == "1") and layout in ("g4", "jpeg"):
                continue
            if layout == "jpeg" and mode not in ("L", "RGB", "YCbCr", "CMYK", "RGB+ICC"):
                continue
            yield pytest.param(mode, layout, id=f"{mode}-{layout}")
    for mode in ("L", "RGB", "RGBA"):
        yield pytest.param(mode, "tiles", id=f"{mode}-tiles")


def look(path: Path, content: bytes) -> Image.Image:
    path.write_bytes(content)
    with opened(str(path), path.name) as source:
        return picture(source, 1600)


def is_upright(seen: Image.Image, mode: str, near: int = 12) -> None:
    assert seen.size == SIZE
    wanted = {"1": of_mode("1").convert("RGB")}.get(mode, corners())
    if mode in ("L", "LA", "I;16", "F"):
        wanted = corners().convert("L").convert("RGB")
    if mode == "I":  # from the smallest to the largest value
        low, high = corners().convert("L").getextrema()
        wanted = corners().convert("L").point(lambda value: (value - low) * 255 / (high - low)).convert("RGB")  # type: ignore[operator]
    shown = seen.convert("RGB")
    for place in CORNERS:
        got, want = shown.getpixel(place), wanted.getpixel(place)
        assert all(abs(a - b) <= near for a, b in zip(got, want, strict=True)), (place, got, want)  # type: ignore[arg-type]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("mode", "layout"), [*tiffs()])
def test_tiff(tmp_path: Path, mode: str, layout: str, orientation: int) -> None:
    image = lain(of_mode(mode), orientation)
    if layout == "tiles":
        content = tiled(image, orientation)
    else:
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[274] = orientation
        for tag, value in LAYOUTS[layout].get("tiffinfo", {}).items():
            info[tag] = value
        options = {key: value for key, value in LAYOUTS[layout].items() if key != "tiffinfo"}
        if "ICC" in mode:
            options["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        target = io.BytesIO()
        image.save(target, "TIFF", tiffinfo=info, **options)
        content = target.getvalue()
    is_upright(look(tmp_path / "a.tif", content), mode, 40 if layout == "jpeg" or mode == "CMYK" else 12)


def png_with_exif(image: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    target = io.BytesIO()
    image.save(target, "PNG", exif=exif)
    return target.getvalue()


def with_exif(kind: str, **options: Any) -> Callable[[Image.Image, int], bytes]:
    def write(image: Image.Image, orientation: int) -> bytes:
        exif = Image.Exif()
        exif[274] = orientation
        target = io.BytesIO()
        image.save(target, kind, exif=exif, **options)
        return target.getvalue()

    return write


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *[("JPEG", mode) for mode in ("L", "RGB", "CMYK")],
        *[("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")],
        *[("WEBP", mode) for mode in ("RGB", "RGBA")],
        ("AVIF", "RGB"),
    ],
)
def test_others(tmp_path: Path, kind: str, mode: str, orientation: int) -> None:
    content = with_exif(kind, **({} if kind == "PNG" else {"quality": 95}))(
        lain(of_mode(mode), orientation), orientation
    )
    is_upright(look(tmp_path / f"a.{kind.lower()}", content), mode, 12 if kind == "PNG" else 40)


def tiff_of(*entries: tuple[int, int, int, int]) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + body + bytes(4)


BROKEN_EXIF = {
    "junk": (b"junk", 1),
    "no byte order": (b"no byte order at all", 1),
    "only a mark": (b"Exif\0\0", 1),
    "marked twice": (b"Exif\0\0Exif\0\0" + tiff_of((274, 3, 1, 6)), 6),
    "a long": (tiff_of((274, 4, 1, 6)), 6),
    "not possible": (tiff_of((274, 3, 1, 9)), 1),
    "nought": (tiff_of((274, 3, 1, 0)), 1),
    "cut behind it": (tiff_of((274, 3, 1, 8), (306, 2, 20, 4000))[:26], 8),
    "place outside": (struct.pack("<2sHI", b"II", 42, 2**31), 1),
    "unknown type": (tiff_of((271, 99, 1, 0), (274, 3, 1, 3)), 3),
    "a ring": (tiff_of((274, 3, 1, 6))[:-4] + struct.pack("<I", 8), 6),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("case", BROKEN_EXIF)
def test_broken_exif_refuses_nothing(tmp_path: Path, kind: str, case: str) -> None:
    exif, orientation = BROKEN_EXIF[case]
    target = io.BytesIO()
    lain(corners(), orientation).save(target, kind, **({} if kind == "PNG" else {"quality": 95}))
    is_upright(look(tmp_path / "a", added(kind, target.getvalue(), exif)), "RGB", 40)


def added(kind: str, content: bytes, exif: bytes) -> bytes:
    """The picture with these bytes where EXIF belongs."""
    if kind == "JPEG":
        marked = exif if exif.startswith(b"Exif\0\0") else b"Exif\0\0" + exif
        return content[:2] + b"\xff\xe1" + struct.pack(">H", len(marked) + 2) + marked + content[2:]
    if kind == "PNG":
        chunk = struct.pack(">I", len(exif)) + b"eXIf" + exif + struct.pack(">I", zlib.crc32(b"eXIf" + exif))
        return content[:33] + chunk + content[33:]
    width, height = Image.open(io.BytesIO(content)).size
    extended = b"VP8X" + struct.pack("<I", 10) + b"\x08\0\0\0" + (width - 1).to_bytes(3, "little")
    extended += (height - 1).to_bytes(3, "little")
    body = b"WEBP" + extended + content[12:] + b"EXIF" + struct.pack("<I", len(exif)) + exif + b"\0" * (len(exif) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body
