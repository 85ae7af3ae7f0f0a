"""From pages to a sheet: their words get places as on paper, and the layouts of printed sheets read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from app.extractions.files.html.blocks import lines_of_page
from app.extractions.files.text import text_of
from app.extractions.pdf.page import Page, Pages, Word
from app.extractions.printed import read_printed
from app.extractions.sheet_errors import FILE_UNREADABLE, RESOURCE_LIMIT, SheetError
from app.extractions.swims import Sheet

_MARKUP = re.compile(r"<(?:!doctype\s{1,9}html|html|head|body|frameset|table|pre|center|div)[\s>/]", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?([A-Za-z0-9_.:-]{2,40})", re.IGNORECASE)
_SIGN: Final = 5.4
"""Width of a character in points; with the height of a line the measures of a report in Courier at 9 points."""
_HEIGHT: Final = 10.0
_PITCH: Final = 12.0
_LEFT: Final = 30.0
MOST_BYTES: Final = 8 << 20
"""Of all pages together: the largest meets take two or three."""
MOST_WORDS: Final = 500_000
"""Words take twenty times the memory of their text."""


def recognise(head: str, name: str) -> float:
    """Likely when an element of a page stands near the beginning."""
    return 0.8 if _MARKUP.search(head[:4000]) else 0.0


def read(documents: Sequence[bytes]) -> Sheet:
    """The sheet on one or more saved pages, each of which counts as a page."""
    if sum(map(len, documents)) > MOST_BYTES:
        raise SheetError(RESOURCE_LIMIT, f"The pages are larger than {MOST_BYTES >> 20} MB.")
    pages = [_page(number, _text(data)) for number, data in enumerate(documents, 1)]
    if sum(len(page.words) for page in pages) > MOST_WORDS:
        raise SheetError(RESOURCE_LIMIT, f"The pages have more than {MOST_WORDS:,} words.")
    if not any(page.words for page in pages):
        raise SheetError(FILE_UNREADABLE, "The page shows no text; if it has frames, save the one with the results.")
    sheet = read_printed(Pages(pages))
    if sheet.layout == "unknown" and sheet.reading and not sheet.reading["unread"]:
        raise SheetError(FILE_UNREADABLE, "The page shows nothing that looks like results.")
    return sheet


def _text(data: bytes) -> str:
    named = _CHARSET.search(data[:4000])
    return text_of(data, named[1].decode("ascii") if named else None)


def _page(number: int, text: str) -> Page:
    lines = lines_of_page(text)
    words: list[Word] = []
    for row, line in enumerate(lines):
        y = (len(lines) - row) * _PITCH
        for column, word in line:
            x0 = _LEFT + column * _SIGN
            words.append(Word(word, x0, x0 + len(word) * _SIGN, y, _HEIGHT, len(words)))
    return Page(number, words)
