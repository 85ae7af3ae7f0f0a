"""The books and sheets that Omega's timing prints (also by DRC's print manager): ranked rows, laps and legs below."""

from __future__ import annotations

import re
from collections import Counter

from app.extractions.layouts.omega.headings import is_timing, read_code, read_number, read_stage, read_title
from app.extractions.layouts.omega.meet import read_course, read_dates, read_day
from app.extractions.layouts.omega.page_kinds import REASONS, RESULTS, PageKind, kind_of
from app.extractions.layouts.omega.rounds import Part, swims_of
from app.extractions.layouts.omega.rows import (
    Leg,
    Row,
    is_reason,
    is_row_by_form,
    read_cumulative,
    read_leg,
    read_row,
    read_splits,
    row_by_form,
)
from app.extractions.layouts.omega.tables import Cell, TableHeader, cells_of, middle, read_header
from app.extractions.pdf.page import Line, PageLines, Pages
from app.extractions.swims import Sheet, without_repeats

_LAYOUT = "omega"
_LEGS = 4
_RIGHT_BELOW = 14.0  # points between a row, or the last line below it, and the reason why it has no time
_LEGEND = re.compile(r"(?:Legend|L[ée]gende)\s*:?", re.IGNORECASE)
_CLOCK = re.compile(r"\d\.\d\d")
_RECORDS = re.compile(r"Record\b.*\bDate")
_NO_RESULTS = "This sheet has the tables of Omega's timing but no result rows."


def recognise(pages: Pages) -> float:
    """Sure when one of the first pages says at its foot that Omega's timing printed it; less so when one of them has
    an event of Omega's form and a table of ranks or rows of its form.
    """
    first = pages.lines(3)
    if any(kind_of(page.lines).is_named for page in first):
        return 1.0
    return 0.8 if any(_is_sheet(page.lines) for page in first) else 0.0


def read(pages: Pages) -> Sheet:
    """The sheet. Pages that hold something else than results are left out, as is every line before a table's header."""
    reader = _Reader()
    lines = pages.lines()
    for page in lines:
        reader.take_page(page)
    swims = without_repeats(list(swims_of(reader.parts)))
    layout, reason = _LAYOUT, None if swims else _NO_RESULTS
    if not swims and reader.kinds and RESULTS not in reader.kinds:
        layout = reader.kinds.most_common(1)[0][0]
        reason = REASONS[layout]
    texts = reader.top or [line.text for line in lines[0].lines]
    course = "SCM" if reader.has_short_splits else read_course(texts)
    return Sheet(_meet(texts), reader.dates(texts), course, layout, len(pages), swims, reason, lines=lines)


