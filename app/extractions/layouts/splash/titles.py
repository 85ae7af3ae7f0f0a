"""The lines around the tables: titles of events, what a page is, rounds, the head of the sheet and its foot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.extractions.layouts.splash.vocabulary import EVENT, KINDS, POOL, ROUNDS, folded
from app.extractions.pdf.page import Line, Word

_FOOT = re.compile(r"splash\s+meet\s+manager\b", re.IGNORECASE)
_FOOT_AT_THE_END = re.compile(r"\s*-?\s*splash\s+meet\s+manager\b.*", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?P<word>[^\d,.:;()]{1,24}?)\s*(?:n[.°ºr]{1,2}\s*)?(?P<number>\d{1,3}[a-zA-Z]?)(?P<comma>,)?\s"
)
_NUMBER_FIRST = re.compile(r"(?P<number>\d{1,3}[a-zA-Z]?)\.\s+(?P<word>[^\d,.:;()]{1,24}?)(?P<comma>,)?\s")
_DISTANCE = r"(?:\d{1,2}\s?[xх]\s?)?\d{2,4}\s?[mм]\b"
_EVENT = re.compile(rf"(?P<sex>[^\d,]{{2,30}}),\s+{_DISTANCE}\s*\S.*")
_SEXLESS = re.compile(rf"{_DISTANCE}\s+\S.*")
_RELAY = re.compile(r"(\d{1,2})\s?[xх]\s?\d")
_DATE = r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d\d-\d\d)"
_ONE_DATE = re.compile(_DATE)
_DATES = re.compile(
    rf"(?:\d{{1,2}}[./]?(?:\d{{1,2}}[./]?)?\s*[-–]\s*{_DATE}|{_DATE}(?:\s*(?:[-–]|to|bis|al|au)\s*{_DATE})?"
    r"|\d{1,2}\.?(?:\s*[-–]\s*\d{1,2}\.?)?\s+[^\W\d_]{3,12}\.?\s+\d{4})"
)
_KINDS: Final = tuple((kind, re.compile(rf"(?:{words})\b", re.IGNORECASE)) for kind, words in KINDS)
_ROUNDS: Final = tuple((name, re.compile(rf"\(?(?:{words})\.?\)?", re.IGNORECASE)) for name, words in ROUNDS)
_OF_A_HEADING = re.compile(r"|(?:by|per|nach|por|par|pro|wg|według|göre|по|za|-|–|:|\()\s?.*", re.IGNORECASE)
_HEAT = re.compile(r"[^\W\d_]{3,12}\s+\d{1,3}\s*(?:/|[^\W\d_]{1,4})\s*\d{1,3}(?:,?\s.*)?")
_POOL = re.compile(
    rf"\b(?:{POOL})\b(?:\W{{0,3}}(25|50)\b(?!\s?[x/:.,])|\D{{1,24}}(25|50)\s?(?:[mм]\b|[mм]et|мет))|\b(25|50)\s?[-–]?\s?(?:[mм]|met\w{{1,3}}|мет\w{{1,3}})\.?"
    rf"[^\d,]{{0,6}}?\s?[-–]?(?:{POOL})\b",
    re.IGNORECASE,
)
_CELL_GAP = 0.7  # of the height of a line: a blank takes 0.3


@dataclass(frozen=True, slots=True)
class Title:
    """A printed event; `parts` are the rest of a title on one line: rounds, age groups, classes."""

    number: str
    event: str
    parts: tuple[str, ...]
    continued: bool
    known: bool

    @property
    def legs(self) -> int:
        """How many swim it: 1 for an individual event."""
        found = _RELAY.search(self.event)
        return int(found[1]) if found else 1


def cells_of(words: list[Word], gap: float = _CELL_GAP) -> list[list[Word]]:
    """Words grouped where no more than a blank stands between them; `gap` is in heights of a line."""
    cells: list[list[Word]] = []
    for word in words:
        if cells and word.x0 - cells[-1][-1].x1 < gap * word.height:
            cells[-1].append(word)
        else:
            cells.append([word])
    return cells


def text_of(words: list[Word]) -> str:
    """The words with one blank between them."""
    return " ".join([word.text for word in words])


def read_title(line: Line) -> Title | None:
    """The event that a line names: in three cells, or from its second page on in one with commas."""
    text = line.text
    found = _NUMBERED.match(text) or _NUMBER_FIRST.match(text)
    if not found:
        return None
    known = folded(found["word"].strip()) in EVENT
    rest = text[found.end() :]
    if not (_EVENT.match(rest) or (known and _SEXLESS.match(rest))) or (found.re is _NUMBER_FIRST and not known):
        return None
    if found["comma"]:
        parts = [part.strip() for part in rest.split(",")]
        named = 2 if _EVENT.match(rest) else 1
        return Title(found["number"], ", ".join(parts[:named]), tuple(parts[named:]), True, known)
    first, *others = cells_of(_after(line.words, found.end(), len(text)))
    return Title(found["number"], text_of(first), tuple(text_of(cell) for cell in others), False, known)


def _after(words: list[Word], start: int, length: int) -> list[Word]:
    """The words of a line from the character `start` on."""
    end = -1
    for index, word in enumerate(words):
        if end + 1 >= min(start, length - 1):
            return words[index:]
        end += 1 + len(word.text)
    return words[-1:]


def is_foot(text: str) -> bool:
    """Whether the line names the programme."""
    return _FOOT.search(text) is not None


def read_kind(line: Line) -> tuple[str, str] | None:
    """What the line below a title, or the heading of a page, says that comes: the kind and the words behind it."""
    for cell in cells_of(line.words):
        text = text_of(cell)
        for kind, pattern in _KINDS:
            if found := pattern.match(text):
                return kind, text[found.end() :].strip()
    return None


def heading_kind(line: Line) -> str | None:
    """The kind of list that starts with this heading of a page, as far as it says no more than that."""
    found = read_kind(line)
    return found[0] if found and _OF_A_HEADING.fullmatch(found[1]) else None


@lru_cache(maxsize=512)
def read_round(text: str) -> str | None:
    """The round a word stands for, as a value of `Swim.round`."""
    return next((name for name, pattern in _ROUNDS if pattern.fullmatch(text)), None)


def read_date(text: str) -> str | None:
    """The first day that stands in the text."""
    found = _ONE_DATE.search(text)
    return found[0] if found else None


def is_heat(text: str) -> bool:
    """Whether the line is the heading of a heat (`Heat 1 of 6`)."""
    return _HEAT.fullmatch(text) is not None


def read_course(text: str) -> str | None:
    """`SCM` or `LCM`, when the line says how long the pool is."""
    found = _POOL.search(text)
    return None if not found else "LCM" if "50" in found.groups() else "SCM"


def read_meet(lines: list[Line]) -> tuple[str | None, str | None]:
    """Name and days of the meet from the lines above the first event: the name, then the place and the days."""
    meet: str | None = None
    for line in lines:
        text = _FOOT_AT_THE_END.sub("", line.text).strip()
        dates = _DATES.search(text)
        if dates and (meet or dates.start() > 0):
            before = text[: dates.start()].rstrip(" ,-–(")
            return meet or before or None, dates[0]
        meet = meet or text or None
    return meet, None
