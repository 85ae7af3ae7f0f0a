"""ICC profiles for pictures that state their colours without one: by gamma and primaries, as PNG does."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

Pair = tuple[float, float]
Matrix = tuple[tuple[float, ...], ...]
SRGB: Final[tuple[Pair, ...]] = ((0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
"""White, red, green and blue, as x and y."""
P3: Final[tuple[Pair, ...]] = ((0.3127, 0.329), (0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
_D50: Final = (0.9642, 1.0, 0.8249)
_BRADFORD: Final = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def made_profile(exponent: float | None, points: Sequence[Pair] = SRGB, *, grey: bool = False) -> bytes:
    """A profile: samples to the power of `exponent` (None: sRGB's curve) are light of these primaries.

    ValueError: there are no such colours.
    """
    curve = _curve(exponent)
    tags = [(b"desc", _text("made")), (b"cprt", _text("none")), (b"wtpt", _xyz(_D50))]
    if grey:
        tags.append((b"kTRC", curve))
    else:
        columns = _adapted(points)
        tags += [(name, _xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)]
        tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    at, table, body = 128 + 4 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, content in tags:
        padded = content + bytes(-len(content) % 4)
        table += struct.pack(">4sII", name, at + len(body), len(content))
        body += padded
    head = struct.pack(
        ">I4xI4s4s4s12x4s28x3I48x",
        at + len(body),
        0x04300000,
        b"mntr",
        b"GRAY" if grey else b"RGB ",
        b"XYZ ",
        b"acsp",
        *(round(value * 65536) for value in _D50),
    )
    return head + table + body


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(max(-32768.0, min(32767.0, value)) * 65536))


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _text(words: str) -> bytes:
    return struct.pack(">4s4xIIHHII", b"mluc", 1, 12, 0x656E, 0x5553, len(words) * 2, 28) + words.encode("utf-16-be")


def _curve(exponent: float | None) -> bytes:
    kind, numbers = (3, _SRGB_CURVE) if exponent is None else (0, (exponent,))
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(map(_fixed, numbers))


def _adapted(points: Sequence[Pair]) -> list[tuple[float, ...]]:
    """XYZ of red, green and blue at full strength, as they look under D50."""
    if any(y <= 0 for _, y in points):
        raise ValueError("no such colours")
    white, *primaries = ((x / y, 1.0, (1 - x - y) / y) for x, y in points)
    across = tuple(zip(*primaries, strict=True))
    strengths = _times(_inverse(across), white)
    light = [tuple(value * strength for value in each) for each, strength in zip(primaries, strengths, strict=True)]
    eye, target = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    back = _inverse(_BRADFORD)

    def adapted(colour: Sequence[float]) -> tuple[float, ...]:
        cones = _times(_BRADFORD, colour)
        return _times(back, tuple(c * t / e for c, t, e in zip(cones, target, eye, strict=True)))

    return [adapted(colour) for colour in light]


def _times(matrix: Matrix, vector: Sequence[float]) -> tuple[float, ...]:
    return tuple(sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)


def _inverse(m: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(det) < 1e-9:
        raise ValueError("no such colours")
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    return tuple(tuple(value / det for value in row) for row in rows)