class _Reader:
    """Takes the pages of a sheet one by one and remembers what the ones before said."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.kinds: Counter[str] = Counter()
        self.top: list[str] = []  # the first lines of the first page with results
        self.has_short_splits = False
        self._days: list[str] = []
        self._part: Part | None = None
        self._row: Row | None = None
        self._header: TableHeader | None = None
        self._below = 0.0  # the height of the last line that belongs to the row

    def dates(self, texts: list[str]) -> str | None:
        """The days of the meet, or else those on which its events were swum."""
        days = self._days
        swum = f"{days[0]} - {days[-1]}" if len(days) > 1 else days[0] if days else None
        return read_dates(texts) or swum

    def take_page(self, page: PageLines) -> None:
        """The lines of a page; a table starts below the header that stands on it."""
        lines = page.lines
        kind = kind_of(lines)
        self.kinds[kind.name] += bool(lines)
        if kind.name != RESULTS or (kind.is_named and not kind.has_title):
            # In a book, every page with results names their event.
            self._part = self._row = None
            for line in lines if kind.name != RESULTS else ():
                line.meaning = kind.name
            return
        self.top = self.top or [line.text for line in lines]
        _Page(self, page, kind).take()

    def start(self, part: Part) -> None:
        """A table of another event or round; one that goes on keeps the row under way."""
        last = self._part
        if last is None or (last.title.event, last.stage) != (part.title.event, part.stage):
            self._row = self._header = None
        self._part = part
        self.parts.append(part)

    def start_stage(self, stage: str) -> None:
        """The round as a heading of its own, below the event or between two tables."""
        part = self._part
        if part is None or part.stage == stage:
            return
        self._row = None
        if part.rows or part.stage:
            self._part = Part(part.title, stage, part.code, part.is_summary, part.number)
            self.parts.append(self._part)
        else:
            part.stage = stage

    def number(self, number: str) -> None:
        """The number of the event that the page shows."""
        if self._part:
            self._part.number = number

    def header(self, header: TableHeader) -> None:
        """The head of the table that follows."""
        self._header = header
        self.has_short_splits = self.has_short_splits or header.has_short_splits

    def day(self, day: str) -> None:
        """The day on which an event was swum."""
        if day not in self._days:
            self._days.append(day)

    def take_line(self, line: Line, page: int) -> None:
        """A line of a table."""
        part, header = self._part, self._header
        if part is None:
            return
        cells = list(cells_of(line.words, header.edges if header else ()))
        splits = read_splits(cells)
        if splits is not None:
            line.meaning = "splits"
            if self._row:
                self._row.splits += splits
                self._below = middle(line)
                self.has_short_splits = self.has_short_splits or cells[0].text.startswith("25m")
            return
        relay = part.title.is_relay
        row = read_row(cells, header, relay=relay) if header else row_by_form(line.text, relay=relay)
        if row:
            line.meaning = "row"
            row.page, row.box = page, line.box
            part.rows.append(row)
            self._row, self._below = row, middle(line)
        elif self._row:
            self._take_below(self._row, line, cells, page)

    def _take_below(self, row: Row, line: Line, cells: list[Cell], page: int) -> None:
        """A line below a row: a swimmer of the team, or why there is no time."""
        header, part = self._header, self._part
        name = read_leg(cells, header.left("name") if header else 0.0)
        if name and part and part.title.is_relay and len(row.legs) < _LEGS:
            line.meaning = "legs"
            row.legs.append(Leg(name, page, line.box))
            if header and (time := read_cumulative(cells, header)):
                row.splits.append(time)
        elif row.status != "OK" and is_reason(line.text, near=0 < self._below - middle(line) < _RIGHT_BELOW):
            line.meaning = "reason"
            row.reasons.append(line.text)
        else:
            return
        self._below = middle(line)


class _Page:
    """One page with results: its lines from the top, each as what it is."""

    def __init__(self, reader: _Reader, page: PageLines, kind: PageKind) -> None:
        self._reader = reader
        self._lines = page.lines
        self._number = page.number
        self._kind = kind
        self._unit: str | None = None
        self._has_header = any(read_header(self._lines, index) for index in range(len(self._lines)))
        self._bottom = float("inf") if not self._has_header else float("-inf")
        self._is_legend = False

    def take(self) -> None:
        for index, line in enumerate(self._lines):
            if meaning := self._heading(line, index):
                line.meaning = meaning
            elif middle(line) < self._bottom and not self._is_legend:
                self._reader.take_line(line, self._number)

    def _heading(self, line: Line, index: int) -> str | None:
        """What a line is that stands outside of the rows."""
        text, reader = line.text, self._reader
        day = read_day(text)
        if day:
            reader.day(day)
        if title := read_title(line):
            self._is_legend = False
            title = title._replace(unit=title.unit or self._unit)
            reader.start(Part(title, title.stage, self._kind.code, self._kind.is_summary))
            return "heading"
        if header := read_header(self._lines, index):
            self._is_legend = False
            self._bottom = header.bottom
            reader.header(header)
            return "heading"
        if _LEGEND.match(text) or self._is_legend:
            self._is_legend = True
            return None if _CLOCK.search(text) else "legend"
        if stage := read_stage(text):
            reader.start_stage(stage)
            return "heading"
        if number := read_number(text):
            self._unit = number[0]
            if number[1]:
                reader.number(number[0])
            return "heading"
        if day:
            return "heading"
        return "footer" if is_timing(text) or read_code(text) else "record" if _RECORDS.match(text) else None


def _is_sheet(lines: list[Line]) -> bool:
    if not any(read_title(line) for line in lines):
        return False
    return any(read_header(lines, index) or is_row_by_form(line.text) for index, line in enumerate(lines))


def _meet(texts: list[str]) -> str | None:
    """The name of the meet is the first line of the page."""
    first = texts[0] if texts else None
    return None if first is None or read_number(first) else first
