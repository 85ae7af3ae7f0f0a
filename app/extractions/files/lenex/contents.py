"""What a LENEX file holds, collected while its elements come by.

The elements and their attributes are those of *LENEX 3.0 - Technical documentation* (C. Kaufmann, 10 November 2016) and
were compared with files written by SPLASH Meet Manager, EasyWk and MSECM.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date

from app.extractions.files.lenex.elements import Attributes
from app.extractions.files.records import check_rows
from app.extractions.files.titles import age_group


@dataclass(slots=True)
class Group:
    """An age group of an event, or the one ranking of an event that has none; `places` by the ids of results."""

    name: str | None
    places: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Event:
    """One round of an event; `order` is its place in the file, `style` its distance and stroke."""

    attributes: Attributes
    order: int
    course: str
    style: Attributes = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """A result with who swam it, an athlete or a relay; `legs` by number, `entries` by the ids of events."""

    attributes: Attributes
    event_id: str
    club: Attributes
    athlete: Attributes | None
    relay: Attributes | None
    entries: dict[str, Attributes]
    result_id: str
    legs: dict[str, Attributes] = field(default_factory=dict)
    splits: list[tuple[int, str]] = field(default_factory=list)


class Contents:
    """The parts of one file. References are only followed when all of them are known: a relay may name athletes of
    clubs that come later.
    """

    def __init__(self) -> None:
        self.meets: list[Attributes] = []
        self.days: list[date] = []
        self.events: dict[str, Event] = {}
        self.athletes: dict[str, Attributes] = {}
        self.results: list[Result] = []
        self.entries = self.records = 0
        self._courses: set[str] = set()
        self._path: list[str] = []
        self._session: Attributes = {}
        self._event: Event | None = None
        self._club: Attributes = {}
        self._athlete: Attributes | None = None
        self._relay: Attributes | None = None
        self._entries: dict[str, Attributes] = {}
        self._result: Result | None = None

    @property
    def course(self) -> str | None:
        """The course of all events with results, or of all events; None when they differ."""
        used = {event.course for result in self.results if (event := self.events.get(result.event_id))}
        courses = used or {event.course for event in self.events.values()}
        return courses.pop() if len(courses) == 1 else None

    @property
    def several_courses(self) -> bool:
        """Whether the events are swum in pools of different lengths."""
        return len(self._courses) > 1

    def start(self, name: str, attributes: Attributes) -> None:
        """An element begins."""
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if name in ("RECORD", "TIMESTANDARD"):
            self.records += 1
        elif name == "MEET" and parent == "MEETS":
            self.meets.append(attributes)
        elif "CLUBS" in self._path:
            self._start_in_club(name, parent, attributes)
        elif "SESSIONS" in self._path:
            self._start_in_session(name, parent, attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        self._path.pop()
        match name:
            case "EVENT":
                self._event = None
            case "ATHLETE" if self._path[-1:] == ["ATHLETES"]:
                self._athlete = None
            case "RELAY":
                self._relay = None
            case "RESULT":
                self._result = None

    def id_of(self, attributes: Attributes, name: str) -> str:
        """The id in an attribute: unique within a meet, while a file may hold several."""
        return f"{len(self.meets)}/{attributes.get(name, '')}"

    def _start_in_session(self, name: str, parent: str, attributes: Attributes) -> None:
        match name:
            case "SESSION":
                self._session = attributes
                if day := read_day(attributes.get("date", "")):
                    self.days.append(day)
            case "EVENT":
                meet = self.meets[-1] if self.meets else {}
                course = attributes.get("course") or self._session.get("course") or meet.get("course") or ""
                self._event = Event(attributes, len(self.events), course.upper())
                self._courses.add(self._event.course)
                self.events[self.id_of(attributes, "eventid")] = self._event
            case "SWIMSTYLE" if self._event and parent == "EVENT":
                self._event.style = attributes
            case "AGEGROUP" if self._event:
                self._event.groups.append(Group(_name_of_group(attributes)))
            case "RANKING" if self._event and self._event.groups:
                self._event.groups[-1].places[self.id_of(attributes, "resultid")] = whole(attributes.get("place"))

    def _start_in_club(self, name: str, parent: str, attributes: Attributes) -> None:
        match name:
            case "CLUB" if parent == "CLUBS":
                self._club = attributes
            case "ATHLETE" if parent == "ATHLETES":
                self._athlete, self._entries = attributes, {}
                self.athletes[self.id_of(attributes, "athleteid")] = attributes
            case "RELAY":
                self._relay, self._entries = attributes, {}
            case "ENTRY":
                self.entries += 1
                self._entries[self.id_of(attributes, "eventid")] = attributes
            case "RESULT":
                ids = self.id_of(attributes, "eventid"), self.id_of(attributes, "resultid")
                who = self._club, self._athlete, self._relay, self._entries
                self._result = Result(attributes, ids[0], *who, ids[1])
                self.results.append(self._result)
                check_rows(len(self.results))
            case "RELAYPOSITION" if self._result:
                leg = attributes | {"athleteid": self.id_of(attributes, "athleteid")}
                self._result.legs[attributes.get("number", "")] = leg
            case "SPLIT" if self._result:
                self._result.splits.append((whole(attributes.get("distance")), attributes.get("swimtime", "")))


def whole(text: str | None) -> int:
    """A whole number; -1 for anything else, which is also how LENEX writes that there is none."""
    return int(text) if text and re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1


def read_day(text: str) -> date | None:
    """A date such as `2026-03-01`."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _name_of_group(attributes: Attributes) -> str | None:
    if name := attributes.get("name"):
        return name
    low, high = whole(attributes.get("agemin")), whole(attributes.get("agemax"))
    return age_group(low, high if high >= 0 else 999) or None
