"""A sheet as the text it is kept and handed out as: JSON with one swim on each line.

One person's swims are found without decoding the others, and no line takes long to decode: while one is decoded, the
whole process waits.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Literal, TypedDict

from app.extractions.batch_swims.days import read_days
from app.extractions.names import NEAR, Match, NameSearch, Person, Sighting, Wanted, choose, tell_apart
from app.extractions.reading import is_reading
from app.extractions.swims import FACTS, SWIM_FIELDS, Sheet
from app.kit.sandbox.errors import SandboxCrashed

_BEFORE_SWIMS: Final = ', "swims": ['
_AFTER_SWIMS: Final = "]}"
_BEFORE_NAME: Final = '{"name": '
_BEHIND_NAME: Final = ', "kind": '
_NAME_AT: Final = len(_BEFORE_NAME)
_TEAM: Final = _BEHIND_NAME + '"relay",'
MOST_NEAR: Final = 10
MOST_EVENTS: Final = 10
_encode: Final = json.JSONEncoder(ensure_ascii=False).encode
_LONGEST: Final = 2**16  # characters; a swim has some 400
_AT_ONCE: Final = 64  # swims: decoded one by one they take a third more, and all together they hold up the process
_HEADS: Final = [f'{", " if index else "{"}"{name}": ' for index, name in enumerate(SWIM_FIELDS)]
_EXHIBITION: Final = SWIM_FIELDS.index("exhibition")


class NoSheet(Exception):
    """The text is not one that `write_sheet` writes."""


class NearName(TypedDict):
    """Somebody who may be meant: a name, club and age as printed, and the first events they swam."""

    name: str
    team: str | None
    age: str | None
    events: list[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a sheet says of itself, how many swims it has, and one person's.

    `match` is `exact` when nothing but the way of writing the name differs, `sure` when the sheet says more or less of
    it, and `ambiguous` when several people fit: then there are no swims, and `near` are those people. It is None when
    nobody fits; `near` are then names that come close.
    """

    facts: dict[str, Any]
    swims_on_sheet: int
    swims: list[dict[str, Any]]
    match: Literal["exact", "sure", "ambiguous"] | None
    near: list[NearName]

    @property
    def near_names(self) -> list[str]:
        """Up to five of the names."""
        return list(dict.fromkeys(near["name"] for near in self.near))[:NEAR]


class _Literals(dict[str | int | None, str]):
    """What strings, whole numbers and nothing are in JSON: the names of events and clubs come again and again."""

    def __init__(self) -> None:
        super().__init__({0: "0", 1: "1"})  # whatever is asked for first: to a dictionary, False and True are the same
        self.edges = _Edges()

    def __missing__(self, value: str | int | None) -> str:
        text = self[value] = _encode(value)
        return text


class _Edges(dict[float, str]):
    """What edges of boxes are in JSON: most rows begin where others do, and to write a number takes long."""

    def __missing__(self, value: float) -> str:
        text = self[value] = _encode(value)
        return text


def write_sheet(sheet: Sheet) -> str:
    """The sheet as text."""
    literals = _Literals()
    first = _encode({name: getattr(sheet, name) for name in FACTS})[:-1] + _BEFORE_SWIMS
    swims = ",\n".join([_write_swim(swim.values(), literals) for swim in sheet.swims])
    return f"{first}\n{swims}\n{_AFTER_SWIMS}" if swims else f"{first}\n{_AFTER_SWIMS}"


def _write_swim(values: Sequence[Any], literals: _Literals) -> str:
    """The line of the swim with these fields: half the time of an encoder, which does not know what they are."""
    *plain, box, splits = values
    texts = list(map(literals.__getitem__, plain))
    texts[_EXHIBITION] = "true" if values[_EXHIBITION] else "false"
    texts.append("null" if box is None else f"[{', '.join(map(literals.edges.__getitem__, box))}]")
    texts.append(f"[{', '.join([literals[split] for split in splits])}]" if splits else "[]")
    return "".join([head + text for head, text in zip(_HEADS, texts, strict=True)]) + "}"


def check_sheet(text: str) -> None:
    """Raises `NoSheet` unless the text is one that `write_sheet` writes."""
    try:
        first, lines = _lines(text)
        facts = _facts(first)
        right = tuple(facts) == FACTS and _encode(facts)[:-1] + _BEFORE_SWIMS == first and _are_written(lines)
    except (ValueError, TypeError, RecursionError) as error:
        raise NoSheet("This is not a sheet.") from error
    if not right:
        raise NoSheet("This is not how a sheet is written.")


def _are_written(lines: list[str]) -> bool:
    """Whether these lines are swims as `write_sheet` writes them, all but the last with a comma."""
    literals = _Literals()
    if lines:
        lines = [*lines[:-1], lines[-1] + ","]
    for part in _in_parts(lines):
        swims = json.loads(f"[{''.join(part)[:-1]}]")
        if len(swims) != len(part):
            return False
        for swim, line in zip(swims, part, strict=True):
            if tuple(swim) != SWIM_FIELDS or _write_swim([*swim.values()], literals) + "," != line:
                return False
    return True


