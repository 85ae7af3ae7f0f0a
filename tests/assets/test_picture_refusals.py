"""What is not whole, or not read, is refused with a code of its own; what is whole is not."""

from __future__ import annotations

import re
import struct
from pathlib import Path
from typing import Any

import pytest

from app.assets.errors import ImageRefused
from app.assets.pictures.notes import CODES
from tests.assets.picture_files import (
    HEIC,
    chunk,
    floats,
    grain,
    png,
    see,
    tiff,
)
from tests.assets.pictures import encoded

JPEGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 7},
    "full colour": {"subsampling": 0},
}


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
    "planes.tif": (
        lambda: tiff(1, 1, 16, bytes(6), (258, 3, 16), (262, 3, 2), (277, 3, 3), (284, 3, 2)),
        "IMAGE_FORMAT_NOT_SUPPORTED",
    ),
    "arithmetic.jpg": (
        lambda: encoded(grain(), "JPEG").replace(b"\xff\xc0\0\x11", b"\xff\xc9\0\x11"),
        "IMAGE_FORMAT_NOT_SUPPORTED",
    ),
    "twelve bits.jpg": (
        lambda: encoded(grain(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"),
        "IMAGE_FORMAT_NOT_SUPPORTED",
    ),
    "lossless.jpg": (
        lambda: encoded(grain(), "JPEG").replace(b"\xff\xc0\0\x11", b"\xff\xc3\0\x11"),
        "IMAGE_FORMAT_NOT_SUPPORTED",
    ),
    "not found.jpg": (lambda: b"\n<!doctype HTML><title>404</title>", "IMAGE_FORMAT_NOT_SUPPORTED"),
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


def test_every_code_is_explained() -> None:
    explained = Path("docs/assets.md").read_text("utf-8")
    source = "".join(path.read_text("utf-8") for path in sorted(Path("app/assets/pictures").glob("*.py")))
    codes = {*re.findall(r'ImageRefused\(\s*\*?\(?\(?"([A-Z_]+)"', source)} | CODES
    assert len(codes) > 12
    assert {code for code in codes if f"| `{code}` |" not in explained} == set()
