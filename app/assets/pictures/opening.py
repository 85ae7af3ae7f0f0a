"""Opening a picture: what it is, whether it may be read, where in its file it is. Nothing is decoded yet."""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

import pi_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    IcoImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PsdImagePlugin,
    TgaImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from app.assets.errors import ImageRefused
from app.assets.pictures.containers import Place, place_by_search, place_in_tiff
from app.assets.pictures.formats import HEAD, READ, claimed_by, format_of, suffix_of
from app.assets.pictures.ifds import read_header
from app.assets.pictures.jpeg_markers import RARE_JPEG, is_rare_jpeg
from app.assets.pictures.notes import Note, note
from app.assets.pictures.orientation import orientation_in, orientation_of
from app.assets.pictures.psd import check_psd
from app.assets.pictures.svg import MAX_BYTES, draw_svg
from app.assets.pictures.whole import check_layout, check_strips, check_webp, read_png

MAX_PIXELS: Final = 50_000_000
"""8,000 x 6,250: four bytes a pixel are 200 MB, which a child of 512 MiB can hold once."""
_READERS: Final = (
    AvifImagePlugin.AvifImageFile,
    BmpImagePlugin.BmpImageFile,
    GifImagePlugin.GifImageFile,
    IcoImagePlugin.IcoImageFile,
    Jpeg2KImagePlugin.Jpeg2KImageFile,
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    PsdImagePlugin.PsdImageFile,
    TgaImagePlugin.TgaImageFile,
    TiffImagePlugin.TiffImageFile,
    WebPImagePlugin.WebPImageFile,
)
"""Named, so that they are there before the fork; one of them is tried, the one that the content asks for."""
_PNG_CHUNKS: Final = frozenset((b"IHDR", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"eXIf"))
Image.MAX_IMAGE_PIXELS = None  # checked by `opened`, as an error and before a byte is decoded
pi_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a child has one processor, and the stacks of threads count as its memory


@dataclass(slots=True)
class Opened:
    """A picture that may be read. `chunks` are those of a PNG that say how its samples are meant; `has_alpha` is
    false where a fourth channel is none."""

    image: Image.Image
    format: str
    file: BinaryIO
    orientation: int
    frames: int
    notes: list[Note] = field(default_factory=list)
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    has_alpha: bool = True


