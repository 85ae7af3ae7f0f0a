"""The view and the asset in one file name: `PL_DXB191_Chair_Front_4K.png` shows `pl_dxb191_chair` from the `front`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from app.assets.view_vocabulary import ViewVocabulary, folded
from app.assets.view_words import COLOURS, ENDINGS, FILLERS, GENERIC, GS1_ANGLES, GS1_FACINGS, VIEW_NOUNS
from app.pipelines.naming import stem_of

LONGEST: Final = 400
"""Of a longer name only its end is read; no file system has one."""
COPY_OF: Final = re.compile(
    r"^(?:copy|kopie|copie|copia|cópia|kopia|копия)(?: ?\(\d{1,4}\))?[ _](?:(?:of|von|de|di|da|van|av|af)[ _])?",
    re.IGNORECASE,
)
_PARTS: Final = re.compile(r"[^\W_]+")
_HUMP: Final = re.compile(r"(?<=[a-z\d])(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_NOTHING_SEEN: Final = re.compile(
    r"\d+|v\d{1,4}|r(?:ev)?\d{1,3}|\d{1,5}x\d{0,5}|x\d|\d{1,5}(?:k|px|dpi|mp|pc)|s\d\d|wa\d{4}|(?=[a-f]*\d)[0-9a-f]{7,40}"
)
"""Counters, versions, sizes and sums behind a view."""
_NUMBERED: Final = re.compile(r"([^\W\d_]+?)(\d{1,2})")
_OWN_VIEW: Final = re.compile(r"(pt|alt)(\d{1,2})")
_DEGREES: Final = re.compile(r"(\d{1,3})(?:deg|degrees?|grad)")
_GS1: Final = re.compile(r"[A-Z]\d[CLRN][0-9A-F]")
_GTIN: Final = re.compile(r"\d{8}|\d{12,14}")
_OPPOSITES: Final = ({"front", "back"}, {"left", "right"}, {"top", "bottom"})
_ORDER: Final = ("top", "bottom", "front", "back", "left", "right", "side", "inside", "3q", "iso", "isometric")
_TOGETHER: Final = frozenset((*_ORDER, "perspective", "angle", "detail", "closeup"))
"""Views that two of may be one, such as the front from the left."""
_PAGES: Final = frozenset(("seite", "sida"))
"""Also a page: with a number behind it, it is one."""


class Seen(NamedTuple):
    """What a picture shows: `asset` is folded, "" when the name is nothing but a view; `view` is None without one.

    `title` and `label` are the asset and the view as the name has them, for people to read.
    """

    asset: str
    view: str | None
    title: str
    label: str | None


class _Word(NamedTuple):
    written: str
    folded: str
    glued: bool


def _words(stem: str, vocabulary: ViewVocabulary) -> list[_Word]:
    found = []
    for part in _PARTS.findall(stem):
        pieces = [part] if part.islower() or part.casefold() in ENDINGS else _HUMP.split(part)
        if len(pieces) == 1 and (unspaced := vocabulary.unspaced_view(part)):
            pieces = [piece for piece in unspaced if piece]
        found += [_Word(written, folded(written), glued=place > 0) for place, written in enumerate(pieces)]
    return found


@lru_cache(maxsize=20_000)
def read_name(filename: str, vocabulary: ViewVocabulary) -> Seen:
    """The asset and the view of a file name. A name without a view is its own asset."""
    stem = unicodedata.normalize("NFC", stem_of(filename))
    words = _words(COPY_OF.sub("", stem[-LONGEST:]), vocabulary)
    found = _Search(words, vocabulary).run()
    if found is None:
        return Seen(stem.casefold(), None, stem, None)
    start, end, rest, view = found
    kept = [*words[:start], *(word for word in words[end:] if word.folded in rest)]
    title = "".join(f"{'' if word.glued or not place else '_'}{word.written}" for place, word in enumerate(kept))
    return Seen(folded(title), view, title, " ".join(word.written for word in words[start:end]))


class _Search:
    """Looks for the view from the end of a name."""

    def __init__(self, words: list[_Word], vocabulary: ViewVocabulary) -> None:
        self._words, self._vocabulary = words, vocabulary

    def run(self) -> tuple[int, int, set[str], str] | None:
        """Where the view begins and ends, the words behind it that belong to the asset, and the view."""
        words, end, rest = self._words, len(self._words), set[str]()
        while end:
            found = self._ends_at(end)
            if found:
                start, view = self._widen(*found)
                return start, end, rest, view
            last = words[end - 1].folded
            if last in COLOURS:
                rest.add(last)
            elif last not in ENDINGS and not _NOTHING_SEEN.fullmatch(last):
                return None
            end -= 1
        return None

    def _ends_at(self, end: int) -> tuple[int, str] | None:
        """The view whose last word is the one before `end`, and where it begins."""
        words, last = self._words, self._words[end - 1].folded
        behind = self._words[end].folded if end < len(words) else ""
        if last in self._vocabulary.own:
            return end - 1, self._vocabulary.view_of_words([last]) or last
        for count in range(min(self._vocabulary.longest, end), 1, -1):
            view = self._vocabulary.view_of_words([word.folded for word in words[end - count : end]])
            beside = not last.isdecimal() or self._is_view(end - count) or self._is_view(end + 1)
            if view and beside:
                return end - count, view
        if last in VIEW_NOUNS:
            if behind.isdecimal() and len(behind) <= 2:
                return end - 1, _numbered(last, behind)
            return self._ends_at(end - 1) if end > 1 and self._is_view(end - 1) else self._alone(end, last)
        if behind.isdecimal() and last in _PAGES:
            return None
        return self._alone(end, last)

    def _alone(self, end: int, last: str) -> tuple[int, str] | None:
        """A view of one word."""
        if view := self._vocabulary.view_of_words([last]):
            return end - 1, view
        if found := _OWN_VIEW.fullmatch(last) or _DEGREES.fullmatch(last):
            return end - 1, last if found.re is _OWN_VIEW else f"{int(found[1])}deg"
        if found := _NUMBERED.fullmatch(last):
            if found[1] in VIEW_NOUNS:
                return end - 1, _numbered(found[1], found[2])
            if found[1] not in _PAGES and (view := self._vocabulary.view_of_words([found[1]])):
                return end - 1, view
        if end > 1 and (view := self._gs1_view(end)):
            return end - 1, view
        return None

    def _gs1_view(self, end: int) -> str | None:
        code = self._words[end - 1].written
        before = self._words[end - 2].folded
        if not _GS1.fullmatch(code.upper() if _GTIN.fullmatch(before) else code):
            return None
        facing = GS1_FACINGS.get(code[1])
        return facing + GS1_ANGLES.get(code[2].upper(), "") if facing else code.lower()

    def _is_view(self, end: int) -> bool:
        """Whether the word before `end` is a view."""
        there = 0 < end <= len(self._words)
        return there and self._vocabulary.view_of_words([self._words[end - 1].folded]) is not None

    def _widen(self, start: int, view: str) -> tuple[int, str]:
        """Take in the words before a view that belong to it: `Left` of `Left_Side`, `vue de` of `vue de face`."""
        words = self._words
        while start:
            before = start
            while before and words[before - 1].folded in FILLERS:
                before -= 1
            if before and words[before - 1].folded in VIEW_NOUNS and not self._is_view(before):
                start = before - 1
                continue
            found = self._ends_at(start)
            joined = _join(found[1], view) if found else None
            if found is None or joined is None:
                return start, view
            start, view = found[0], joined
        return start, view


def _numbered(noun: str, number: str) -> str:
    return f"{'angle' if noun == 'angle' else 'view'}-{int(number)}"


def _join(first: str, second: str) -> str | None:
    """One view of two that stand side by side, or None when they are two things."""
    views = {*first.split("-"), *second.split("-")}
    if not views <= _TOGETHER or any(pair <= views for pair in _OPPOSITES):
        return None
    if len(views) > 1:
        views -= GENERIC
    return "-".join(sorted(views, key=lambda view: (_ORDER.index(view) if view in _ORDER else 99, view)))
