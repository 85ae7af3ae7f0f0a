"""Reading images of unknown origin, and writing them for the web: what runs in sandboxed children.

Images are scaled before their colours are converted and before they are turned, so that a child never holds a second
copy at full size. What is refused raises ImageRefused, whose `code` becomes the job's.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePath
from typing import Any, Final, cast

from PIL import (
    GifImagePlugin,
    Image,
    ImageCms,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from app.assets.errors import ImageRefused
from app.assets.packing import pack

MAX_PIXELS: Final = 50_000_000
"""8,000 x 6,250: four bytes a pixel are 200 MB, which a child of 512 MiB can hold once."""
READERS: Final = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    WebPImagePlugin.WebPImageFile,
    GifImagePlugin.GifImageFile,
    TiffImagePlugin.TiffImageFile,
)
"""Named, so that they are there before the fork, and so that no other of Pillow's forty readers is ever tried."""
FORMATS: Final = tuple(reader.format for reader in READERS)
_SUFFIXES: Final = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp",),
    "HEIC": (".heic", ".heif"),
    "AVIF": (".avif",),
    "PSD": (".psd",),
    "SVG": (".svg",),
    "PDF": (".pdf",),
}
_BY_SUFFIX: Final = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
_PNG: Final = b"\x89PNG\r\n\x1a\n"
Image.MAX_IMAGE_PIXELS = None  # checked by `opened`, as an error and before a byte is decoded


@contextmanager
def _refusing() -> Iterator[None]:
    """What Pillow raises over damaged files, as ImageRefused."""
    try:
        yield
    except UnidentifiedImageError:
        raise ImageRefused("NOT_AN_IMAGE", "This is not a JPEG, PNG, WebP, GIF or TIFF image.") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageRefused("DECOMPRESSION_LIMIT", str(error)) from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, KeyError, TypeError) as error:
        said = f"{error}"
        if "too large" in said or "MAX_TEXT" in said:
            raise ImageRefused("DECOMPRESSION_LIMIT", f"The image holds more than it may: {said[:200]}") from None
        cut = isinstance(error, EOFError) or any(word in said.lower() for word in ("truncated", "premature", "eof"))
        if cut:
            raise ImageRefused("IMAGE_TRUNCATED", f"The image ends before its time: {said[:200]}") from None
        raise ImageRefused("IMAGE_DAMAGED", f"The image cannot be decoded: {said[:200]}") from None


@contextmanager
def opened(path: str, name: str | None) -> Iterator[Image.Image]:
    """An image whose format fits its name and whose size is allowed, not decoded yet; its first frame."""
    size = Path(path).stat().st_size
    if size == 0:
        raise ImageRefused("FILE_EMPTY", "The file is empty.")
    _check_end(path, size)
    with _refusing(), Image.open(path, formats=FORMATS) as image:
        found = _format(image)
        claimed = _BY_SUFFIX.get(PurePath(name or "").suffix.lower())
        if claimed and claimed != found:
            raise ImageRefused("IMAGE_TYPE_MISMATCH", f"The name says {claimed}, the content is {found}.")
        if image.width * image.height > MAX_PIXELS:
            raise ImageRefused(
                "DECOMPRESSION_LIMIT",
                f"{image.width:,} x {image.height:,} pixels are more than the {MAX_PIXELS // 10**6} million allowed.",
            )
        if image.width < 1 or image.height < 1:
            raise ImageRefused("IMAGE_DAMAGED", "The image has no pixels.")
        yield image


