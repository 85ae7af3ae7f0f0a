"""One drawn file of each kind that is awkward: its pixels, or its code."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from app.assets.errors import ImageRefused
from app.assets.pictures.colours import picture
from app.assets.pictures.opening import Opened, opened
from tests.assets.pictures import drawing, encoded

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


def lab() -> bytes:
    made = ImageCms.profileToProfile(
        drawing(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert made is not None
    return encoded(made, "TIFF")


def palette_with_alpha() -> bytes:
    image = Image.new("P", (2, 1))
    image.putpalette([200, 30, 30, 30, 40, 200])
    image.putpixel((1, 0), 1)
    return encoded(image, "PNG", transparency=b"\xff\x40")


SAMPLES: dict[str, tuple[Callable[[], bytes], list[Pixel], list[str]]] = {
    # What it is, its pixels from the left, its notes.
    "fractions.tif": (
        lambda: tiff(3, 1, 32, floats(0, 0.5, 1), (339, 3, 3)),
        [(0,), (128,), (255,)],
        ["SAMPLES_SCALED"],
    ),
    "few fractions.tif": (lambda: tiff(2, 1, 32, floats(0.2, 0.4), (339, 3, 3)), [(51,), (102,)], ["SAMPLES_SCALED"]),
    "not numbers.tif": (
        lambda: tiff(4, 1, 32, floats(float("nan"), 100, float("inf"), 200), (339, 3, 3)),
        [(0,), (0,), (0,), (255,)],
        ["SAMPLES_SCALED", "SAMPLES_WITHOUT_VALUE"],
    ),
    "white is nought.tif": (
        lambda: tiff(3, 1, 32, floats(0, 0.5, 1), (339, 3, 3), (262, 3, 0)),
        [(255,), (128,), (0,)],
        ["SAMPLES_SCALED"],
    ),
    "whole.tif": (lambda: tiff(3, 1, 32, struct.pack("<3I", 5, 10, 15)), [(0,), (128,), (255,)], ["SAMPLES_SCALED"]),
    "large.tif": (
        lambda: tiff(3, 1, 32, struct.pack("<3I", 0, 2**31, 2**32 - 1)),
        [(0,), (128,), (255,)],
        ["SAMPLES_SCALED"],
    ),
    "signed.tif": (
        lambda: tiff(3, 1, 32, struct.pack("<3i", -10, 0, 10), (339, 3, 2)),
        [(0,), (128,), (255,)],
        ["SAMPLES_SCALED"],
    ),
    "sixteen.tif": (lambda: tiff(3, 1, 16, struct.pack("<3H", 0, 32896, 65535)), [(0,), (128,), (255,)], []),
    "sixteen inverted.tif": (
        lambda: tiff(3, 1, 16, struct.pack("<3H", 0, 32896, 65535), (262, 3, 0)),
        [(255,), (127,), (0,)],
        [],
    ),
    "sixteen.png": (lambda: png(16, 0, [struct.pack(">3H", 0, 32896, 65535)], 3), [(0,), (128,), (255,)], []),
    "sixteen grey tRNS.png": (
        lambda: png(16, 0, [struct.pack(">3H", 0x1234, 0x1235, 65535)], 3, chunk(b"tRNS", b"\x12\x34")),
        [(18, 18, 18, 0), (18, 18, 18, 255), (255, 255, 255, 255)],
        [],
    ),
    "sixteen colour tRNS.png": (
        lambda: png(
            16,
            2,
            [struct.pack(">9H", 0x1234, 0x5678, 0x9ABC, 0x1234, 0x5678, 0x9ABD, 0x1234, 0x5678, 0x9ABC)],
            3,
            chunk(b"tRNS", bytes.fromhex("123456789abc")),
        ),
        [(0x12, 0x56, 0x9A, 0), (0x12, 0x56, 0x9A, 255), (0x12, 0x56, 0x9A, 0)],
        [],
    ),
    "two bits tRNS.png": (
        lambda: png(2, 0, [bytes([0b00011011])], 4, chunk(b"tRNS", b"\0\x01")),
        [(0, 0, 0, 255), (85, 85, 85, 0), (170, 170, 170, 255), (255, 255, 255, 255)],
        [],
    ),
    "one bit tRNS.png": (
        lambda: png(1, 0, [bytes([0b01000000])], 2, chunk(b"tRNS", b"\0\x01")),
        [(0, 0, 0, 255), (255, 255, 255, 0)],
        [],
    ),
    "palette.png": (palette_with_alpha, [(200, 30, 30, 255), (30, 40, 200, 64)], []),
    "linear.png": (lambda: png(8, 2, [bytes([0, 55, 255])], 1, gamma(100_000)), [(0, 128, 255)], []),
    "linear grey.png": (lambda: png(8, 0, [bytes([0, 55, 255])], 3, gamma(100_000)), [(0,), (128,), (255,)], []),
    "usual gamma.png": (lambda: png(8, 2, [bytes([0, 55, 255])], 1, gamma(45_455)), [(0, 55, 255)], []),
    "gamma and sRGB.png": (
        lambda: png(8, 2, [bytes([0, 55, 255])], 1, chunk(b"sRGB", b"\0"), gamma(100_000)),
        [(0, 55, 255)],
        [],
    ),
    "no gamma.png": (lambda: png(8, 2, [bytes([0, 55, 255])], 1, gamma(0)), [(0, 55, 255)], ["PROFILE_NOT_USED"]),
    "wide.png": (
        lambda: png(
            8,
            2,
            [bytes([200, 100, 100])],
            1,
            gamma(45_455),
            chromaticities(0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
        ),
        [(215, 94, 98)],
        [],
    ),
    "no colours.png": (
        lambda: png(8, 2, [bytes([200, 100, 100])], 1, gamma(45_455), chromaticities(*(0.0,) * 8)),
        [(200, 100, 100)],
        ["PROFILE_NOT_USED"],
    ),
    "broken profile.png": (
        lambda: encoded(Image.new("RGB", (1, 1), (9, 99, 199)), "PNG", icc_profile=b"no profile" * 20),
        [(9, 99, 199)],
        ["PROFILE_NOT_USED"],
    ),
    "bits.png": (lambda: png(1, 0, [bytes([0b01000000])], 2), [(0,), (255,)], []),
    "map.bmp": (lambda: encoded(Image.new("RGB", (2, 2), (9, 99, 199)), "BMP"), [(9, 99, 199)], []),
    "icon.ico": (lambda: encoded(Image.new("RGBA", (16, 16), (9, 99, 199, 255)), "ICO"), [(9, 99, 199)], []),
    "targa.tga": (lambda: encoded(Image.new("RGB", (2, 2), (9, 99, 199)), "TGA"), [(9, 99, 199)], []),
    "wave.jp2": (lambda: encoded(Image.new("RGB", (9, 9), (9, 99, 199)), "JPEG2000"), [(9, 99, 199)], []),
    "still.avif": (lambda: encoded(Image.new("RGB", (32, 32), (200, 30, 30)), "AVIF"), [(200, 30, 30)], []),
    "phone.heic": (lambda: HEIC, [(200, 30, 30)], []),
    "IMG_1234.jpeg": (lambda: HEIC, [(200, 30, 30)], ["NAME_SAYS_OTHERWISE"]),
    "lab.tif": (lab, [(200, 30, 30)], []),
    "inks.jpg": (
        lambda: encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95),
        [(255, 0, 0)],
        ["COLOURS_ASSUMED"],
    ),
    "drawn.svg": (
        lambda: (
            b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10">'
            b'<rect width="20" height="10" fill="#0963c7"/></svg>'
        ),
        [(9, 99, 199)],
        [],
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_what_they_mean(tmp_path: Path, name: str) -> None:
    make, wanted, notes = SAMPLES[name]
    seen, source = see(tmp_path / name, make())
    assert codes(source) == notes
    near = 6 if name.endswith((".jpg", ".avif", ".heic", ".jpeg")) else 2
    for x, pixel in enumerate(wanted):
        got: Any = seen.getpixel((x, 0))
        want = pixel * 3 if len(pixel) == 1 else pixel
        assert len(got) == (4 if seen.mode == "RGBA" else 3)
        assert all(abs(a - b) <= near for a, b in zip(got[: len(want)], want, strict=True)), (x, got, want)


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


def test_the_picture_is_taken_and_not_its_thumbnail(tmp_path: Path) -> None:
    seen, source = see(tmp_path / "a.tif", pages(drawing((10, 7)), drawing((60, 40)), small=True))
    assert (seen.size, codes(source)) == ((60, 40), ["PAGE_CHOSEN"])
    seen, source = see(tmp_path / "b.tif", pages(drawing((60, 40)), drawing((90, 70))))
    assert (seen.size, codes(source), source.frames) == ((60, 40), ["PAGE_CHOSEN"], 2)
    large = encoded(drawing((1500, 1000)), "JPEG")
    for name in ("DSC_0001.NEF", "shot.dng", "no suffix"):
        seen, source = see(tmp_path / name, raw(large, (6000, 4000)))
        assert (seen.size, codes(source)) == ((1500, 1000), ["EMBEDDED_PREVIEW"])
    seen, _ = see(tmp_path / "turned.arw", raw(large, (6000, 4000), orientation=6))
    assert seen.size == (1000, 1500)
    with pytest.raises(ImageRefused, match="RAW_WITHOUT_PREVIEW"):
        see(tmp_path / "small.nef", raw(encoded(drawing((160, 120)), "JPEG"), (6000, 4000)))
    seen, _ = see(tmp_path / "fuji.raf", b"FUJIFILMCCD-RAW 0201" + bytes(100) + large + bytes(500))
    assert seen.size == (1500, 1000)


def test_a_photoshop_file_gives_its_merged_picture(tmp_path: Path) -> None:
    def psd(channels: int, layers: int, merged: int) -> bytes:
        resource = b"8BIM" + struct.pack(">HHI", 1057, 0, 6) + struct.pack(">IBx", 1, merged)
        section = struct.pack(">IIh2x", 8, 4, layers)
        planes = b"".join(bytes([value]) * 4 for value in (9, 99, 199, 40)[:channels])
        head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, 2, 2, 8, 3)
        return head + bytes(4) + struct.pack(">I", len(resource)) + resource + section + b"\0\0" + planes

    assert see(tmp_path / "a.psd", psd(3, 1, 1))[0].getpixel((0, 0)) == (9, 99, 199)
    assert see(tmp_path / "b.psd", psd(4, 1, 1))[0].getpixel((0, 0)) == (9, 99, 199)
    assert see(tmp_path / "c.psd", psd(4, -1, 1))[0].mode == "RGBA"
    with pytest.raises(ImageRefused, match="Maximize Compatibility"):
        see(tmp_path / "d.psd", psd(3, 1, 0))


JPEGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 7},
    "full colour": {"subsampling": 0},
}


def grain(size: tuple[int, int] = (400, 300)) -> Image.Image:
    coarse = Image.frombytes("RGB", (80, 60), bytes((place * 7919 >> 3) % 256 for place in range(80 * 60 * 3)))
    sheet = Image.new("RGB", size, (255, 255, 255))
    sheet.paste(coarse.resize((size[0] // 2, size[1] // 2), Image.Resampling.BICUBIC), (size[0] // 4, size[1] // 4))
    return sheet


@pytest.mark.parametrize("layout", JPEGS)
@pytest.mark.parametrize("longest", [1600, 60])
def test_a_jpeg_is_whole_or_refused(tmp_path: Path, layout: str, longest: int) -> None:
    path, whole = tmp_path / "a.jpg", encoded(grain(), "JPEG", **JPEGS[layout])
    start = whole.find(b"\xff\xda") + 20
    middle = start + (len(whole) - start) // 2
    for content in (whole, whole[:-2], whole + b"trailer" * 9, whole[:-2] + bytes(9) + whole[-2:]):
        seen, _ = see(path, content, longest)
        assert max(seen.size) == min(longest, 400)
    for part in (start + (middle - start) // 4, middle):
        for content in (whole[:part], whole[:part] + bytes(len(whole) - part), whole[:part] + b"\xff\xd9"):
            with pytest.raises(ImageRefused) as refused:
                see(path, content, longest)
            assert refused.value.code in ("IMAGE_TRUNCATED", "IMAGE_DAMAGED")
        for content in (whole[:part] + bytes(300) + whole[part + 300 :], whole[:part] + whole[part + 300 :]):
            with pytest.raises(ImageRefused) as refused:
                see(path, content, longest)
            assert refused.value.code in ("IMAGE_TRUNCATED", "IMAGE_DAMAGED")


REFUSED = {
    "half.tif": (lambda: encoded(grain(), "TIFF", compression="tiff_lzw")[:-50], "IMAGE_DAMAGED"),
    "half raw.tif": (lambda: encoded(grain(), "TIFF")[:90_000], "IMAGE_TRUNCATED"),
    "half.gif": (lambda: encoded(grain(), "GIF")[:9000], "IMAGE_TRUNCATED"),
    "half.bmp": (lambda: encoded(grain(), "BMP")[:9000], "IMAGE_TRUNCATED"),
    "half.png": (lambda: encoded(grain(), "PNG")[:2000], "IMAGE_TRUNCATED"),
    "short.png": (
        lambda: png(8, 0, [bytes(100)] * 10, 100).replace(struct.pack(">I", 10), struct.pack(">I", 90), 1),
        None,
    ),
    "half.heic": (lambda: HEIC[:-100], None),
    "empty.heic": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(400), "IMAGE_DAMAGED"),
    "half.avif": (lambda: encoded(grain(), "AVIF")[:-900], None),
    "nothing.tif": (lambda: tiff(2, 1, 32, floats(float("nan"), float("nan")), (339, 3, 3)), "IMAGE_WITHOUT_VALUES"),
    "sixty-four.tif": (lambda: tiff(1, 1, 64, bytes(8), (339, 3, 3)), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "text.svg": (
        lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>A</text></svg>',
        "IMAGE_FORMAT_NOT_SUPPORTED",
    ),
    "page.svg": (lambda: b"<svg >", "IMAGE_DAMAGED"),
    "film.heic": (lambda: b"\0\0\0\x18ftypisom\0\0\0\0mp41isom" + bytes(400), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "photo.jxl": (lambda: b"\xff\x0a" + bytes(400), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "photo.jpg": (lambda: b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(400), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "page.ai": (lambda: b"%PDF-1.5 " + bytes(400), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "page.eps": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0" + bytes(400), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "large.psb": (lambda: b"8BPS\0\x02" + bytes(400), "IMAGE_FORMAT_NOT_SUPPORTED"),
    "hdr.png": (
        lambda: png(8, 2, [bytes(3)], 1, chunk(b"cICP", bytes([9, 16, 0, 1]))),
        "IMAGE_FORMAT_NOT_SUPPORTED",
    ),
    "words.png": (lambda: b"These are words. " * 40, "NOT_AN_IMAGE"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_whole_or_not_read_says_so(tmp_path: Path, name: str) -> None:
    make, code = REFUSED[name]
    with pytest.raises(ImageRefused) as refused:
        see(tmp_path / name, make())
    assert refused.value.code == code if code else refused.value.code in ("IMAGE_TRUNCATED", "IMAGE_DAMAGED")
    said = refused.value.message.lower()
    assert not any(word in said for word in ("pillow", "cannot identify", "broken data stream", "libtiff", "errno"))


def test_an_svg_reads_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(encoded(Image.new("RGB", (9, 9), (255, 0, 0)), "PNG"))
    for href in (str(secret), f"file://{secret}", "secret.png", "&it;"):
        drawn = (
            f'<!DOCTYPE svg [<!ENTITY it "{secret}">]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
            f'<image href="{href}" width="9" height="9"/></svg>'
        )
        seen, source = see(tmp_path / "a.svg", drawn.encode())
        assert codes(source) == ["LINKS_LEFT_OUT"]
        assert seen.getextrema() == ((0, 0),) * 4
