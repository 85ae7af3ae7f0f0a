"""Finding one person among the names of a sheet.

The same person is printed in many ways: `King, Lilly A`, `Lilly King`, `KING Lilly`, `*King, Lilly`. Two names match
when nothing but the way of writing differs: order, case, accents, punctuation, and a middle initial that one of them
leaves out. Anything that may be another person (a nickname, a missing middle name, swapped names without a comma) is
only near.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_NEAR = 5
_NEAR_ENOUGH = 0.6  # of 1: two spellings of one name score above 0.7, two people with the same first name below 0.55
# Letters that Unicode does not take apart into a base letter and an accent.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"})
_CLASS = re.compile(r"S[BM]?\d{1,2}", re.IGNORECASE)  # Para swimming prints the class behind the name: S3, SB14
_PREFIX = re.compile(r"^(?:Mc|Mac|Fitz|De|Di|Du|La|Le|O['’])(?=[A-Z]{2})")  # in small letters also in `McDADE`
_SUFFIX = re.compile(r"jr|sr|ii|iii|iv")


@dataclass(frozen=True, slots=True)
class _Key:
    """A name without its way of writing.

    `core` is first name, middle names and family name as bare letters, `initials` the single letters between them,
    `short` the core without the middle names and `middles` their first letters.
    """

    core: str
    initials: str
    short: str
    middles: str
    suffix: str
    tokens: tuple[str, ...]


def name_keys(name: str) -> tuple[str, str]:
    """The name as bare letters, with middle names and without. Two names that match have one of them in common."""
    key = _key(name)
    return key.core, key.short


def choose_names(names: Sequence[str], swimmer_name: str) -> tuple[set[str], list[str]]:
    """Those of the names that are the wanted person's, and, only if there are none, up to five that come close.

    When the wanted name fits two people equally well (`King, Lilly A` and `King, Lilly B` for `Lilly King`), neither is
    taken; both are near.
    """
    wanted = _key(swimmer_name)
    matching = [name for name in names if wanted.core and _is_same(wanted, _key(name))]
    initials = {_key(name).initials or _key(name).middles for name in matching} - {""}
    if len(initials) > 1:
        matching = [
            name for name in matching if _key(name).initials == wanted.initials and _key(name).core == wanted.core
        ]
    return set(matching), [] if matching else _near(wanted, names)


def _is_same(one: _Key, other: _Key) -> bool:
    if one.suffix != other.suffix:
        return False
    if one.core == other.core:
        return not one.initials or not other.initials or one.initials == other.initials
    # `Jones, Stephen Robert` is `Jones, Stephen R`, but not `Jones, Stephen`.
    return (one.short == other.core and bool(one.middles) and one.middles == other.initials) or (
        other.short == one.core and bool(other.middles) and other.middles == one.initials
    )


@lru_cache(maxsize=20_000)
def _key(name: str) -> _Key:
    """The key of a printed or typed name."""
    given, family = _parts(name)
    tokens = [*given, *family]
    suffix = "".join(token for token in tokens[1:] if _SUFFIX.fullmatch(token))
    given = [token for index, token in enumerate(given) if not (_SUFFIX.fullmatch(token) and index)]
    family = [token for token in family if not _SUFFIX.fullmatch(token)]
    first, middle = given[:1], given[1:]
    initials = "".join(token for token in middle if len(token) == 1)
    middles = [token for token in middle if len(token) > 1]
    return _Key(
        core="".join([*first, *middles, *family]),
        initials=initials,
        short="".join([*first, *family]),
        middles="".join(token[0] for token in middles),
        suffix=suffix,
        tokens=(*first, *middles, *family),
    )


def _parts(name: str) -> tuple[list[str], list[str]]:
    """Given and family names as bare letters. Without a comma the last word counts as the family name.

    Words in capitals beside words that are not are the family name (`KING Lilly`), except initials such as `JT`.
    """
    before, comma, after = name.partition(",")
    if comma:
        return _tokens(after), _tokens(before)
    words = name.split()
    capitals = [word for word in words if _is_family_in_capitals(word)]
    others = [word for word in words if word not in capitals]
    if capitals and any(any(sign.islower() for sign in word) for word in others) and words[: len(capitals)] == capitals:
        return _tokens(" ".join(others)), _tokens(" ".join(capitals))
    tokens = _tokens(name)
    return tokens[:-1], tokens[-1:]


def _is_family_in_capitals(word: str) -> bool:
    letters = [sign for sign in _PREFIX.sub("", word) if sign.isalpha()]
    if len(letters) < 2 or not all(sign.isupper() for sign in letters) or _CLASS.fullmatch(word):
        return False
    return len(letters) > 2 or any(sign in "AEIOUY" for sign in letters)


def _tokens(text: str) -> list[str]:
    words = re.sub(r"[-‐-–_/]", " ", text).split()
    return [token for word in words if not _CLASS.fullmatch(word) and (token := _letters(word))]


def _letters(word: str) -> str:
    """A word's letters in lower case without accents; an apostrophe joins, so that O'Brien is Obrien."""
    plain = unicodedata.normalize("NFKD", word.casefold().translate(_LETTERS))
    return "".join(sign for sign in plain if sign.isalpha())


def _near(wanted: _Key, names: Sequence[str]) -> list[str]:
    best: dict[str, tuple[float, str]] = {}
    pairs = _pairs(wanted)
    for name in names:
        key = _key(name)
        other = _pairs(key)
        if not pairs or not other:
            continue
        likeness = 2 * len(pairs & other) / (len(pairs) + len(other))
        shared = set(wanted.tokens) & set(key.tokens)
        if shared and {token[0] for token in wanted.tokens} == {token[0] for token in key.tokens}:
            likeness += 0.15
        if likeness >= _NEAR_ENOUGH and likeness > best.get(key.core + key.initials, (0.0, ""))[0]:
            best[key.core + key.initials] = (likeness, name)
    ranked = sorted(best.values(), key=lambda found: -found[0])
    return [name for _, name in ranked[:_NEAR]]


@lru_cache(maxsize=20_000)
def _pairs(key: _Key) -> frozenset[str]:
    """The pairs of neighbouring letters of a name, with the start and the end of each word."""
    padded = [f"^{token}$" for token in key.tokens]
    return frozenset(word[index : index + 2] for word in padded for index in range(len(word) - 1))
