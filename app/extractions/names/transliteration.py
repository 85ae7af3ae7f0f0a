"""Cyrillic and Greek names in Latin letters, in the ways of passports and of ISO 9.

A name has one Cyrillic form and several Latin ones: ICAO 9303 (Russian, Ukrainian and Belarusian passports of today),
the passports before (`Yulia`, `Shcherbakov`), ISO 9 without its marks, and the spellings that federations print.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

_CYRILLIC: Final = {
    "а": "a",
    "б": "b",
    "в": "v w",
    "г": "g h gh",
    "д": "d",
    "е": "e ye ie je",
    "ё": "e yo io jo ye ie",
    "ж": "zh z j",
    "з": "z",
    "и": "i y",
    "й": "i y j ",
    "к": "k c",
    "л": "l",
    "м": "m",
    "н": "n",
    "о": "o",
    "п": "p",
    "р": "r",
    "с": "s ss",
    "т": "t",
    "у": "u ou",
    "ф": "f ph",
    "х": "kh h x ch",
    "ц": "ts c tc tz cz",
    "ч": "ch c tch",
    "ш": "sh s sch",
    "щ": "shch s sch sc shh sht",
    "ъ": " ie y",
    "ы": "y i",
    "ь": " y i",
    "э": "e",
    "ю": "iu yu u ju",
    "я": "ia ya a ja ea",
    "кс": "x",
    "ий": "y",
    "ый": "y",
    "ья": "ia ya ja",
    "ье": "ie ye",
    "ай": "ai ay aj",
    "і": "i",
    "ї": "i yi ji",
    "є": "ie ye e je",
    "ґ": "g",
    "ў": "u w v",
    "зг": "zgh",
    "дж": "j dj",
    "ј": "j y",
    "љ": "lj l ly",
    "њ": "nj n ny",
    "ћ": "c ch",
    "ђ": "d dj",
    "џ": "dz dzh dj",
    "ѓ": "g gj",
    "ќ": "k kj",
    "ѕ": "z dz",
    "ә": "a ae",
    "ө": "o",
    "ү": "u",
    "ұ": "u",
    "қ": "k q",
    "ғ": "g gh",
    "ң": "n ng",
    "һ": "h",
}
_GREEK: Final = {
    "α": "a",
    "β": "v b",
    "γ": "g y",
    "δ": "d",
    "ε": "e",
    "ζ": "z",
    "η": "i e",
    "θ": "th",
    "ι": "i",
    "κ": "k c",
    "λ": "l",
    "μ": "m",
    "ν": "n",
    "ξ": "x ks",
    "ο": "o",
    "π": "p",
    "ρ": "r",
    "σ": "s",
    "ς": "s",
    "τ": "t",
    "υ": "y i u",
    "φ": "f ph",
    "χ": "ch h kh",
    "ψ": "ps",
    "ω": "o",
    "ου": "ou u",
    "αυ": "av af au",
    "ευ": "ev ef eu",
    "μπ": "b mp",
    "ντ": "nt d",
    "γγ": "ng",
    "γκ": "gk g",
    "γχ": "nch",
    "ει": "i",
    "οι": "i",
    "αι": "e",
    "τζ": "tz j",
}
_SPELLINGS: Final = {letters: tuple(ways.split(" ")) for letters, ways in (_CYRILLIC | _GREEK).items()}
_LONGEST: Final = max(map(len, _SPELLINGS))
_FIRST: Final = str.maketrans({letter: ways[0] for letter, ways in _SPELLINGS.items() if len(letter) == 1})


_BEGINNINGS: Final = {
    letter: frozenset(
        way[0] for letters, ways in _SPELLINGS.items() if letters.startswith(letter) for way in ways if way
    )
    for letter in {letters[0] for letters in _SPELLINGS}
}


def may_begin(spelling: str, raw: str) -> bool:
    """Whether the beginning of a Latin word can be that of a Cyrillic or Greek one: a quick look before a close one."""
    return spelling[:1] in _BEGINNINGS.get(raw[:1], ())


def is_foreign(raw: str) -> bool:
    """Whether a word is written in Cyrillic or Greek letters."""
    return not raw.isascii() and any("Ͱ" <= sign <= "ӿ" for sign in raw)


@lru_cache(maxsize=20_000)
def can_be_latin(raw: str, spelling: str) -> bool:
    """Whether the Cyrillic or Greek word can be printed so in Latin letters. Time grows with the product of lengths."""
    letters = _known(raw)
    reached: list[set[int]] = [set() for _ in range(len(letters) + 1)]
    reached[0].add(0)
    for place in range(len(letters)):
        for length in range(1, min(_LONGEST, len(letters) - place) + 1):
            for way in _SPELLINGS.get(letters[place : place + length], ()):
                reached[place + length] |= {at + len(way) for at in reached[place] if spelling.startswith(way, at)}
    return len(spelling) in reached[-1]


def latin(raw: str) -> str:
    """The first of the ways in which the word is printed in Latin letters."""
    return _known(raw).translate(_FIRST)


def latin_text(text: str) -> str:
    """A whole text with the first way of each Cyrillic or Greek letter; its accents are gone already."""
    return text if text.isascii() else text.translate(_FIRST)


def _known(raw: str) -> str:
    """The letters, without the accents of those that the tables have only without."""
    if all(sign in _SPELLINGS for sign in raw):
        return raw
    return "".join(
        sign
        if sign in _SPELLINGS
        else "".join(s for s in unicodedata.normalize("NFD", sign) if not unicodedata.combining(s))
        for sign in raw
    )
