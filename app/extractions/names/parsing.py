"""A printed or typed name in its parts: given names, family names, nicknames, suffix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from app.extractions.names.letters import Word, letters_of, word_of

PARTICLES: Final = frozenset(
    "van von der den de del della dello di da do dos das du la le las los lo el al ten ter te zu zum zur af av bin ben"
    " ibn mac mc san ap ua nic ni vander".split()
)
"""Small words that belong to the family name behind them."""
_JOINING: Final = frozenset("y e i und and".split())  # `García y López`
_CLASS: Final = re.compile(r"S[BM]?\s?\d{1,2}", re.IGNORECASE)  # para swimming: S3, SB14
_PREFIX: Final = re.compile(
    r"^(?:Mc|Mac|Fitz|De|Di|Du|La|Le|Van|O['’])(?=[^\W\d_]{2})"
)  # in `McDADE` also in small letters
_SUFFIX: Final = re.compile(r"jr|sr|ii|iii|iv|jnr|snr")
_SUFFIXES: Final = {"jnr": "jr", "snr": "sr"}
_NICK: Final = re.compile(r"[(\[«“\"]([^()\[\]«»“”\"]{1,60})[)\]»”\"]")
_SEPARATORS: Final = re.compile(r"[-‐-―_/]")
_LONGEST: Final = 200
_MOST_WORDS: Final = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to divide a name: `given` names, of which a hyphen makes one, and the words of the `family` name.

    `is_swapped`: the family name comes first although nothing but the order of words could say so.
    """

    given: tuple[Word, ...]
    family: tuple[Word, ...]
    is_swapped: bool = False

    @property
    def given_as_one(self) -> Word:
        return _joined(self.given)

    @property
    def family_as_one(self) -> Word:
        return _joined(self.family)


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it may be read. The first reading is the likeliest; `is_sure` if there is no other.

    `words` are all its words of more than a letter, without nicknames and suffix.
    """

    readings: tuple[Reading, ...]
    nicknames: tuple[Word, ...]
    suffix: str
    is_sure: bool
    words: tuple[Word, ...]


@lru_cache(maxsize=50_000)
def _joined(words: tuple[Word, ...]) -> Word:
    return words[0] if len(words) == 1 else word_of("".join(word.raw for word in words))


@lru_cache(maxsize=20_000)
def parse(name: str) -> Name:
    """The parts of a name, in time that grows with its length."""
    text, nicknames = _without_nicknames(name[:_LONGEST])
    before, comma, after = text.partition(",")
    given, family = after.partition(",")[0], before
    suffix, after_suffix = "", after.partition(",")[2]
    if not comma:
        family, given = _by_capitals(text)
    family_words, suffix = _words(family, suffix)
    given_words, suffix = _words(given, suffix)
    _, suffix = _words(f"x {after_suffix}", suffix)
    if family_words and not given_words and not comma and len(family_words) > 1:
        readings = _undecided(family_words)
        return Name(readings, nicknames, suffix, False, _long(family_words))
    while len(given_words) > 1 and "".join(given_words[-1]) in PARTICLES:  # `Berg, Ada van den`
        family_words.insert(0, given_words.pop())
    reading = _reading(given_words, family_words)
    return Name((reading,), nicknames, suffix, True, _long([*given_words, *family_words]))


def _long(words: list[tuple[str, ...]]) -> tuple[Word, ...]:
    return tuple(word_of(part) for parts in words for part in parts if len(part) > 1)


def _without_nicknames(text: str) -> tuple[str, tuple[Word, ...]]:
    found = [nick for nick in _NICK.findall(text) if not _CLASS.fullmatch(nick.strip())]
    words = [letters_of(nick) for nick in found if not any(sign.isdigit() for sign in nick)]
    return _NICK.sub(" ", text), tuple(word_of(word) for word in words if len(word) > 1)


def _by_capitals(text: str) -> tuple[str, str]:
    """Family and given names where the family name is in capitals (`van TEAN Mo`, `Mo TEAN`); else all and nothing."""
    words = text.split()
    shape = "".join(map(_kind, words))
    if not any(kind == "g" and any(map(str.islower, word)) for kind, word in zip(shape, words, strict=True)):
        return text, ""
    if match := re.match(r"[Fp]*F(?=g)", shape):
        end = match.end()
        return " ".join(words[:end]), " ".join(words[end:])
    if match := re.search(r"(?<=g)[Fp]*F$", shape):
        start = match.start()
        return " ".join(words[start:]), " ".join(words[:start])
    return text, ""


def _kind(word: str) -> str:
    """`F` for a family name in capitals, `p` for a particle in small letters, `g` for others."""
    return "F" if _is_family(word) else "p" if word.islower() and letters_of(word) in PARTICLES else "g"


def _is_family(word: str) -> bool:
    letters = [sign for sign in _PREFIX.sub("", word) if sign.isalpha()]
    if len(letters) < 2 or not all(sign.isupper() for sign in letters) or _CLASS.fullmatch(word):
        return False
    return len(letters) > 2 or any(sign in "AEIOUYАЕИОУЫЭЮЯ" for sign in letters)


def _words(text: str, suffix: str) -> tuple[list[tuple[str, ...]], str]:
    """The words, each as its parts between hyphens, and the suffix if there is one among them."""
    words: list[tuple[str, ...]] = []
    for printed in text.replace(".", " ").split():
        if _CLASS.fullmatch(printed):
            continue
        parts = tuple(part for piece in _SEPARATORS.split(printed) if (part := letters_of(piece)))
        if len(parts) == 1 and words and _SUFFIX.fullmatch(parts[0]):
            suffix = _SUFFIXES.get(parts[0], parts[0])
        elif parts and not (len(parts) == 1 and words and parts[0] in _JOINING and len(parts[0]) > 1):
            words.append(parts)
    return words[:_MOST_WORDS], suffix


def _reading(given: list[tuple[str, ...]], family: list[tuple[str, ...]], *, is_swapped: bool = False) -> Reading:
    return Reading(
        tuple(word_of("".join(parts)) for parts in given),
        tuple(word_of(word) for word in _glued([part for parts in family for part in parts])),
        is_swapped,
    )


def _glued(words: list[str]) -> list[str]:
    """Particles with the word they belong to: `van der berg` is one word, and `garcia y lopez` are two."""
    glued: list[str] = []
    held = ""
    for place, word in enumerate(words):
        if word in PARTICLES and place + 1 < len(words):
            held += word
        elif not (word in _JOINING and glued and place + 1 < len(words)):
            glued.append(held + word)
            held = ""
    return glued


def _undecided(words: list[tuple[str, ...]]) -> tuple[Reading, ...]:
    """Every way to divide words whose order nothing shows: given names first, then family names first."""
    borders = [
        border for border in range(len(words) - 1, 0, -1) if border == 1 or "".join(words[border - 1]) not in PARTICLES
    ]
    straight = [_reading(words[:border], words[border:]) for border in borders]
    swapped = [_reading(words[border:], words[:border], is_swapped=True) for border in reversed(borders)]
    readings = (*straight, *swapped)
    return tuple(reading for reading in readings if len(reading.family[0].raw) > 1) or readings
