"""Letters of many scripts, so far that two spellings of one name can be told from two names.

A word is compared as a `Word`: its letters, and the plain Latin spellings it may be printed in.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Final

from app.extractions.names.transliteration import can_be_latin, is_foreign, latin

_SPELLINGS: Final = {
    "ä": ("a", "ae"),
    "ö": ("o", "oe"),
    "ü": ("u", "ue"),
    "ő": ("o", "oe"),
    "ű": ("u", "ue"),
    "ø": ("o", "oe"),
    "å": ("a", "aa"),
    "đ": ("d", "dj"),
    "æ": ("ae",),
    "œ": ("oe",),
    "ß": ("ss",),
    "ð": ("d",),
    "þ": ("th",),
    "ł": ("l",),
    "ı": ("i",),
    "ħ": ("h",),
    "ŋ": ("n",),
    "ĸ": ("k",),
    "ĳ": ("ij",),
    "ŧ": ("t",),
    "ə": ("e",),
}
"""Letters with more than one plain spelling, or with one that Unicode does not know."""
_SINGLE: Final = str.maketrans({letter: spellings[0] for letter, spellings in _SPELLINGS.items()})
_DOUBLE_A: Final = re.compile(r"aa+")
_MOST_SPELLINGS: Final = 16


def fold(text: str) -> str:
    """Small letters without accents, each special letter in its first plain spelling. Other signs stay."""
    plain = unicodedata.normalize("NFC", text).casefold().translate(_SINGLE)
    if plain.isascii():
        return plain
    return "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))


def contract(folded: str) -> str:
    """With each special letter in one spelling, whichever it was printed in. Other letters fall together as well."""
    for two, one in (("ae", "a"), ("oe", "o"), ("ue", "u"), ("dj", "d")):
        folded = folded.replace(two, one)
    return _DOUBLE_A.sub("a", folded)


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a name: `folded` for its own script, `spellings` in plain Latin letters (none for other scripts)."""

    raw: str
    folded: str
    spellings: frozenset[str]

    def is_same(self, other: Word) -> bool:
        """Whether both can be the same word written down, in one script or in two."""
        if self.folded == other.folded:
            return True
        if self.spellings and other.spellings:
            return not self.spellings.isdisjoint(other.spellings)
        if self.spellings:
            return any(can_be_latin(other.raw, spelling) for spelling in self.spellings)
        return bool(other.spellings) and any(can_be_latin(self.raw, spelling) for spelling in other.spellings)

    @property
    def plain(self) -> str:
        """The word in Latin letters, for likeness."""
        return self.folded if self.spellings else latin(self.raw)


@lru_cache(maxsize=50_000)
def word_of(raw: str) -> Word:
    """The word with these letters, in small letters and composed form."""
    folded = fold(raw)
    if is_foreign(raw):
        return Word(raw, folded, frozenset())
    choices = [_SPELLINGS.get(sign) or (fold(sign),) for sign in raw]
    if prod(map(len, choices)) > _MOST_SPELLINGS:
        # In one word, all are written in the same way.
        spelt = {"".join(spellings[0] for spellings in choices), "".join(spellings[-1] for spellings in choices)}
        return Word(raw, folded, frozenset(spelt))
    return Word(raw, folded, frozenset(map("".join, product(*choices))))


def letters_of(text: str) -> str:
    """The letters of a printed word, in small letters and composed form; an apostrophe joins."""
    return "".join(sign for sign in unicodedata.normalize("NFC", text.casefold()) if sign.isalpha())
