"""Finding one person among the names of a sheet, in whatever way they are printed."""

from __future__ import annotations

from collections.abc import Sequence

from app.extractions.names.matching import Match
from app.extractions.names.people import Person, Sighting, Wanted, choose, tell_apart
from app.extractions.names.search import NEAR, NameSearch

__all__ = ["NEAR", "Match", "NameSearch", "Person", "Sighting", "Wanted", "choose", "choose_names", "tell_apart"]


def choose_names(names: Sequence[str], swimmer_name: str) -> tuple[set[str], list[str]]:
    """Those of the names that are the wanted person's, and, only if there are none, up to five that come close.

    When the wanted name fits two people equally well (`King, Lilly A` and `King, Lilly B` for `Lilly King`), neither is
    taken; both are near.
    """
    search = NameSearch(names)
    matches = search.matches(swimmer_name)
    people = tell_apart(map(Sighting, matches), matches)
    person, _ = choose(people, Wanted(swimmer_name), None)
    if person:
        return {sighting.name for sighting in person.sightings}, []
    return set(), search.near(swimmer_name)
