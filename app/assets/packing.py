"""Several files in the one answer that a sandboxed child can give."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

_LENGTH: Final = struct.Struct("<I")


def pack(parts: Sequence[bytes]) -> bytes:
    """The parts one after the other, each behind its length; up to 4 GiB each."""
    return b"".join(piece for part in parts for piece in (_LENGTH.pack(len(part)), part))


def unpack(answer: bytes) -> list[bytes]:
    """What was packed."""
    parts, at = [], 0
    while at < len(answer):
        (length,) = _LENGTH.unpack_from(answer, at)
        parts.append(answer[at + _LENGTH.size : at + _LENGTH.size + length])
        at += _LENGTH.size + length
    return parts
