"""Places that should be on a sheet and that no row has: rows that were lost on the way leave such a gap."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.extractions.swims import Swim

_Event = tuple[str | None, str]
_ORDER = {"time_trial": 0, "prelim": 0, "skins_1": 0, "semifinal": 1, "skins_2": 1}
"""Of rounds; the others, which come last, have 2."""


@dataclass(slots=True)
class _Group:
    """The places of one ranking: how many rows have each, and the page of the first of them."""

    event: _Event
    rank: int
    starts_page: bool
    rows: Counter[int] = field(default_factory=Counter)
    pages: dict[int, int] = field(default_factory=dict)
    last: int = 0

    def add(self, place: int, page: int) -> None:
        self.rows[place] += 1
        self.pages.setdefault(place, page)
        self.last = place

    def gaps(self) -> Iterator[tuple[int, int]]:
        """The page below each gap, and how many places it has. After a tie any place up to the next rank may follow."""
        expected = 1
        for place in sorted(self.rows):
            if place > expected and not (expected == 1 and self.starts_page):
                yield self.pages[place], place - expected
            expected = place + self.rows[place]


def missing_places(swims: Sequence[Swim]) -> Counter[int]:
    """How many places are missing, by page.

    A ranking starts anew at 1, and where a place comes again. Places before the first row of a page are not missing
    when no page before has the event: the file is an excerpt. Nor are those of an earlier round that belong to people
    who have only their later one on the sheet: preliminaries often list those who missed the final. Nor is any on a
    list of one club's results.
    """
    groups: defaultdict[tuple[_Event, str], list[_Group]] = defaultdict(list)
    people: defaultdict[_Event, defaultdict[int, set[object]]] = defaultdict(lambda: defaultdict(set))
    teams: set[object] = set()
    first: _Group | None = None
    page = 0
    events: set[_Event] = set()
    for swim in swims:
        event, rank = (swim.event_number, swim.event), _ORDER.get(swim.round, 2)
        people[event][rank].add((swim.team, swim.relay) if swim.relay else swim.name)
        if swim.place is None:
            continue
        if swim.kind == "relay_leg":
            team = (event, swim.round, swim.section, swim.team, swim.relay, swim.place, swim.time)
            if team in teams:
                continue
            teams.add(team)
        starts_page = swim.page != page and event not in events
        page = swim.page
        events.add(event)
        own = groups[event, swim.round]
        if not own or (swim.place < own[-1].last and (swim.place == 1 or swim.place in own[-1].rows)):
            own.append(_Group(event, rank, starts_page))
            first = first or own[0]
        own[-1].add(swim.place, swim.page)
    if _is_of_one_club(swims, [group for own in groups.values() for group in own]):
        return Counter()
    missing: Counter[int] = Counter()
    for (event, _), own in groups.items():
        excused = _without_this_round(people[event], own[0].rank)
        if first and event == first.event and own[0].rank < first.rank:
            excused += min(first.rows) - 1
        for group in own:
            for page, count in group.gaps():
                missing[page] += max(0, count - excused)
                excused = max(0, excused - count)
    return +missing


def _is_of_one_club(swims: Sequence[Swim], groups: list[_Group]) -> bool:
    """Whether all rows are one club's, and most rankings have gaps where the others were left out."""
    teams = {swim.team for swim in swims}
    if len(teams) != 1 or None in teams:
        return False
    return sum(any(group.gaps()) for group in groups) * 2 > len(groups) > 2


def _without_this_round(people: defaultdict[int, set[object]], rank: int) -> int:
    """How many people have a later round on the sheet, but not this one."""
    later = {person for other, found in people.items() if other > rank for person in found}
    return len(later - people[rank]) if later else 0
