"""Colours that a picture states in numbers and not by a profile: gAMA, cHRM and cICP of PNG, nclx of AVIF and HEIC."""

from __future__ import annotations

import re
import struct
from typing import Final

from app.assets.errors import ImageRefused
from app.assets.pictures.notes import note
from app.assets.pictures.opening import Opened
from app.assets.pictures.profiles import P3, SRGB, made_profile

_BT2020: Final = ((0.3127, 0.329), (0.708, 0.292), (0.17, 0.797), (0.131, 0.046))
_PRIMARIES: Final = {1: SRGB, 9: _BT2020, 12: P3}
_TRANSFERS: Final = {4: 2.2, 5: 2.8, 8: 1.0}
_HDR: Final = (16, 18)
_NCLX: Final = re.compile(rb"colrnclx(..)(..)", re.DOTALL)
_USUAL: Final = 45455
_SEARCHED: Final = 1 << 16


def stated_profile(source: Opened) -> bytes | None:
    """A profile made of what is stated, or None where that is sRGB or nothing. ImageRefused: it is HDR."""
    if source.format == "PNG":
        return _of_png(source)
    if source.format in ("AVIF", "HEIC"):
        source.file.seek(0)
        found = _NCLX.search(source.file.read(_SEARCHED))
        return _of_codes(*(int.from_bytes(code, "big") for code in found.groups())) if found else None
    return None


def _of_png(source: Opened) -> bytes | None:
    chunks = source.chunks
    if len(chunks.get(b"cICP", b"")) == 4:
        return _of_codes(*chunks[b"cICP"][:2])
    if b"sRGB" in chunks or len(chunks.get(b"gAMA", b"")) != 4:
        return None
    gamma = int.from_bytes(chunks[b"gAMA"], "big")
    points = _points(chunks.get(b"cHRM", b""))
    if not 1000 <= gamma <= 1_000_000:
        source.notes.append(
            note("PROFILE_NOT_USED", "The gamma that the PNG states is not possible, and was not used.")
        )
        return None
    exponent = None if abs(gamma - _USUAL) <= 500 else 100_000 / gamma
    if exponent is None and points == SRGB:
        return None
    grey = source.image.mode in ("1", "L", "LA", "I;16")
    try:
        return made_profile(exponent, points, grey=grey)
    except ValueError:
        source.notes.append(note("PROFILE_NOT_USED", "The PNG states colours that do not exist; they were not used."))
        return made_profile(exponent, grey=grey) if exponent else None


def _points(body: bytes) -> tuple[tuple[float, float], ...]:
    """White, red, green, blue; those of sRGB if they are nearly that, or not stated."""
    if len(body) != 32:
        return SRGB
    numbers = struct.unpack(">8I", body)
    points = tuple((x / 100_000, y / 100_000) for x, y in zip(numbers[::2], numbers[1::2], strict=True))
    near = all(
        abs(a - b) < 0.004 for one, other in zip(points, SRGB, strict=True) for a, b in zip(one, other, strict=True)
    )
    return SRGB if near else points


def _of_codes(primaries: int, transfer: int) -> bytes | None:
    """A profile of the numbers of ISO 23091-2, with which films and their stills state colours."""
    if transfer in _HDR:
        raise ImageRefused(
            "IMAGE_FORMAT_NOT_SUPPORTED", "The picture is of high dynamic range (HDR), which is not read."
        )
    points, exponent = _PRIMARIES.get(primaries, SRGB), _TRANSFERS.get(transfer)
    return None if points == SRGB and exponent is None else made_profile(exponent, points)
