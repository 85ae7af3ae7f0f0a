"""Names that come close: offered, never taken."""

from __future__ import annotations

from functools import lru_cache

from app.extractions.names.letters import Word
from app.extractions.names.parsing import Name

NEAR_ENOUGH = 0.6  # of 1: two spellings of one name score above 0.7, two people with the same first name below 0.55
_SURNAME, _GIVEN = 0.5, 0.25


def likeness(wanted: Name, other: Name) -> float:
    """How close a name comes; below `NEAR_ENOUGH` it is somebody else's. One whose family name fits always is near."""
    pairs, others = _pairs(wanted.words), _pairs(other.words)
    if not pairs or not others:
        return 0.0
    found = 2 * len(pairs & others) / (len(pairs) + len(others))
    shares = any(word.is_same(against) for word in wanted.words for against in other.words)
    if shares and {word.plain[0] for word in wanted.words} == {word.plain[0] for word in other.words}:
        found += 0.15
    if _surname_fits(wanted, other):
        found = max(found, NEAR_ENOUGH) + _SURNAME + _GIVEN * _given_fits(wanted, other)
    return found


def _surname_fits(wanted: Name, other: Name) -> bool:
    """By the likeliest reading of the wanted name; a printed one whose order is open may have it on either side."""
    family = wanted.readings[0].family
    printed = other.readings[0].family if other.is_sure else other.words
    as_one = wanted.readings[0].family_as_one if family else None
    if as_one and other.readings[0].family and as_one.is_same(other.readings[0].family_as_one):
        return True
    if any(len(word.raw) > 1 and word.is_same(against) for word in family for against in printed):
        return True
    if any(_without_particles(word, against) for word in family for against in printed):
        return True
    first = wanted.readings[-1].family if not wanted.is_sure and other.is_sure else ()
    return any(len(word.raw) > 1 and word.is_same(against) for word in first for against in printed)


def _without_particles(one: Word, other: Word) -> bool:
    """`van der Berg` and `Berg`."""
    short, long = sorted((one.plain, other.plain), key=len)
    return len(short) > 3 and long.endswith(short) and long != short


def _given_fits(wanted: Name, other: Name) -> float:
    """1 for a given name that is the other's beginning or nickname, less for one that only begins alike."""
    best = 0.0
    given = {*(word for reading in wanted.readings for word in reading.given[:1]), *wanted.nicknames}
    others = {*(word for reading in other.readings for word in reading.given[:1]), *other.nicknames}
    for word in given:
        for against in others:
            one, two = word.plain, against.plain
            common = next(
                (n for n, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two))
            )
            best = max(best, 1.0 if common == min(len(one), len(two)) else 0.8 * common / max(len(one), len(two)))
    return best


@lru_cache(maxsize=20_000)
def _pairs(words: tuple[Word, ...]) -> frozenset[str]:
    """The pairs of neighbouring letters, with the start and the end of each word."""
    padded = [f"^{word.plain}$" for word in words]
    return frozenset(word[index : index + 2] for word in padded for index in range(len(word) - 1))
