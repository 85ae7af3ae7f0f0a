"""Swims that a report prints twice."""

from __future__ import annotations

from app.extractions.swims import Swim


def without_twins(swims: list[Swim]) -> list[Swim]:
    """Each swim once, where it says most.

    Who missed the finals stands in the ranking below them and again among the prelims, with seed, splits and reasons.
    A row of which nothing is printed behind the team is the other page's swim as well, whatever came of it.
    """
    found: dict[tuple[object, ...], list[Swim]] = {}
    for swim in swims:
        who = (swim.name, swim.age, swim.team, swim.kind, swim.relay, swim.leg)
        same = found.setdefault((*who, swim.event_number, swim.event, swim.round), [])
        for index, other in enumerate(same):
            if _is_blank(swim) or _is_blank(other) or _result(swim) == _result(other):
                same[index] = max(other, swim, key=_fullness)
                break
        else:
            same.append(swim)
    kept = {id(swim) for same in found.values() for swim in same}
    return [swim for swim in swims if id(swim) in kept]


def _is_blank(swim: Swim) -> bool:
    return swim.status == "NT" and swim.place is None


def _result(swim: Swim) -> tuple[object, ...]:
    return swim.place, swim.time, swim.status


def _fullness(swim: Swim) -> int:
    said = (swim.seed_or_prelim, swim.splits, swim.note, swim.points)
    return 0 if _is_blank(swim) else 1 + sum(bool(value) for value in said)
