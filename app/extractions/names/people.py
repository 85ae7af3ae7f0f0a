"""Which of the people of one name is wanted: by club, year of birth, and what is printed beside each of their swims."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from app.extractions.names.letters import fold, letters_of
from app.extractions.names.matching import Match, match
from app.extractions.names.parsing import parse

_REGION: Final = re.compile(r"-[a-z]{2}$")  # HY-TEK adds the region: `GSUR-SC`
_LONGEST: Final = 200
_MOST_SIGHTINGS: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose swims are looked for. `club` and `birth_year` tell people of one name apart."""

    name: str
    club: str | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """A name beside which a club and an age are printed, as they are: an age, a school year, or a year of birth."""

    name: str
    team: str | None = None
    age: str | None = None
    birth_date: str | None = None
    is_leg: bool = False


@dataclass(slots=True)
class Person:
    """The sightings that can be one person's, as nothing in them differs."""

    match: Match
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(sighting.name for sighting in self.sightings))

    @property
    def team(self) -> str | None:
        return next((sighting.team for sighting in self.sightings if sighting.team), None)

    @property
    def age(self) -> str | None:
        return next((sighting.age for sighting in self.sightings if sighting.age), None)


def tell_apart(sightings: Iterable[Sighting], matches: Mapping[str, Match]) -> list[Person]:
    """The people that the sightings show; one that could be several people's is nobody's."""
    people: list[Person] = []
    ordered = sorted(
        dict.fromkeys(sightings),
        key=lambda sighting: (sighting.is_leg, not sighting.age, not sighting.team, matches[sighting.name]),
    )
    for sighting in ordered[:_MOST_SIGHTINGS]:  # nobody is printed in so many ways
        how = matches[sighting.name]
        own = [person for person in people if all(_can_be_one(known, sighting) for known in person.sightings)]
        own = [person for person in own if _is_shown(person, sighting, how)]
        if not own:
            people.append(Person(how, [sighting]))
        elif len(own) == 1:
            own[0].sightings.append(sighting)
            own[0].match = min(own[0].match, how)
    return people


def choose(people: Sequence[Person], wanted: Wanted, meet_year: int | None) -> tuple[Person | None, list[Person]]:
    """The wanted person, if it is sure who that is, and those of whom each may be."""
    fitting = [person for person in people if _is_wanted(person.sightings, wanted, meet_year)]
    if not fitting:
        return None, []
    best = min(person.match for person in fitting)
    likely = [person for person in fitting if person.match == best]
    return (likely[0] if len(likely) == 1 else None), likely


def _is_wanted(sightings: Sequence[Sighting], wanted: Wanted, meet_year: int | None) -> bool:
    """Whether club and year of birth contradict nothing that is printed; one of several clubs is enough."""
    if wanted.birth_year and not all(_is_born(wanted.birth_year, sighting, meet_year) for sighting in sightings):
        return False
    teams = [sighting.team for sighting in sightings if sighting.team]
    return not wanted.club or not teams or any(_is_club(wanted.club, team) for team in teams)


def _is_shown(person: Person, sighting: Sighting, how: Match) -> bool:
    """A name that says more or less than the person's other one is theirs when a club or an age shows it as well."""
    if (person.match < Match.SURE) == (how < Match.SURE):
        return True
    return any((known.team and sighting.team) or (known.age and sighting.age) for known in person.sightings)


def _can_be_one(one: Sighting, other: Sighting) -> bool:
    if one.name != other.name and match(parse(one.name), parse(other.name)) is Match.NONE:
        return False
    if one.birth_date and other.birth_date and one.birth_date != other.birth_date:
        return False
    if not _same_age(one.age, other.age):
        return False
    # A relay may swim under the code of a club, or for a region: then the age tells whose leg it is.
    is_relay = one.is_leg != other.is_leg and one.age and other.age
    return bool(is_relay) or same_team(one.team, other.team)


def _same_age(one: str | None, other: str | None) -> bool:
    if not one or not other or one.isdecimal() != other.isdecimal():
        return True
    if one.isdecimal():  # `8` and `08`, `2008` and `08`
        return one[-2:].zfill(2) == other[-2:].zfill(2)
    return one.casefold() == other.casefold()


@lru_cache(maxsize=20_000)
def same_team(one: str | None, other: str | None) -> bool:
    """Whether two ways to print a club can be one club's: whole, cut off, or as a code of its letters."""
    if not one or not other or one == other:
        return True
    names = sorted((_REGION.sub("", fold(name[:_LONGEST]).strip()) for name in (one, other)), key=len)
    short, long = map(letters_of, names)
    if not short or long.startswith(short) or _is_shortened(*names):
        return True
    if len(short) > 6 or short[0] != long[0]:
        return False
    rest = iter(long)
    return all(sign in rest for sign in short)


def _is_shortened(short: str, long: str) -> bool:
    """`Univ of Lakeside` for `University of Lakeside`."""
    words, others = short.split(), long.split()
    return len(words) == len(others) and all(map(str.startswith, others, [word.rstrip(".") for word in words]))


def _is_club(wanted: str, team: str) -> bool:
    if same_team(wanted, team):
        return True
    words = [letters_of(word) for word in fold(wanted).split()]
    printed = letters_of(fold(team))
    return all(word in printed for word in words)


def _is_born(year: int, sighting: Sighting, meet_year: int | None) -> bool:
    """A number of two digits may be an age or a year: it fits if either does."""
    if sighting.birth_date and (printed := re.search(r"(?<!\d)\d{4}(?!\d)", sighting.birth_date)):
        return int(printed[0]) == year
    age = sighting.age or ""
    if not age.isdecimal() or len(age) > 4:
        return True
    if len(age) == 4:
        return int(age) == year
    is_year = len(age) == 2 and int(age) == year % 100
    if age.startswith("0"):
        return is_year
    return is_year or meet_year is None or meet_year - int(age) - year in (0, 1)