def _in_parts(lines: list[str]) -> Iterator[list[str]]:
    """The lines of swims, so many at once as are decoded quickly, however long they are."""
    part: list[str] = []
    size = 0
    for line in lines:
        if part and (len(part) == _AT_ONCE or size + len(line) > _LONGEST):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line)
    if part:
        yield part


def checked(answer: bytes) -> str:
    """What a child answered, if it is a sheet: a child that has read a hostile file may answer anything."""
    try:
        text = answer.decode()
        check_sheet(text)
    except (UnicodeDecodeError, NoSheet) as error:
        raise SandboxCrashed("The reader answered with something that is not a sheet.") from error
    if not is_reading(read_facts(text)["reading"]):
        raise SandboxCrashed("The reader did not report on the sheet.")
    return text


def read_facts(text: str) -> dict[str, Any]:
    """What a sheet says of itself, without its swims, from a text that has been checked."""
    return _parts(text)[0]


def find_in_sheet(text: str, wanted: Wanted) -> Found:
    """The swims of a person in sheet order, from a text that has been checked."""
    first, swims = _lines(text)
    facts = _facts(first)
    places: dict[str, list[int]] = {}
    for place, swim in enumerate(swims):
        places.setdefault(_name_of(swim), []).append(place)
    places.pop("", None)
    by_name = {literal[1:-1] if "\\" not in literal else json.loads(literal): own for literal, own in places.items()}
    search = NameSearch(by_name)
    matches = search.matches(wanted.name)

    def swims_of(name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        for place in by_name[name]:
            yield place, json.loads(swims[place].removesuffix(","))

    decoded = [(place, swim, _sighting(swim)) for name in matches for place, swim in swims_of(name)]
    year = _year_of(facts)
    person, candidates = choose(tell_apart((sighting for _, _, sighting in decoded), matches), wanted, year)
    if person:
        mine = set(person.sightings)
        own_swims = sorted(((place, swim) for place, swim, sighting in decoded if sighting in mine), key=itemgetter(0))
        how: Literal["exact", "sure"] = "exact" if person.match < Match.SURE else "sure"
        return Found(facts, len(swims), [swim for _, swim in own_swims], how, [])
    if candidates:
        near = [_near(name, swims_of, set(other.sightings)) for other in candidates for name in other.names]
        return Found(facts, len(swims), [], "ambiguous", near[:MOST_NEAR])
    near = []
    for name in search.near(wanted.name):
        apart = tell_apart([_sighting(swim) for _, swim in swims_of(name)], {name: Match.SURE})
        near += [_near(name, swims_of, set(other.sightings)) for other in apart]
    return Found(facts, len(swims), [], None, near[:MOST_NEAR])


def _sighting(swim: Mapping[str, Any]) -> Sighting:
    return Sighting(swim["name"], swim["team"], swim["age"], swim["birth_date"], swim["kind"] == "relay_leg")


def _near(
    name: str, swims_of: Callable[[str], Iterable[tuple[int, Mapping[str, Any]]]], sightings: Set[Sighting]
) -> NearName:
    """One person of a name, with all their events."""
    own = [swim for _, swim in swims_of(name) if _sighting(swim) in sightings]
    person = Person(Match.SURE, [_sighting(swim) for swim in own])
    events = list(dict.fromkeys(str(swim["event"]) for swim in own if swim["event"]))
    return {"name": name, "team": person.team, "age": person.age, "events": events[:MOST_EVENTS]}


def _year_of(facts: Mapping[str, Any]) -> int | None:
    days = read_days(facts["dates"], facts["course"])
    return days.first.year if days.first else None


def _parts(text: str) -> tuple[dict[str, Any], list[str]]:
    """The facts, and the swims undecoded."""
    first, swims = _lines(text)
    return _facts(first), [swim.removesuffix(",") for swim in swims]


def _lines(text: str) -> tuple[str, list[str]]:
    """The line before the swims, and a line for each swim, which ends with a comma if another one follows."""
    lines = text.split("\n")
    if len(lines) < 2 or lines.pop() != _AFTER_SWIMS or max(map(len, lines)) > _LONGEST:
        raise NoSheet("This is not a sheet.")
    first = lines.pop(0)
    if not first.endswith(_BEFORE_SWIMS):
        raise NoSheet("This is not a sheet.")
    return first, lines


def _facts(first: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(first.removesuffix(_BEFORE_SWIMS) + "}")
    return facts


def _name_of(swim: str) -> str:
    """The name as its JSON says it; empty for a team that names nobody. Inside of a name there is no bare quote."""
    end = swim.find(_BEHIND_NAME, _NAME_AT)
    return "" if swim.startswith(_TEAM, end) else swim[_NAME_AT:end]
