"""One result of a LENEX file as the swims it stands for.

A time is `hh:mm:ss.hh` or `NT`; a date of birth on 1 January stands for a year alone; a relay's distance is that of one
swimmer; a place of -1 is none; splits are cumulative; relay swimmers have numbers from 1, reserves -1.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from app.extractions.files.lenex.contents import Contents, Event, Result, read_day, whole
from app.extractions.files.lenex.elements import Attributes
from app.extractions.files.records import entered, plain_points, plain_time
from app.extractions.files.titles import UNITS
from app.extractions.swims import Swim

_SEXES: Final = {"F": "Women", "M": "Men", "X": "Mixed"}
_STROKES: Final = {
    "FREE": "Freestyle",
    "BACK": "Backstroke",
    "BREAST": "Breaststroke",
    "FLY": "Butterfly",
    "MEDLEY": "Medley",
    "IMRELAY": "IM Relay",
    "SURFACE": "Surface",
    "BIFINS": "Bi-Fins",
    "APNEA": "Apnea",
    "IMMERSION": "Immersion",
}
_TECHNIQUES: Final = {"KICK": "Kick", "PULL": "Pull", "DIVE": "Underwater", "GLIDE": "Glide"}
_ROUNDS: Final = {
    "": ("final", None),
    "TIM": ("final", None),
    "FIN": ("final", None),
    "SEM": ("semifinal", None),
    "QUA": ("prelim", "Quarterfinals"),
    "PRE": ("prelim", None),
    "SOP": ("swim_off", None),
    "SOS": ("swim_off", None),
    "SOQ": ("swim_off", None),
    "TIMETRIAL": ("time_trial", None),
    "EXTRAHEATS": ("time_trial", "Extra heats"),
    "GER.RES": ("final", "Nachschwimmen"),
}
"""The round, and the words it stands under where the round does not say all; `TIM`, a timed final, is the default."""
_STATES: Final = {"DSQ": "DQ", "DNS": "NS", "DNF": "DNF", "WDR": "SCR", "SICK": "SCR"}
_REGULAR: Final = ("", "EXH", "OFFICIAL")
_NOT_SWUM: Final = (*_REGULAR, "RJC")
"""`RJC` is an entry that was rejected."""


def has_no_result(result: Result) -> bool:
    """Whether a result says neither a time nor why there is none: an entry that was not swum yet."""
    return result.attributes.get("status", "").upper() in _NOT_SWUM and _time_of(result) is None


def read_result(contents: Contents, event: Event, result: Result) -> Swim | None:
    """The swim of an athlete or of a team, without its place; None when something in it is of no kind that is known."""
    attributes = result.attributes
    round_, section = _ROUNDS.get(event.attributes.get("round", "").upper(), (None, None))
    state = attributes.get("status", "").upper()
    name = _name_of(result.athlete) if result.athlete else result.club.get("name") if result.relay else None
    if round_ is None or not name or (state not in _REGULAR and state not in _STATES):
        return None
    time, status = _time_of(result), _STATES.get(state, "OK")
    entry = result.entries.get(result.event_id, {})
    comment = attributes.get("comment") or None
    swim = Swim(
        name=name,
        kind="individual" if result.athlete else "relay",
        event_number=event.attributes.get("number") or None,
        event=_title(event, several_courses=contents.several_courses),
        round=round_,
        section=section,
        time=time if status == "OK" else None,
        status=status,
        seed_or_prelim=entered(attributes.get("entrytime") or entry.get("entrytime") or ""),
        points=plain_points(attributes.get("points", "")),
        exhibition=state == "EXH",
        team=result.club.get("name") or None,
        relay=(result.relay.get("number") or None) if result.relay else None,
        page=1,
        note="; ".join(filter(None, (comment, time))) or None if status == "DQ" else None,
        splits=[shown for _, text in sorted(result.splits) if (shown := plain_time(text))],
    )
    return _with_birth(swim, result.athlete) if result.athlete else swim


def swims_of(contents: Contents, result: Result, swim: Swim) -> list[Swim]:
    """The swim itself, or those of the swimmers of a relay, in their order; a team that names nobody stays one row."""
    legs = []
    for number, position in sorted((whole(number), position) for number, position in result.legs.items()):
        athlete = contents.athletes.get(position["athleteid"])
        if number > 0 and athlete and (name := _name_of(athlete)):
            leg = replace(swim, name=name, kind="relay_leg", leg=number)
            legs.append(_with_birth(leg, athlete))
    return legs or [swim]


def _with_birth(swim: Swim, athlete: Attributes) -> Swim:
    day = read_day(athlete.get("birthdate", ""))
    if day is None or day.year < 1900:
        return swim
    whole_date = None if (day.month, day.day) == (1, 1) else day.isoformat()
    return replace(swim, age=str(day.year), birth_date=whole_date)


def _name_of(athlete: Attributes) -> str | None:
    family = " ".join(filter(None, (athlete.get("nameprefix"), athlete.get("lastname"))))
    return ", ".join(filter(None, (family, athlete.get("firstname")))) or None


def _time_of(result: Result) -> str | None:
    return plain_time(result.attributes.get("swimtime", ""))


def _title(event: Event, *, several_courses: bool) -> str:
    """`Women, 100m Freestyle`, `Men, 4 x 50m Medley`; `100 SC Meter` where a meet is swum in several courses."""
    style = event.style
    distance, count = whole(style.get("distance")), whole(style.get("relaycount"))
    stroke = _STROKES.get(style.get("stroke", "").upper(), "")
    technique = _TECHNIQUES.get(style.get("technique", "").upper(), "")
    if stroke and distance > 0:
        unit = "yd" if event.course.startswith("SCY") else "m"
        if several_courses and event.course in UNITS:
            unit = f" {UNITS[event.course]}"
        length = f"{count} x {distance}{unit}" if count > 1 else f"{distance}{unit}"
        what = " ".join(filter(None, (length, stroke, technique)))
    else:
        what = style.get("name") or style.get("code") or ""
    return ", ".join(filter(None, (_SEXES.get(event.attributes.get("gender", "").upper()), what)))
