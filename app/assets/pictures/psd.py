"""What a Photoshop file says about its merged picture: whether there is one, and what its fourth channel is."""

from __future__ import annotations

from typing import BinaryIO, Final

from app.assets.errors import ImageRefused

_VERSION_INFO: Final = 1057


def check_psd(file: BinaryIO) -> bool:
    """Whether the merged picture has transparency; ImageRefused: there is no merged picture.

    A channel more than the colours need is transparency only if the file counts its layers by a negative number; else
    it is a selection that somebody saved.
    """
    file.seek(26)
    file.seek(_number(file), 1)
    length = _number(file)
    resources, behind = file.read(min(length, 1 << 22)), 26 + 4
    file.seek(26)
    behind += _number(file) + 4 + length
    _check_merged(resources)
    file.seek(behind)
    section = _number(file)
    layers = _number(file) if section >= 6 else 0
    return layers >= 2 and int.from_bytes(file.read(2), "big", signed=True) < 0


def _check_merged(resources: bytes) -> None:
    at = 0
    while resources[at : at + 4] == b"8BIM":
        kind = int.from_bytes(resources[at + 4 : at + 6], "big")
        start = at + 6 + (resources[at + 6] + 2) // 2 * 2
        length = int.from_bytes(resources[start : start + 4], "big")
        body = resources[start + 4 : start + 4 + length]
        if kind == _VERSION_INFO and len(body) > 4 and not body[4]:
            raise ImageRefused(
                "IMAGE_FORMAT_NOT_SUPPORTED",
                'The Photoshop file has layers and no merged picture. Save it with "Maximize Compatibility".',
            )
        at = start + 4 + (length + 1) // 2 * 2


def _number(file: BinaryIO) -> int:
    return int.from_bytes(file.read(4), "big")