def _format(image: Image.Image) -> str:
    """JPEGs with several pictures in them, as telephones make, count as JPEGs."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def _check_end(path: str, size: int) -> None:
    """Says that a PNG or a WebP was cut: Pillow shows the one without its last chunks, and refuses the other."""
    with open(path, "rb") as file:
        start = file.read(12)
        if start[:4] == b"RIFF" and start[8:] == b"WEBP" and size < int.from_bytes(start[4:8], "little") + 8:
            raise ImageRefused("IMAGE_TRUNCATED", "The image is shorter than it says.")
        if start[:8] != _PNG:
            return
        at = len(_PNG)
        while at < size:
            file.seek(at)
            length, kind = int.from_bytes(file.read(4), "big"), file.read(4)
            at += length + 12
            if kind == b"IEND" and at <= size:
                return
        raise ImageRefused("IMAGE_TRUNCATED", "The image ends before its last chunk.")


def describe(path: str, name: str | None) -> dict[str, Any]:
    """Format, size and kind of an image that may be processed, from its header."""
    with opened(path, name) as image:
        frames = int(getattr(image, "n_frames", 1)) if image.format in ("GIF", "WEBP", "TIFF") else 1
        return {
            "format": _format(image),
            "width": image.width,
            "height": image.height,
            "mode": image.mode,
            "frames": frames,
            "has_profile": bool(image.info.get("icc_profile")),
        }


def picture(image: Image.Image, longest: int) -> Image.Image:
    """The opened image as it is meant to be seen: at most `longest` pixels a side, upright, sRGB, RGB or RGBA."""
    with _refusing():
        profile, orientation = image.info.get("icc_profile"), image.getexif().get(0x0112, 1)
        image.draft(None, (longest, longest))  # a JPEG decodes at an eighth of its size for an eighth of the price
        image.load()
        if image.mode == "P" or image.mode == "1" or (image.mode == "L" and "transparency" in image.info):
            image = image.convert("RGBA" if "transparency" in image.info else "RGB")
        if image.mode in ("PA", "La", "RGBa"):
            image = image.convert("RGBA")
        has_alpha = "transparency" in image.info or image.mode in ("LA", "RGBA")
        if has_alpha and image.mode == "RGB":
            image = image.convert("RGBA")
        small = image
        if max(image.size) > longest:
            small = image.copy() if image.mode.startswith("I;16") else image
            if small.mode.startswith("I;16"):
                small = small.resize(_fit(small.size, longest), Image.Resampling.BOX)
            else:
                small.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
        small = _to_rgb(_to_eight_bits(small), profile)
        if orientation != 1:
            exif = Image.Exif()
            exif[0x0112] = orientation
            small.info["exif"] = exif.tobytes()
            small = ImageOps.exif_transpose(small)
        return small


def _fit(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = longest / max(size)
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Greys of 16 bits and more, and measured values, brought to 0 to 255."""
    if image.mode.startswith("I"):
        wide = image.convert("I")
        low, high = cast(tuple[int, int], wide.getextrema())
        top = 65535 if image.mode.startswith("I;16") or (low >= 0 and high <= 65535) else max(1, high)
        return wide.point(lambda value: value * (255 / top)).convert("L")
    if image.mode == "F":
        low_value, high_value = cast(tuple[float, float], image.getextrema())
        span = (high_value - low_value) or 1.0
        return image.point(lambda value: value * (255 / span) - low_value * 255 / span).convert("L")
    return image


def _to_rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """In sRGB by the image's own profile when it has one that can be read, else as Pillow sees its colours."""
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    colours = image.convert(image.mode[:-1]) if alpha else image
    if profile and colours.mode in ("RGB", "CMYK", "L", "LAB"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            colours = converted or colours
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            colours = colours.convert("RGB")
    if colours.mode != "RGB":
        colours = colours.convert("RGB")
    if alpha:
        colours.putalpha(alpha)
    return colours


def webp(image: Image.Image, quality: int, effort: int) -> bytes:
    """The image as WebP, with nothing of its metadata. `effort` 0 to 6 buys smaller files with time."""
    clean = Image.new(image.mode, image.size)
    clean.paste(image)
    target = BytesIO()
    clean.save(target, "WEBP", quality=quality, method=effort)
    return target.getvalue()


def make_web_images(path: str, name: str | None, max_size: int, thumbnail: int, quality: int, effort: int) -> bytes:
    """Both files of an image, packed: what they are in JSON, the image, the thumbnail."""
    with opened(path, name) as image:
        large = picture(image, max_size)
        small = large.copy()
        small.thumbnail((thumbnail, thumbnail), Image.Resampling.LANCZOS)
        description = {"width": large.width, "height": large.height, "thumbnail": list(small.size)}
        files = [webp(large, quality, effort), webp(small, quality, effort)]
        return pack([json.dumps(description).encode(), *files])
