"""Which encoding makes words of bytes: every likely one is tried, and what it makes is weighed by what people write.

A weight is the natural logarithm of how likely something is. What counts is which letters a language has beside ASCII
and how often, where capitals stand, which letters are neighbours, and that signs and frames do not stand inside words.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from app.kit.text.charset_tables import (
    COMMON_HANGUL,
    COMMON_KANJI,
    COMMON_SIMPLIFIED,
    COMMON_TRADITIONAL,
    LANGUAGE_COSTS,
    LANGUAGES,
    MULTI_BYTE,
    SINGLE_BYTE,
)

MOST_EVIDENCE: Final = 6000
"""Bytes of different words; more tell nothing new."""
_BREAK: Final = re.compile(rb"[\x00-\x2f\x3a-\x3f]+")
"""Bytes that are no part of a word, and of no character of several bytes."""
_RUN: Final = re.compile(rb"([\x80-\xff])\1{3,}")
_UNKNOWN_LETTER, _FOREIGN_LETTER, _SIGN, _ODD_SIGN, _FRAME, _CONTROL, _UNDEFINED = (
    -7.6,
    -11.0,
    -5.5,
    -8.0,
    -9.5,
    -12.0,
    -14.0,
)
_USUAL_SIGNS: Final = frozenset("\u00a0’‘“”„‚–—…«»€£§°®©™²³½µ·•×º¿¡№±")
_AFTER_DIGIT: Final = frozenset("°€£%²³½µ×")
_SYNTAX: Final = frozenset("[]^_{}~@\\`")
_VOWELS: Final = frozenset("aeiouyæøœıα")
_SOURCE_SCRIPTS: Final = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI")


@dataclass(frozen=True, slots=True)
class Guess:
    """`weight` is comparable between the guesses for the same bytes; `text` is what it makes of the evidence."""

    encoding: str
    weight: float
    text: str


def words_of(data: bytes) -> bytes:
    """The different words of a text that are not ASCII, one a line: the evidence that tells encodings apart."""
    words: dict[bytes, None] = {}
    size = 0
    for word in _BREAK.split(data):
        word = _RUN.sub(rb"\1", word)
        if word and not word.isascii() and word not in words:
            words[word] = None
            size += len(word) + 1
            if size > MOST_EVIDENCE:
                break
    return b"\n".join(words)


def rank_encodings(evidence: bytes) -> list[Guess]:
    """The encodings that can have made these words, the likeliest first; of those that make the same of them, one."""
    found: dict[str, Guess] = {}
    for encoding, cost in (*SINGLE_BYTE.items(), *MULTI_BYTE.items()):
        text = evidence.decode(encoding, "replace")
        bad = text.count("\N{REPLACEMENT CHARACTER}")
        if bad > 1 + len(text) // 50:
            continue
        weigh = _weigh_ideographs if encoding in MULTI_BYTE else _weigh_letters
        guess = Guess(encoding, weigh(text, encoding) - cost, text)
        if text not in found or guess.weight > found[text].weight:
            found[text] = guess
    return sorted(found.values(), key=lambda guess: -guess.weight)


def _weigh_letters(text: str, _: str) -> float:
    letters: Counter[str] = Counter()
    weight = 0.0
    for word in text.split("\n"):
        for place, sign in enumerate(word):
            if sign.isascii():
                continue
            category = _category(sign)
            before = word[place - 1] if place else ""
            after = word[place + 1] if place + 1 < len(word) else ""
            if category[0] in "LM":
                letters[sign.lower()] += 1
                weight += _place_weight(sign, before, after, word[place - 2 : place - 1] if place > 1 else "")
            else:
                weight += _sign_weight(sign, category, before, after)
    return weight + _language_weight(letters)


def _language_weight(letters: Mapping[str, int]) -> float:
    """How likely the letters are in the language that they fit best."""
    if not letters:
        return 0
    best = -math.inf
    for name, shares in LANGUAGES.items():
        weight = -LANGUAGE_COSTS[name]
        script = _script(next(iter(shares)))
        for letter, count in letters.items():
            share = shares.get(letter)
            if share is not None:
                weight += count * math.log(share)
            else:
                weight += count * (_UNKNOWN_LETTER if _script(letter[0]) == script else _FOREIGN_LETTER)
            if weight < best:
                break
        best = max(best, weight)
    return best


def _place_weight(sign: str, before: str, after: str, earlier: str) -> float:
    """How likely a letter is where it stands: capitals begin words, vowels and consonants alternate."""
    weight = 0.0
    lower_before, upper_before = before.islower(), before.isupper()
    if sign.isupper():
        weight -= 4.0 if lower_before else 0.7 if not upper_before else 0
        if not before and after.islower():
            weight += 0.2
    elif sign.islower() and upper_before and (after.isupper() or earlier.isupper()):
        weight -= 3.0
    if not (before.isalpha() or after.isalpha()):
        weight -= 2.5
    if before in _SYNTAX or after in _SYNTAX:
        weight -= 2.5
    if _script(sign) != "LATIN":
        mixed = (before.isascii() and before.isalpha()) + (after.isascii() and after.isalpha())
        return weight - 3.0 * mixed
    if before and not before.isascii() and before.isalpha():
        weight -= 1.2
    kind = _is_vowel(sign)
    left = _is_vowel(before) if before.isalpha() else None
    right = _is_vowel(after) if after.isalpha() else None
    if left is kind and right is kind:
        weight -= 1.6
    elif left is kind or right is kind:
        weight -= 0.25
    return weight


def _sign_weight(sign: str, category: str, before: str, after: str) -> float:
    if sign == "\N{REPLACEMENT CHARACTER}":
        return _UNDEFINED
    if category[0] == "C":
        return _CONTROL
    inside = before.isalpha() and after.isalpha()
    if sign in _USUAL_SIGNS:
        if inside:
            return _SIGN if sign in "’·–" else _SIGN - 4
        return _SIGN + (2 if before.isdigit() and sign in _AFTER_DIGIT else 0)
    if sign in "ªº":
        return _SIGN - 4 if inside else _SIGN
    if _is_frame(sign):
        if before.isalpha() or after.isalpha():
            return _FRAME - 3
        return _SIGN + 1 if _is_frame(before) or _is_frame(after) else _FRAME
    return _ODD_SIGN - (4 if inside else 0)


def _is_frame(sign: str) -> bool:
    return "\u2500" <= sign <= "\u259f"


def _weigh_ideographs(text: str, encoding: str) -> float:
    """The weight of Chinese, Japanese or Korean text; what is neither is weighed as letters are."""
    weight = 0.0
    kana = sum("\u3040" <= sign <= "\u30ff" for sign in text)
    rest = []
    for sign in text:
        if sign.isascii():
            rest.append(sign)
        elif (found := _ideograph_weight(sign, encoding, kana > 0)) is not None:
            weight += found
            rest.append(" ")
        else:
            rest.append(sign)
    return weight + 1.2 * _weigh_letters("".join(rest), encoding)


def _ideograph_weight(sign: str, encoding: str, has_kana: bool) -> float | None:
    if "\u3040" <= sign <= "\u30ff":
        return -4.2 if encoding in ("cp932", "euc_jp") else -9.0
    if "\uff61" <= sign <= "\uff9f":
        return -7.0
    if "\uac00" <= sign <= "\ud7a3":
        if encoding != "cp949":
            return -13.0
        return -4.8 if sign in COMMON_HANGUL else -7.5 if _is_in(sign, "euc_kr") else -12.5
    if "\u4e00" <= sign <= "\u9fff" or "\u3400" <= sign <= "\u4dbf":
        return _hanzi_weight(sign, encoding, has_kana)
    if "\u3000" <= sign <= "\u303f" or "\uff01" <= sign <= "\uff60":
        return -6.0
    if "\ue000" <= sign <= "\uf8ff" or ord(sign) > 0xFFFF:
        return -15.0
    return None


def _hanzi_weight(sign: str, encoding: str, has_kana: bool) -> float:
    if encoding == "cp949":
        return -11.0
    if encoding in ("cp932", "euc_jp"):
        level = sign.encode("euc_jp", "ignore")[:1]
        base = -5.2 if sign in COMMON_KANJI else -7.5 if b"\xb0" <= level <= b"\xcf" else -11.5
        return base + (0.5 if has_kana else 0)
    if encoding == "cp950":
        level = sign.encode("cp950", "ignore")[:1]
        return -4.8 if sign in COMMON_TRADITIONAL else -8.0 if b"\xa4" <= level <= b"\xc6" else -11.5
    level = sign.encode("gb2312", "ignore")[:1]
    return -4.8 if sign in COMMON_SIMPLIFIED else -8.0 if b"\xb0" <= level <= b"\xd7" else -10.5 if level else -13.0


@cache
def _is_in(sign: str, encoding: str) -> bool:
    return bool(sign.encode(encoding, "ignore"))


@cache
def _category(sign: str) -> str:
    return unicodedata.category(sign)


@cache
def _script(sign: str) -> str:
    name = unicodedata.name(sign, "")
    return next((script for script in _SOURCE_SCRIPTS if name.startswith(script)), name.split(" ")[0])


@cache
def _is_vowel(letter: str) -> bool:
    return unicodedata.normalize("NFD", letter.lower())[:1] in _VOWELS
