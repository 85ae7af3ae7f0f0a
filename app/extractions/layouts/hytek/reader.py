"""The layout of HY-TEK's Meet Manager: results in one or more columns, with or without prelims, relays and splits."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from app.extractions.layouts.cells import read_splits
from app.extractions.layouts.hytek.age_column import AgeColumn
from app.extractions.layouts.hytek.columns import reading_order
from app.extractions.layouts.hytek.headings import (
    Heading,
    Section,
    ends_results,
    is_results_title,
    names_meet_manager,
    read_continuation,
    read_event,
    read_meet,
    read_section,
)
from app.extractions.layouts.hytek.repeats import without_twins
from app.extractions.layouts.hytek.row_results import Labels
from app.extractions.layouts.hytek.rows import Row, read_row
from app.extractions.layouts.hytek.table_headers import ONE_COLUMN, TableHeader, read_table_header
from app.extractions.layouts.relays import Leg, read_legs, read_unnumbered_legs, swims_of_team
from app.extractions.pdf.page import TEXT, Box, Line, PageLines, Pages
from app.extractions.reading_report import looks_like_result
from app.extractions.swims import Sheet, Swim

_LAYOUT = "hytek"
_FIRST_PAGES = 3
_TOP_LINES = 3
_NAMED_ONLY = "This sheet has the page headers of HY-TEK's Meet Manager but no result rows."
_HEADINGS_ONLY = "This sheet has the headings of events and tables but no result rows."
# `3:32.20 A NCAA Qualifying`, `2:47.17 13-14 MTS MTS`: a standard, by which rows are marked.
_STANDARD = re.compile(r"(?:\d{1,2}:)*\d{1,3}[.,]\d\d\s+\S")
_LABEL = re.compile(r"(?<!\S)[A-Z]{1,5}\d?(?!\S)")
# `MR: M 2:00.14 13/6/2009 ...`: a record, with the sign that marks rows which beat it.
_RECORD = re.compile(r"([^:]{1,40}):\s*(\S{1,2}\s)?\s*(?:\d{1,2}:)*\d{1,3}[.,]\d\d")


def recognise(pages: Pages) -> float:
    """How much speaks for a result report of Meet Manager.

    Its name in the first lines of a page, where other programmes do not print theirs; or its events and tables.
    """
    in_order = reading_order(pages.first(_FIRST_PAGES))  # all pages are ten times the work of saying no
    lines = [line for page in in_order for line in page.lines]
    tables = any((header := read_table_header(line)) and header.result for line in lines)
    if _is_named(in_order):
        return 0.95 if tables else 0.6
    return 0.5 if tables and any(read_event(line.text) or read_continuation(line.text) for line in lines) else 0.0


def _is_named(pages: list[PageLines]) -> bool:
    tops = (line for page in pages for line in page.lines[:_TOP_LINES])
    return any(names_meet_manager(line.text) for line in tops)


def read(pages: Pages) -> Sheet:
    """The sheet. Lines that fit no rule are left out, so a table of another kind yields no swims."""
    in_order = reading_order(pages)
    reader = _Reader(in_order)
    for page in in_order:
        for line in page.body:
            reader.take(line, page.number)
    reader.finish()
    meet, dates = read_meet([line.text for line in in_order[0].header])
    course = reader.courses.most_common(1)[0][0] if reader.courses else None
    swims = without_twins(reader.swims)
    reason = None if swims else _NAMED_ONLY if _is_named(in_order[:_FIRST_PAGES]) else _HEADINGS_ONLY
    return Sheet(meet, dates, course, _LAYOUT, len(pages), swims, reason, lines=in_order)


@dataclass(slots=True)
class _Result:
    """A row with the lines that belong to it, until the next row starts."""

    row: Row
    page: int
    box: Box
    splits: list[str] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class _Reader:
    """Takes the lines of a sheet one by one and remembers what the ones before said."""

    def __init__(self, pages: list[PageLines]) -> None:
        self._pages = pages
        self._ages = AgeColumn(pages)
        self.swims: list[Swim] = []
        self.courses: Counter[str] = Counter()
        self._event: Heading | None = None
        self._section: Section | None = None
        self._headers: dict[bool, TableHeader] = {}  # by whether the table is one of relays
        self._labels = Labels()
        self._result: _Result | None = None
        self._rows = 0  # of this event
        self._scores = False  # of teams or swimmers, in place of results

    def take(self, line: Line, page: int) -> None:
        """One line, in reading order."""
        if not _starts_row(line.text) and self._take_heading(line):
            line.meaning = "heading"
            return
        event, result = self._event, self._result
        if event is None:
            if self._scores:
                line.meaning = "ranking"
            return
        if (splits := read_splits(map(TEXT, line.words))) is not None:
            line.meaning = "splits"
            if result:
                result.splits += splits
        elif result and event.relay and (legs := read_legs(line.text)):
            line.meaning = "legs"
            result.legs += legs
        elif row := self._read_row(line, event):
            self.finish()
            self._rows += 1
            line.meaning = "row"
            self._result = _Result(row, page, line.box)
        elif self._rows == 0:
            self._take_standard(line)
        elif result:
            self._take_remark(result, line, event)

    def finish(self) -> None:
        """Turns the row under way into swims."""
        result, event = self._result, self._event
        self._result = None
        if not result or not event:
            return
        row, swum = result.row, result.row.result
        reason = " ".join(result.reasons)
        status = "DFS" if swum.status == "NT" and "false start" in reason.casefold() else swum.status
        section = self._section
        swim = Swim(
            name=row.name,
            kind="relay" if event.relay else "diving" if event.diving else "individual",
            event_number=event.number,
            event=event.title,
            round=_round(event, section, swum.column),
            place=row.place,
            time=swum.time,
            status=status,
            seed_or_prelim=swum.seed_or_prelim,
            points=swum.points,
            exhibition=swum.exhibition,
            team=row.team,
            relay=row.relay,
            page=result.page,
            note="; ".join(filter(None, (reason, swum.note))) or None,
            standard=swum.standard,
            age=row.age,
            section=section.name if section else None,
            box=result.box,
            splits=result.splits,
        )
        if event.relay:
            self.swims += swims_of_team(swim, result.legs)
        else:
            self.swims.append(swim)

    def _take_heading(self, line: Line) -> bool:
        text = line.text
        if heading := read_event(text):
            self._start(heading)
        elif continued := read_continuation(text):
            section, heading = continued
            if not self._event or not _is_same(self._event, heading):
                self._start(heading)
            if section and section != self._section:
                self.finish()
                self._section = section
        elif self._event and (section := read_section(text)):
            self.finish()
            self._section = section
        elif header := read_table_header(line):
            self._headers[not header.column("name")] = header
        elif ends_results(text):
            self.finish()
            self._event, self._scores = None, True
        else:
            return False
        return True

    def _start(self, heading: Heading) -> None:
        self.finish()
        self._event, self._section, self._rows, self._scores = heading, None, 0, False
        self._labels = Labels()
        if heading.course:
            self.courses[heading.course] += 1

    def _read_row(self, line: Line, event: Heading) -> Row | None:
        header = self._headers.get(event.relay) or self._headers.get(not event.relay) or self._first_header
        if header is None or header.result is None:
            return None
        return read_row(line, header.at(line.left), event.relay, self._labels, self._ages)

    @cached_property
    def _first_header(self) -> TableHeader | None:
        """The first head of a table, for rows above it: the pages before may not be here, nor any head."""
        lines = [line for page in self._pages for line in page.body]
        header = next((header for line in lines if (header := read_table_header(line))), None)
        if header is None and len({line.left for line in lines}) == 1 and _is_named(self._pages[:1]):
            titles = [line.text for line in self._pages[0].header]
            return ONE_COLUMN if any(is_results_title(title) for title in titles) else None
        return header

    def _take_standard(self, line: Line) -> None:
        """Lines between the heading and the first row: standards and records, by whose signs rows are marked."""
        if looks_like_result(line):
            return
        if _STANDARD.match(line.text):
            line.meaning = "standard"
            self._labels.standards.update(_LABEL.findall(line.text))
        elif found := _RECORD.match(line.text):
            line.meaning = "record"
            self._labels.flags |= {found[1].strip(), found[1].strip()[:1], (found[2] or "").strip()}

    def _take_remark(self, result: _Result, line: Line, event: Heading) -> None:
        """A line of words below a row: the swimmers of a relay without numbers, or why there is no time."""
        status = result.row.result.status
        if event.relay and not result.splits:
            legs = read_unnumbered_legs(line, len(result.legs))
            if legs and (status == "OK" or any(leg.age for leg in legs)):
                line.meaning = "legs"
                result.legs += legs
                return
        if status != "OK" and not result.splits and len(result.reasons) < 2 and not looks_like_result(line):
            line.meaning = "reason"
            result.reasons.append(line.text)


def _starts_row(text: str) -> bool:
    """Whether a line starts with a place, a tie or dashes. One dash is that of a section: `- Time Trial`."""
    return text[0].isdigit() or (text[0] in "-*" and text[1:2] != " ")


def _is_same(event: Heading, other: Heading) -> bool:
    """Whether a continuation goes on with the event; its title may be cut to the column's width."""
    if event.number or other.number:
        return event.number == other.number
    return event.title == other.title or event.title.startswith(other.title.rstrip(". "))


def _round(event: Heading, section: Section | None, column: str | None) -> str:
    """The round of a swim, from the title, its section, and the kind of column its result stands in."""
    if event.time_trial:
        return "time_trial"
    if event.swim_off:
        return "swim_off"
    by_column = {"prelim": "prelim", "semi": "semifinal"}.get(column or "", "final")
    return by_column if section is None or section.round == "final" else section.round