@contextmanager
def refusing(kind: str = "picture") -> Iterator[None]:
    """What Pillow raises over damaged files, as ImageRefused and in our own words; its warnings are dropped."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageRefused("DECOMPRESSION_LIMIT", f"The {kind} has more pixels than allowed.") from None
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, KeyError, TypeError) as error:
        raise _refused(kind, error) from None
    except (AttributeError, RuntimeError, ArithmeticError, AssertionError) as error:
        raise _refused(kind, error) from None


def _refused(kind: str, error: Exception) -> ImageRefused:
    said = f"{error}".lower()
    if "too large" in said or "max_text" in said or "security limit" in said:
        return ImageRefused("DECOMPRESSION_LIMIT", f"The {kind} holds more than a picture may.")
    if isinstance(error, EOFError) or any(word in said for word in ("truncated", "premature", "eof", "not enough")):
        return ImageRefused("IMAGE_TRUNCATED", f"The {kind} ends before its time.")
    return ImageRefused("IMAGE_DAMAGED", f"The {kind} is damaged and cannot be decoded.")


@contextmanager
def opened(path: str, name: str | None) -> Iterator[Opened]:
    """A picture by its content, whatever its name says, and whose size is allowed; raises ImageRefused."""
    size = Path(path).stat().st_size
    if size == 0:
        raise ImageRefused("FILE_EMPTY", "The file is empty.")
    with ExitStack() as stack:
        file = stack.enter_context(open(path, "rb"))
        kind = _kind(file, size, name)
        place: Place | None = None
        if kind in ("TIFF", "ORF", "RW2", "RAF", "CR3"):
            place, kind = _place(file, size, kind, name)
        picture = _open_at(stack, file, size, kind, place)
        claimed = claimed_by(name)
        if claimed and claimed != picture.format and place is None:
            picture.notes.append(
                note("NAME_SAYS_OTHERWISE", f"The name says {claimed}, the content is {picture.format}, and was read.")
            )
        yield picture


def _kind(file: BinaryIO, size: int, name: str | None) -> str:
    head = file.read(HEAD)
    file.seek(max(0, size - 18))
    kind = format_of(head, file.read(18), name)
    if kind is None:
        raise ImageRefused("NOT_AN_IMAGE", "The content is not of any picture format that is known here.")
    if kind not in READ:
        raise ImageRefused("IMAGE_FORMAT_NOT_SUPPORTED", f"The content is {kind}, which is not read.")
    return kind


def _place(file: BinaryIO, size: int, kind: str, name: str | None) -> tuple[Place | None, str]:
    """Where in a TIFF or a raw file its picture is, and which format that has."""
    place = place_in_tiff(file, size, suffix_of(name)) if kind in ("TIFF", "RW2") else place_by_search(file, size)
    return place, "JPEG" if place and place.length is not None else "TIFF"


def _open_at(stack: ExitStack, file: BinaryIO, size: int, kind: str, place: Place | None) -> Opened:
    source, notes = file, [*place.notes] if place else []
    chunks: dict[bytes, bytes] = {}
    has_alpha = check_psd(file) if kind == "PSD" else True
    if place and place.length is not None:
        file.seek(place.at)
        source = io.BytesIO(file.read(place.length))
    elif place:
        source = _starting_at(file, place)
    elif kind == "WEBP":
        check_webp(file, size)
    elif kind == "PNG":
        chunks, mended = read_png(file, size, _PNG_CHUNKS)
        if mended:
            source = mended
            notes.append(note("METADATA_BROKEN", "Parts of the PNG beside its pixels are broken, and were not used."))
    source.seek(0)
    # A file, no path: what Pillow maps by its path it reads with the sides of the turned TIFF, which scrambles it.
    with refusing(kind):
        try:
            image = stack.enter_context(_read(source, kind, notes))
        except UnidentifiedImageError:
            raise _not_opened(kind, place, source) from None
        if kind == "TIFF":
            check_layout(image.tag_v2)  # type: ignore[attr-defined]
            check_strips(image.tag_v2, size)  # type: ignore[attr-defined]
    if image.width * image.height > MAX_PIXELS:
        raise ImageRefused(
            "DECOMPRESSION_LIMIT",
            f"{image.width:,} x {image.height:,} pixels are more than the {MAX_PIXELS // 10**6} million allowed.",
        )
    if image.width < 1 or image.height < 1:
        raise ImageRefused("IMAGE_DAMAGED", "The image has no pixels.")
    orientation, broken = (1, False) if kind == "TIFF" else orientation_of(image.info)
    if place and place.length is not None and orientation == 1:
        orientation = place.orientation or 1
    if b"eXIf" in chunks and not broken:
        broken = orientation_in(chunks[b"eXIf"])[1]
    if broken and not any(each["code"] == "METADATA_BROKEN" for each in notes):
        notes.append(note("METADATA_BROKEN", "The metadata (EXIF) is broken; what could be read of it was used."))
    with refusing(kind):
        frames = int(getattr(image, "n_frames", 1)) if kind in ("GIF", "WEBP", "AVIF") else 1
    frames = place.pages if place else frames
    return Opened(image, kind, source, orientation, frames, notes, chunks, has_alpha)


def _read(source: BinaryIO, kind: str, notes: list[Note]) -> Image.Image:
    if kind == "SVG":
        image, left_out = draw_svg(source.read(MAX_BYTES + 1))
        if left_out:
            notes.append(note("LINKS_LEFT_OUT", f"Parts of the SVG that lie in other files were left out: {left_out}."))
        return image
    return Image.open(source, formats=({"HEIC": "HEIF"}.get(kind, kind),))


def _not_opened(kind: str, place: Place | None, source: BinaryIO) -> ImageRefused:
    source.seek(0)
    if kind == "JPEG" and is_rare_jpeg(source.read(1 << 20)):
        return ImageRefused("IMAGE_FORMAT_NOT_SUPPORTED", RARE_JPEG)
    if kind == "TIFF" and (place is None or place.broken):
        return ImageRefused("IMAGE_DAMAGED", "The list of what the TIFF holds is cut or overwritten.")
    if kind == "TIFF":
        return ImageRefused(
            "IMAGE_FORMAT_NOT_SUPPORTED", "The TIFF stores its samples in a way that is not read here, or is damaged."
        )
    if kind == "PSD":
        return ImageRefused(
            "IMAGE_FORMAT_NOT_SUPPORTED", "The Photoshop file is of a depth or a mode that is not read."
        )
    return ImageRefused("IMAGE_DAMAGED", f"The file begins as {kind}, but cannot be read as such.")


class _Elsewhere(io.RawIOBase):
    """A TIFF whose header points to another directory. It has no descriptor, so that libtiff reads it through this."""

    def __init__(self, file: BinaryIO, header: bytes) -> None:
        self._file, self._header = file, header

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int = -1) -> bytes:
        at = self._file.tell()
        piece = self._file.read(size)
        return self._header[at : at + len(piece)] + piece[max(0, len(self._header) - at) :]


def _starting_at(file: BinaryIO, place: Place) -> BinaryIO:
    file.seek(0)
    start = file.read(16)
    header = read_header(start)
    if header is None or header.first == place.at:
        return file
    changed = start[:8] + struct.pack(f"{header.order}Q", place.at)
    if not header.big:
        changed = start[:4] + struct.pack(f"{header.order}I", place.at)
    return cast(BinaryIO, _Elsewhere(file, changed))
