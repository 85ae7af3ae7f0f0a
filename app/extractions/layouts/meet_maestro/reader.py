"""Reads the results of Meet Maestro: events by their headings, cells by the heads of their tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Final

from app.extractions.layouts.meet_maestro.columns import Title, find_title, heads, reading_order
from app.extractions.layouts.meet_maestro.legs import read_legs
from app.extractions.layouts.meet_maestro.tables import Row, Table, moved, read_row, read_table
from app.extractions.layouts.relays import Leg, swims_of_team
from app.extractions.pdf.page import Line, Pages
from app.extractions.swims import Sheet, Swim

_LAYOUT: Final = "meet_maestro"
_EVENT: Final = re.compile(
    r"#(?P<number>\d{1,4}[A-Z]{0,2})\s+(?P<title>\S.*?)(?:\s*\(?(?:cont(?:inued|\.|’d|'d)?)\)?)?"
)
_NUMBER: Final = re.compile(r"#\d{1,4}[A-Z]{0,2}")
_BELOW_PERSON: Final = re.compile(r"(?:Age\s+(?P<age>\d{1,3}|\w{1,3})\b\s*)?(?:[·•∙⋅|]\s*)?(?P<team>.*)")
_BELOW_TEAM: Final = re.compile(r"Relay\s+(?P<letter>[A-Z]{1,2}|\d{1,2})\b.*")
_SCORES: Final = re.compile(
    r"(?:Combined\s+)?(?:Team|Club|Individual)?\s*(?:Scores?|Standings|Rankings?|Points)\b", re.I
)
_ROUNDS: Final = (
    ("time_trial", re.compile(r"\bTime Trial", re.I)),
    ("swim_off", re.compile(r"\bSwim-?\s?off", re.I)),
    ("semifinal", re.compile(r"\bSemi-?\s?final", re.I)),
    ("prelim", re.compile(r"\bPrelim", re.I)),
)
_REASON: Final = "This sheet of Meet Maestro has no result rows."


def recognise(pages: Pages) -> float:
    """Sure when the sheet names Meet Maestro and has tables with official results; either of them counts for less."""
    titles = [title for page in pages.words[:2] if (title := find_title(page.words))]
    if titles and not titles[0].kind.casefold().startswith("result"):
        return 0.0
    first = pages.words[0].words if pages.words else []
    named = any(word.text.startswith("Maestro") and before.text == "Meet" for before, word in pairwise(first))
    tables = any(True for page in pages.words for _ in heads(page.words))
    if tables:
        events = any(_NUMBER.fullmatch(word.text) for page in pages.words[:2] for word in page.words)
        return 1.0 if named else 0.8 if events else 0.5
    return 0.6 if named and titles else 0.0


def read(pages: Pages) -> Sheet:
    """The sheet, in both shapes."""
    in_order = reading_order(pages.words)
    reader = _Reader()
    for page in in_order:
        for line in page.header:
            line.meaning = "heading"
        for line in page.body:
            reader.take(line, page.number)
    reader.finish()
    title = next((title for page in pages.words if (title := find_title(page.words))), None)
    meet, dates = _meet(title) if title else (None, None)
    reason = None if reader.swims else _REASON
    return Sheet(meet, dates, reader.course, _LAYOUT, len(pages), reader.swims, reason, lines=in_order)


@dataclass(slots=True)
class _Entry:
    """A row with the lines that belong to it, until the next one."""

    swim: Swim
    below: bool
    legs: list[Leg] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class _Reader:
    """Takes the lines one by one and remembers what the ones before said."""

    def __init__(self) -> None:
        self.swims: list[Swim] = []
        self.course: str | None = None
        self._number: str | None = None
        self._title = ""
        self._section: str | None = None
        self._table: Table | None = None
        self._titled = True
        self._scores = False
        self._entry: _Entry | None = None

    def take(self, line: Line, page: int) -> None:
        """One line, in reading order."""
        if event := _EVENT.fullmatch(line.text):
            line.meaning = "heading"
            self._start(event["number"], event["title"])
        elif table := read_table(line):
            line.meaning = "heading"
            self._table, self._titled = table, True
            self._scores = not table.has_results
        elif not self._titled and not _has_digits(line.text):
            line.meaning = "heading"
            self._title = f"{self._title} {line.text}"  # a long title goes on above the head of its table
        elif self._scores or (_SCORES.match(line.text) and not _has_digits(line.text)):
            line.meaning = "ranking"
            self._scores = True
            self.finish()
        elif self._table is not None:
            self._take_inside(line, moved(self._table, line.left), page)

    def finish(self) -> None:
        """Turns the row under way into swims."""
        entry, self._entry = self._entry, None
        if entry:
            swim = replace(entry.swim, note=" ".join(entry.reasons) or None)
            self.swims += swims_of_team(swim, entry.legs)

    def _start(self, number: str, title: str) -> None:
        self._scores = False
        if (number, title) == (self._number, self._title):
            return
        self.finish()
        self._number, self._title, self._section, self._titled = number, title, None, False
        if not self.course:
            self.course = _course(title)

    def _take_inside(self, line: Line, table: Table, page: int) -> None:
        entry, indented = self._entry, line.words[0].x0 > table.columns["name"][0] - line.words[0].height
        if (legs := read_legs(line)) is not None:
            line.meaning = "legs"
            if entry and entry.swim.kind == "relay":
                entry.legs += legs
        elif entry and entry.below and indented and self._take_below(entry, line.text):
            line.meaning = "row"
        elif row := read_row(line, table):
            line.meaning = "row"
            self.finish()
            self._entry = _Entry(self._swim(row, table, line, page), table.two_lines)
        elif not indented:
            line.meaning = "heading"
            self.finish()
            self._section = None if line.text == "No Division" else line.text
        elif entry and entry.swim.status == "DQ":
            line.meaning = "reason"
            entry.reasons.append(line.text)

    def _take_below(self, entry: _Entry, text: str) -> bool:
        """The second line of a row: `Age 37 · Bay Dolphins`, or `Relay C · BDL`."""
        pattern = _BELOW_TEAM if entry.swim.kind == "relay" else _BELOW_PERSON
        found = pattern.fullmatch(text)
        entry.below = False
        if not found:
            return False
        if entry.swim.kind == "relay":
            entry.swim = replace(entry.swim, relay=found["letter"])
        else:
            entry.swim = replace(entry.swim, age=found["age"], team=found["team"] or None)
        return True

    def _swim(self, row: Row, table: Table, line: Line, page: int) -> Swim:
        diving = not table.relay and re.search(r"\bdiv(?:e|ing)\b", self._title, re.I)
        return Swim(
            name=row.who,
            kind="relay" if table.relay else "diving" if diving else "individual",
            event_number=self._number,
            event=self._title,
            round=next((name for name, sign in _ROUNDS if sign.search(self._title)), "final"),
            place=row.place,
            time=row.time,
            status=row.status,
            seed_or_prelim=row.seed,
            points=row.points,
            exhibition=row.exhibition,
            team=row.who if table.relay else row.team,
            relay=row.letter,
            page=page,
            age=row.age,
            section=self._section,
            box=line.box,
        )


def _meet(title: Title) -> tuple[str | None, str | None]:
    """Name and dates of the meet, as in `Summer Meet @ Bay Dolphins — Aug 1, 2026`."""
    meet, dash, dates = title.name.rpartition(" — ")
    return (meet.strip() or None, dates.strip() or None) if dash else (title.name or None, None)


def _course(title: str) -> str | None:
    """By the unit of the distance; `50m` may be swum in either pool."""
    found = re.search(r"\b(?:\d\s?x\s?)?(\d{2,4})\s?(yd|m)\b", title)
    if not found:
        return None
    return "SCY" if found[2] == "yd" else "SCM" if int(found[1]) % 50 else None


def _has_digits(text: str) -> bool:
    return any(sign.isdigit() for sign in text)
