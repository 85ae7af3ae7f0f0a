"""Any opened picture as it is meant to be seen: scaled, in sRGB, upright.

Pictures are scaled before their colours are converted and before they are turned, so that a child never holds a second
copy at full size.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageChops, ImageCms

from app.assets.errors import ImageRefused
from app.assets.pictures.containers import BITS, NO_DATA, PHOTOMETRIC, SAMPLE_FORMAT
from app.assets.pictures.depth import measured_to_eight, sixteen_to_eight, transparent_at
from app.assets.pictures.jpeg_whole import load_whole
from app.assets.pictures.notes import note
from app.assets.pictures.opening import Opened, refusing
from app.assets.pictures.orientation import turned
from app.assets.pictures.stated_colours import stated_profile

_SPACES: Final = {"RGB": b"RGB ", "L": b"GRAY", "CMYK": b"CMYK", "LAB": b"Lab "}
_GREY_AND_ALPHA, _COLOUR = 4, 2


def picture(source: Opened, longest: int) -> Image.Image:
    """The picture, at most `longest` pixels a side, upright, sRGB, RGB or RGBA; what was decided is in its notes."""
    with refusing(source.format):
        image = source.image
        if source.format == "JPEG":
            image.draft(None, (longest, longest))  # a JPEG decodes at an eighth of its size for an eighth of the price
            load_whole(image, source.file)
        alpha = _rare_alpha(source)
        image.load()
        profile = image.info.get("icc_profile") or stated_profile(source)
        image = _plain(source)
        if alpha is not None:
            image.putalpha(alpha)
        if max(image.size) > longest:
            image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
        image = turned(_to_rgb(source, image, profile), source.orientation)
        image.info = {}
        return image


def _rare_alpha(source: Opened) -> Image.Image | None:
    """The alpha of a PNG of 16 bits in which one colour means nothing: Pillow compares it with the upper 8 bits."""
    header, value = source.chunks.get(b"IHDR", b""), source.chunks.get(b"tRNS", b"")
    if len(header) < 10 or header[8] != 16 or not value:
        return None
    source.image.info.pop("transparency", None)
    if header[9] != _COLOUR:
        return transparent_at(source.image, int.from_bytes(value[:2], "big")) if header[9] == 0 else None
    differs: Image.Image | None = None
    for place, layout in enumerate(("RGB;16B", "RGB;16L")):  # the upper byte of each sample, then the lower
        source.file.seek(0)
        with Image.open(source.file, formats=("PNG",)) as again:
            again.tile = [tile._replace(args=layout) for tile in again.tile]
            again.load()
            for band, wanted in zip(again.split(), value[place::2], strict=False):
                other = band.point([0 if sample == wanted else 255 for sample in range(256)])
                differs = other if differs is None else ImageChops.lighter(differs, other)
    source.file.seek(0)
    return differs


def _plain(source: Opened) -> Image.Image:
    """The decoded picture with 8 bits a sample: L, LA, RGB, RGBA, CMYK or LAB."""
    image = source.image
    if image.mode.startswith("I;16"):
        return _of_sixteen_bits(source)
    if image.mode == "RGBA" and not source.has_alpha:
        return image.convert("RGB")
    if image.mode in ("I", "F"):
        return _of_measurements(source)
    if image.mode in ("L", "1") and "transparency" in image.info:
        value, header, stated = image.info["transparency"], source.chunks.get(b"IHDR", b""), source.chunks.get(b"tRNS")
        if stated and len(header) > 8:
            value = int.from_bytes(stated[:2], "big") * 255 // (2 ** header[8] - 1)
        grey = image.convert("L")
        grey.info.pop("transparency", None)
        made = grey.convert("LA")
        made.putalpha(grey.point([0 if sample == value else 255 for sample in range(256)]))
        return made
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "P" and (shades := _tags(source).get(320)) and max(shades) < 256:  # of 8 bits where 16 belong
        image.putpalette(
            [shades[place + band * len(shades) // 3] for place in range(len(shades) // 3) for band in range(3)]
        )
    if image.mode in ("P", "RGB") and "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode in ("PA", "RGBa"):
        return image.convert("RGBA")
    if image.mode == "La":
        return image.convert("LA")
    if image.mode in ("P", "RGBX", "YCbCr", "HSV"):
        return image.convert("RGB")
    if image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK", "LAB"):
        raise ImageRefused(
            "IMAGE_FORMAT_NOT_SUPPORTED", "The picture stores its samples in a way that is not read here."
        )
    return image


def _tags(source: Opened) -> Any:
    return getattr(source.image, "tag_v2", {})


def _of_sixteen_bits(source: Opened) -> Image.Image:
    tags = _tags(source)
    bits = max(tags.get(BITS) or (16,))
    alpha = source.image.info.pop("transparency", None)
    made = sixteen_to_eight(source.image, bits if 8 < bits <= 16 else 16, tags.get(PHOTOMETRIC) == 0)
    if isinstance(alpha, int):
        mask = transparent_at(source.image, alpha)
        made = made.convert("LA")
        made.putalpha(mask)
    return made


def _of_measurements(source: Opened) -> Image.Image:
    tags = _tags(source)
    try:
        no_data = float(str(tags.get(NO_DATA)).strip("\0 ")) if tags.get(NO_DATA) else None
    except ValueError:
        no_data = None
    unsigned = source.image.mode == "I" and source.format == "TIFF" and max(tags.get(SAMPLE_FORMAT) or (1,)) == 1
    made, said = measured_to_eight(
        source.image, unsigned=unsigned, no_data=no_data, inverted=tags.get(PHOTOMETRIC) == 0
    )
    source.notes += said
    return made


def _to_rgb(source: Opened, image: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB by the picture's own profile when it has one that can be read, else as its mode says."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    colours = image.convert(image.mode[:-1]) if alpha else image
    if profile and profile[16:20] == b"RGB " and colours.mode == "L":
        colours = colours.convert("RGB")
    made = None
    if colours.mode == "LAB":
        made = _converted(colours, ImageCms.createProfile("LAB"))
    elif profile and profile[16:20] == _SPACES.get(colours.mode):
        made = _converted(colours, profile)
    if made is None and profile:
        source.notes.append(
            note(
                "PROFILE_NOT_USED",
                "The colour profile is broken or of other colours than the picture, and was not used.",
            )
        )
    if made is None and colours.mode == "CMYK":
        source.notes.append(note("COLOURS_ASSUMED", "CMYK without a profile: shown as plain inks on white."))
    made = made or (colours if colours.mode == "RGB" else colours.convert("RGB"))
    if alpha:
        made.putalpha(alpha)
    return made


def _converted(colours: Image.Image, profile: Any) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile) if isinstance(profile, bytes) else profile)
        return ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, struct.error):
        return None
