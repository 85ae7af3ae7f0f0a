"""Whether two names can be one person's, and how surely."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from app.extractions.names.letters import Word
from app.extractions.names.likely_given import GIVEN_NAMES
from app.extractions.names.parsing import Name, Reading

_MORE = 2


class Match(IntEnum):
    """How two names go together, the best first.

    `EXACT`: nothing but the way of writing differs. `SURE`: one says more than the other, a middle name, a nickname or
    a second family name, and they contradict each other in nothing. The others are the same when family and given name
    change places, which nothing in the way of writing excludes.
    """

    EXACT = 0
    EXACT_SWAPPED = 1
    SURE = 2
    SURE_SWAPPED = 3
    NONE = 4


@lru_cache(maxsize=20_000)
def match(one: Name, other: Name) -> Match:
    """The best match of any reading of the one with any of the other."""
    if one.suffix != other.suffix:
        return Match.NONE
    best = Match.NONE
    for reading in one.readings:
        for against in other.readings:
            found = _match(reading, against, one.nicknames, other.nicknames)
            if found is Match.NONE:
                continue
            if reading.is_swapped != against.is_swapped:
                if _both_given(reading):
                    continue
                found = Match(found + 1)
            best = min(best, found)
            if best is Match.EXACT:
                return best
    return best


def _match(one: Reading, other: Reading, one_nick: tuple[Word, ...], other_nick: tuple[Word, ...]) -> Match:
    family, given = _family(one, other), _given(one.given, other.given, one_nick, other_nick)
    if family is None or given is None or family * given < 0:  # each says something that the other does not
        return Match.NONE
    return Match.EXACT if abs(family) < _MORE and abs(given) < _MORE else Match.SURE


def _both_given(reading: Reading) -> bool:
    words = (*reading.given[:1], *reading.family)
    return all(not word.spellings.isdisjoint(GIVEN_NAMES) for word in words)


def _family(one: Reading, other: Reading) -> int | None:
    """How much more the one says of the family name: `_MORE` for a further name; None: they are different."""
    if not one.family or not other.family:
        return 0 if one.family == other.family else None
    if one.family_as_one.is_same(other.family_as_one):
        return 0
    short, long = sorted((one.family, other.family), key=len)
    if len(short) == len(long) or not (one.given and other.given):
        return None
    if not (_all_same(short, long[: len(short)]) or _all_same(short, long[-len(short) :])):
        return None
    return _MORE if long is one.family else -_MORE


def _all_same(one: tuple[Word, ...], other: tuple[Word, ...]) -> bool:
    return all(word.is_same(against) for word, against in zip(one, other, strict=True))


def _given(
    one: tuple[Word, ...], other: tuple[Word, ...], one_nick: tuple[Word, ...], other_nick: tuple[Word, ...]
) -> int | None:
    """Likewise of the given names: 1 for an initial more, `_MORE` for a name; None: they are different."""
    if not one or not other:
        return 0 if one == other else None
    if one[0].is_same(other[0]):
        return _middle(one[1:], other[1:])
    if Reading(one, ()).given_as_one.is_same(Reading(other, ()).given_as_one):
        return 0
    middle = _middle(one[1:], other[1:])
    if any(nick.is_same(other[0]) for nick in one_nick) and middle is not None:
        return _MORE if middle >= 0 else None
    if any(nick.is_same(one[0]) for nick in other_nick) and middle is not None:
        return -_MORE if middle <= 0 else None
    return None


def _middle(one: tuple[Word, ...], other: tuple[Word, ...]) -> int | None:
    """An initial may stand for a middle name, and either may be left out where nothing is said instead."""
    short, long = sorted((one, other), key=len)
    if len(short) == len(long):
        return 0 if all(map(_may_be, short, long)) else None
    rest = iter(long)
    if not all(any(_may_be(word, against) for against in rest) for word in short):
        return None
    more = _MORE if short or any(len(word.raw) > 1 for word in long) else 1
    return more if long is one else -more


def _may_be(one: Word, other: Word) -> bool:
    if len(one.raw) > 1 and len(other.raw) > 1:
        return one.is_same(other)
    short, long = sorted((one, other), key=lambda word: len(word.raw))
    return short.is_same(long) or long.plain.startswith(short.plain) or long.folded.startswith(short.folded)
