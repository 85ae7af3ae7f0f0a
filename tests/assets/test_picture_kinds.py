"""One drawn file of each kind that is awkward, and its pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageCms

from app.assets.errors import ImageRefused
from tests.assets.picture_files import (
    HEIC,
    Pixel,
    chromaticities,
    chunk,
    codes,
    floats,
    gamma,
    pages,
    png,
    raw,
    see,
    tiff,
)
from tests.assets.pictures import drawing, encoded


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
    "broken text.png": (
        lambda: png(8, 2, [bytes([9, 99, 199])], 1, chunk(b"tEXt", b"a\0b")[:-1] + b"x"),
        [(9, 99, 199)],
        ["METADATA_BROKEN"],
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
