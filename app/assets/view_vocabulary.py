"""The words for views that an organisation uses: the built-in ones and its own, without those that are none to it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from app.assets.view_words import SEVERAL_WORDS, VIEW_WORDS
from app.pipelines.naming import NamingChoices

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
_IDEOGRAPHS: Final = "\u2e80"
"""Scripts without blanks begin here: a view there is the end of a word, as in `椅子正面`."""


def folded(word: str) -> str:
    """A word as it is compared: composed, in small letters."""
    return unicodedata.normalize("NFC", word).casefold()


def _unmarked(word: str) -> str:
    letters = (c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(letters))


def _spellings(word: str) -> set[str]:
    """A word with its marks, without them, and with two letters for one."""
    return {folded(word), folded(_unmarked(word).translate(_UMLAUTS)), folded(word).translate(_UMLAUTS)}


def words_of(text: str) -> tuple[str, ...]:
    """What stands between separators, folded."""
    return tuple("".join(c if c.isalnum() else " " for c in folded(text)).split())


class ViewVocabulary:
    """Which words mean which view."""

    def __init__(self, views: Mapping[str, Iterable[str]] = {}, not_views: Iterable[str] = ()) -> None:
        removed = {folded(word) for word in not_views}
        self._words = {word: view for word, view in _built_in() if word not in removed and view not in removed}
        self._phrases = {words: view for words, view in SEVERAL_WORDS.items() if view not in removed}
        self.own: set[str] = set()
        """What the organisation named itself, which wins over counters and endings."""
        for view, words in views.items():
            for text in (view, *words):
                found = words_of(text)
                if len(found) == 1:
                    self._words[found[0]] = folded(view)
                    self.own.add(found[0])
                elif found:
                    self._phrases[found] = folded(view)
        self._unspaced = sorted((w for w in self._words if w[0] >= _IDEOGRAPHS), key=len, reverse=True)
        self.longest = max(map(len, self._phrases), default=1)

    def view_of_words(self, words: Sequence[str]) -> str | None:
        """The view that one or several folded words mean."""
        return self._words.get(words[0]) if len(words) == 1 else self._phrases.get(tuple(words))

    def unspaced_view(self, word: str) -> tuple[str, str] | None:
        """A word of a script without blanks, parted where the view begins that it ends in."""
        word = word.rstrip("0123456789")
        if word[-1:] < _IDEOGRAPHS:
            return None
        return next(((word[: -len(view)], view) for view in self._unspaced if word.endswith(view)), None)


def _built_in() -> Iterator[tuple[str, str]]:
    for view, words in VIEW_WORDS.items():
        for word in words.split():
            for spelling in _spellings(word):
                yield spelling, view


@lru_cache(maxsize=64)
def _cached(views: tuple[tuple[str, tuple[str, ...]], ...], not_views: tuple[str, ...]) -> ViewVocabulary:
    return ViewVocabulary(dict(views), not_views)


def vocabulary_of(choices: NamingChoices) -> ViewVocabulary:
    """The vocabulary of an organisation: the same object for the same words."""
    views = tuple(sorted((view, tuple(words)) for view, words in choices.views.items()))
    return _cached(views, tuple(choices.not_views))
