"""One line of text in any script, measured, shortened and drawn with the fonts that come with the service."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from PIL import ImageDraw, ImageFont, features

from app.assets.lettering.direction import joined, runs_of
from app.assets.lettering.fonts import UNKNOWN, font_for, path_of

LONGEST: Final = 500
"""Of a longer line the middle is left out before it is measured."""
ELLIPSIS: Final = "\u2026"
_INVISIBLE: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_PRESENTATION: Final = "\ufe0e\ufe0f"
_JOINERS: Final = f"\u200c\u200d{_PRESENTATION}"
"""Of format characters those that change how their neighbours look."""
_MIRROR: Final = str.maketrans("()[]{}<>«»", ")(][}{><»«")


class _Piece(NamedTuple):
    """Characters of one font and one direction; `leftwards` only when the layout engine is to turn them."""

    text: str
    font: ImageFont.FreeTypeFont
    direction: str | None
    width: float


def shapes() -> bool:
    """Whether letters are joined and turned by Pillow (raqm with fribidi), or have to be by us."""
    return bool(features.check("raqm"))


def clean(text: str) -> str:
    """What can be shown of a text: composed, on one line, without characters that are not seen."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(
        character
        for character in composed
        if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE
    )


def draw_line(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int], room: int
) -> None:
    """Draw a line whose letters stand on `at`, shortened in the middle to the room it has."""
    left: float = at[0]
    for piece in _pieces(shortened(text, size, room), size):
        draw.text((left, at[1]), piece.text, ink, piece.font, anchor="ls", direction=piece.direction)
        left += piece.width


def width_of(text: str, size: int) -> float:
    """In pixels."""
    return sum(piece.width for piece in _pieces(text, size))


def shortened(text: str, size: int, room: int) -> str:
    """The text as it is shown, or its beginning and its end around an ellipsis, as long as there is room for."""
    text = clean(text)
    if len(text) <= LONGEST and width_of(text, size) <= room:
        return text
    clusters = _clusters(text)
    fits, too_many = 0, min(len(clusters), LONGEST)
    while too_many - fits > 1:
        kept = (fits + too_many) // 2
        if width_of(_around_ellipsis(clusters, kept), size) <= room:
            fits = kept
        else:
            too_many = kept
    return _around_ellipsis(clusters, fits)


def _around_ellipsis(clusters: list[str], kept: int) -> str:
    """What tells names apart is as often at the end as at the beginning."""
    behind = kept // 2
    return "".join([*clusters[: kept - behind], ELLIPSIS, *clusters[len(clusters) - behind :]])


def _clusters(text: str) -> list[str]:
    """Letters with their marks, which stay together."""
    clusters: list[str] = []
    for character in text:
        if clusters and (character in _JOINERS or unicodedata.category(character).startswith("M")):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _pieces(text: str, size: int) -> list[_Piece]:
    """From left to right."""
    found = []
    with_raqm = shapes()
    for run, leftwards in runs_of(text):
        parts = _by_font(run if with_raqm or not leftwards else joined(run))
        for part, name in reversed(parts) if leftwards else parts:
            font = _font(name, size, with_raqm)
            if with_raqm:
                shown, direction = part, "rtl" if leftwards else "ltr"
            else:
                shown, direction = "".join(reversed(_clusters(part))).translate(_MIRROR) if leftwards else part, None
            found.append(_Piece(shown, font, direction, font.getlength(shown, direction=direction)))
    return found


def _by_font(run: str) -> list[tuple[str, str]]:
    """Parts with the font of each; marks and joiners stay with the letter before them."""
    parts: list[tuple[str, str]] = []
    for character in run:
        current = parts[-1][1] if parts else None
        is_mark = unicodedata.category(character).startswith("M")
        if character in _JOINERS:
            if not current or character in _PRESENTATION:  # our fonts have one look of each picture
                continue
            name = current
        elif (found := font_for(character, current)) is None:
            if is_mark:
                continue
            character, name = UNKNOWN, font_for(UNKNOWN) or "DejaVuSans"
        else:
            name = found
        if parts and name == current:
            parts[-1] = parts[-1][0] + character, name
        else:
            parts.append((character, name))
    return parts


@lru_cache(maxsize=64)
def _font(name: str, size: int, with_raqm: bool) -> ImageFont.FreeTypeFont:
    engine = ImageFont.Layout.RAQM if with_raqm else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(path_of(name)), size, layout_engine=engine)
