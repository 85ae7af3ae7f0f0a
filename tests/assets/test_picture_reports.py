"""Pictures as people reported them to other tools, and real ones: right, or refused with a code of its own."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from app.assets.errors import ImageRefused
from app.assets.pictures.colours import picture
from app.assets.pictures.opening import opened

CORNERS = ((200, 30, 30), (220, 200, 40))
"""The upper left and the lower right corner of the drawn ones."""
GREY = ((81, 81, 81), (188, 188, 188))
RIGHT: dict[str, tuple[tuple[int, int], tuple[tuple[int, int, int], ...], list[str]] | str] = {
    # Size, corners and notes, or the code.
    "b_f32_nan.tif": ((60, 40), ((13, 13, 13), (242, 242, 242)), ["SAMPLES_SCALED", "SAMPLES_WITHOUT_VALUE"]),
    "f_nef_DSC_0001.NEF": ((120, 90), CORNERS, ["EMBEDDED_PREVIEW"]),
    "f_tiff_thumb_first.tif": ((60, 40), CORNERS, ["PAGE_CHOSEN"]),
    "i2_tiff_grey_lzw_o6.tif": ((60, 40), GREY, []),
    "i2_tiff_grey_o6.tif": ((60, 40), GREY, []),
    "i2_tiff_icc_o3.tif": ((60, 40), CORNERS, []),
    "i2_tiff_icc_o6.tif": ((60, 40), CORNERS, []),
    "i2_tiff_rgba_o6.tif": ((60, 40), CORNERS, []),
    "i2_webp_exif_junk__junkexif.webp": ((300, 200), CORNERS, ["METADATA_BROKEN"]),
    "i_png_exif_junk__junkexif.png": ((300, 200), CORNERS, ["METADATA_BROKEN"]),
    "k_png_gama1__linear.png": ((64, 64), ((128, 128, 128),) * 2, []),
    "t_jpeg_no_eoi__noeoi.jpg": ((300, 200), CORNERS, []),
    "t_jpeg_zero_hole__hole.jpg": "IMAGE_DAMAGED",
    "t_tifflzw_half__halflzw.tif": "IMAGE_TRUNCATED",
    "u_heic_as_jpg__IMG_1234.jpeg": "IMAGE_DAMAGED",
    "flower.jpg": ((480, 360), ((149, 125, 99), (98, 96, 83)), []),
    "hopper.webp": ((128, 128), ((25, 26, 65), (14, 18, 37)), []),
    "pil_sample_cmyk.jpg": ((100, 100), ((254, 14, 23), (1, 4, 5)), ["COLOURS_ASSUMED"]),
}


def near(got: Any, wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 4 for a, b in zip(got[:3], wanted, strict=True))


@pytest.mark.parametrize("name", RIGHT)
def test_reported_pictures(real_data: Path, name: str) -> None:
    path = next((found for folder in ("reported/images", "images") for found in (real_data / folder).rglob(name)), None)
    if path is None:
        pytest.skip(f"{name} is not there")
    right = RIGHT[name]
    if isinstance(right, str):
        with pytest.raises(ImageRefused) as refused, opened(str(path), name) as source:
            picture(source, 1600)
        assert refused.value.code == right
        return
    size, corners, notes = right
    with opened(str(path), name) as source:
        seen = picture(source, 1600)
    assert (seen.size, [note["code"] for note in source.notes]) == (size, notes)
    places = ((3, 3), (seen.width - 4, seen.height - 4))
    assert all(near(seen.getpixel(at), colour) for at, colour in zip(places, corners, strict=True))


def test_every_picture_that_is_there_is_right_or_says_why(real_data: Path) -> None:
    """Those that are not listed above as well: a code, or a picture with pixels in it."""
    paths = [path for folder in ("reported/images", "images") for path in sorted((real_data / folder).rglob("*.*"))]
    for path in paths:
        if path.suffix == ".json":
            continue
        with suppress(ImageRefused), opened(str(path), path.name) as source:
            assert picture(source, 400).mode in ("RGB", "RGBA")
