"""The results of SPLASH Meet Manager: events with their tables, row by row, and the lists that are no results."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from app.extractions.layouts.relays import Leg, swims_of_team
from app.extractions.layouts.report_kinds import REASONS, RESULTS
from app.extractions.layouts.splash.columns import CLOCK, PLACE, Columns, completed, fits, learn, read_head
from app.extractions.layouts.splash.legs import is_reason, read_legs, read_splits
from app.extractions.layouts.splash.row import Row
from app.extractions.layouts.splash.rows import read_row, starts_row
from app.extractions.layouts.splash.titles import (
    Title,
    cells_of,
    heading_kind,
    is_foot,
    is_heat,
    read_course,
    read_date,
    read_kind,
    read_meet,
    read_round,
    read_title,
)
from app.extractions.pdf.page import UNREAD, Box, Line, PageLines, Pages
from app.extractions.swims import Sheet, Swim, without_repeats

_LAYOUT: Final = "splash"
_PAGES_LOOKED_AT: Final = 3
_NO_ROWS: Final = "This sheet is SPLASH Meet Manager's but has no result rows."
_LONGEST_GROUP: Final = 80  # characters
_MOST_BELOW: Final = 3  # lines of a reason


def recognise(pages: Pages) -> float:
    """Sure when the programme's name stands at the foot, and nearly when its titles stand above tables of its form."""
    first = pages.lines(_PAGES_LOOKED_AT)
    if any(is_foot(line.text) for page in first for line in page.lines):
        return 1.0
    found = [title for page in first for line in page.lines if (title := read_title(line))]
    if not found:
        return 0.0
    tables = any(read_head(line) or _is_numbered_row(line) for page in first for line in page.lines)
    return (0.8 if any(title.known for title in found) else 0.5) if tables else 0.4


def _is_numbered_row(line: Line) -> bool:
    return PLACE.fullmatch(line.words[0].text) is not None and any(CLOCK.fullmatch(w.text) for w in line.words[2:])


def read(pages: Pages) -> Sheet:
    """The sheet. What is no list of results gives no swims; the first kind of it names the sheet if there are none."""
    reader = _Reader()
    lines = pages.lines()
    for page in lines:
        reader.take_page(page)
    reader.finish()
    swims = without_repeats(reader.swims, by_section=True)
    meet, dates = read_meet(reader.head or [])
    if swims:
        days = list(dict.fromkeys(reader.days))
        dates = dates or (days[0] if len(days) == 1 else f"{days[0]} - {days[-1]}" if days else None)
        return Sheet(meet, dates, reader.course, _LAYOUT, len(pages), swims, lines=lines)
    kind = next(iter(reader.kinds), _LAYOUT)
    return Sheet(meet, dates, reader.course, kind, len(pages), reason=REASONS.get(kind, _NO_ROWS), lines=lines)


@dataclass(slots=True)
class _Entry:
    """A row with what the lines below it add."""

    row: Row
    page: int
    box: Box
    legs: list[Leg] = field(default_factory=list)
    leg_times: list[str] = field(default_factory=list)
    splits: list[tuple[int, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class _Reader:
    """Takes the pages one by one and remembers what the ones before said."""

    def __init__(self) -> None:
        self.swims: list[Swim] = []
        self.kinds: list[str] = []
        self.days: list[str] = []
        self.head: list[Line] | None = None
        self.course: str | None = None
        self._kind: str | None = None
        self._title: Title | None = None
        self._round: str | None = None
        self._section: str | None = None
        self._columns = Columns()
        self._learned = Columns()
        self._entry: _Entry | None = None
        self._margin = 1e9
        self._last: Row | None = None

    def take_page(self, page: PageLines) -> None:
        """All lines of a page: above the first title stands the head of the sheet, or the heading of a list."""
        blocks = _blocks(page.lines)
        top = blocks[0][1]
        self._take_top(top, following=len(blocks) > 1)
        if top and not (self._title and self._goes_on(top)):
            self.finish()
            if len(blocks) == 1 or self._kind in REASONS:
                self._title = None
        if self._title and len(blocks) == 1:
            self._take_block(top, page.number)
        elif self._kind in REASONS:
            _mean(top, "ranking")
        for title, lines in blocks[1:]:
            if title:
                self._start(title, lines)
                self._take_block(lines[1:], page.number)

    def finish(self) -> None:
        """Turns the row under way into swims."""
        entry, self._entry = self._entry, None
        if entry is None or self._title is None:
            return
        row, title = entry.row, self._title
        splits = [time for _, time in sorted(entry.splits)] or entry.leg_times or row.splits
        swim = Swim(
            name=row.name,
            kind="relay" if title.legs > 1 else "individual",
            event_number=title.number,
            event=title.event,
            round=self._round or "final",
            place=row.place,
            time=row.time,
            status=row.state or "OK",
            seed_or_prelim=row.seed,
            points=row.points,
            exhibition=row.exhibition,
            team=row.team,
            relay=row.letter,
            page=entry.page,
            note=" ".join(entry.reasons) or row.note,
            standard=row.standard,
            age=row.year,
            section=self._section,
            birth_date=row.birth_date,
            fina_points=row.fina,
            box=entry.box,
            splits=splits,
        )
        self.swims += swims_of_team(swim, entry.legs)

    def _take_top(self, lines: list[Line], *, following: bool) -> None:
        """The lines above the first title of a page."""
        named = {line.text for line in self.head or ()}  # a meet may be called `Best Performances`
        kind = next((kind for line in lines[:4] if line.text not in named and (kind := heading_kind(line))), None)
        if kind and kind != RESULTS:
            self._kind = kind
            self.kinds.append(kind)
        elif following or not lines:
            self._kind = None if self._kind in ("medals", "records", "scores", "rankings") else self._kind
        if self.head is None and following:
            self.head = lines
            _mean(lines, "heading")

    def _goes_on(self, lines: list[Line]) -> bool:
        return self._kind not in REASONS and any(starts_row(line) for line in lines)

    def _start(self, title: Title, lines: list[Line]) -> None:
        """A title, with what the line below it says."""
        lines[0].meaning = "heading"
        self._margin = lines[0].words[0].x0
        before = self._title
        same = before is not None and before.number == title.number
        if title.continued and same:
            self._take_parts(title)
            return
        self.finish()
        self._last = None
        self._title, self._round, self._section = title, None, None
        self._learned = Columns() if before is None or before.legs != title.legs else self._learned
        self._take_parts(title)
        if title.continued:
            return
        for line in lines[1:3]:
            day, said = read_date(line.text), read_kind(line)
            if said is None and day is None:
                continue
            line.meaning = "heading"
            if day:
                self.days.append(day)
            if said:
                kind, rest = said
                self._kind = kind
                self._round = read_round(rest) or self._round
                if kind != RESULTS:
                    self.kinds.append(kind)
            break

    def _take_parts(self, title: Title) -> None:
        """The rest of a title: rounds and age groups, of which a page in the middle says the one it starts in."""
        groups: list[str] = []
        for part in title.parts:
            if found := read_round(part):
                self._round = found
            else:
                groups.append(part)
        if groups and (section := ", ".join(groups)) != self._section:
            self.finish()
            self._section, self._last = section, None

    def _take_block(self, lines: list[Line], page: int) -> None:
        if self._kind in REASONS:
            _mean(lines, "ranking")
            return
        relay = self._title is not None and self._title.legs > 1
        head = self._find_head(lines)
        known = completed(self._columns, self._learned) if head is not None else self._known()
        if head is None and not fits(lines, known):
            known = self._columns = Columns()
        self._learned = learn(lines, known, relay)
        rest = [(index, line) for index, line in enumerate(lines) if not line.meaning]
        followers = [*(line for _, line in rest[1:]), None]
        for (index, line), following in zip(rest, followers, strict=False):
            if is_foot(line.text):
                line.meaning = "foot"
            else:
                self._take(line, following, page, relay=relay, above=head is not None and index < head)

    def _known(self) -> Columns:
        return self._learned if self._learned.time is not None else self._columns

    def _find_head(self, lines: list[Line]) -> int | None:
        """Where the head of the table stands, above its first row."""
        for index, line in enumerate(lines):
            if line.meaning:
                continue
            if columns := read_head(line):
                line.meaning, self._columns = "heading", columns
                return index
            if starts_row(line) and _has_clock(line):
                break
        return None

    def _take(self, line: Line, following: Line | None, page: int, *, relay: bool, above: bool) -> None:
        row = None if above else read_row(line, self._learned, relay=relay, last=self._last)
        if row:
            self.finish()
            line.meaning, self._last = "row", row
            self._entry = _Entry(row, page, line.box)
        elif splits := read_splits(line):
            line.meaning = "splits"
            if self._entry:
                self._entry.splits += splits
        elif self._is_group(line, following):
            line.meaning = "heading"
            self.finish()
            self._section, self._last = line.text, None
            self._round = read_round(line.text) or self._round
        elif is_heat(line.text):
            line.meaning = "heading"
        elif self._entry and line.words[0].x0 > self._margin + 4:
            self._take_below(line, relay=relay)
        if line.meaning:
            return
        if not starts_row(line):
            if self._last is None and _has_clock(line):
                line.meaning = "record"
            elif course := read_course(line.text):
                line.meaning, self.course = "foot", self.course or course
        if self._last and not line.meaning and (_has_clock(line) or (starts_row(line) and len(line.words) > 2)):
            line.meaning = UNREAD

    def _take_below(self, line: Line, *, relay: bool) -> None:
        """A line below a row: the swimmers of a team, or why there is no time."""
        entry = self._entry
        assert entry
        assert self._title
        room = self._title.legs - len(entry.legs)
        if relay and room > 0 and not is_reason(line.text) and (found := read_legs(line, len(entry.legs))):
            line.meaning = "legs"
            entry.legs += found.legs[:room]
            entry.leg_times += found.times
        elif entry.row.state in ("DQ", "DNF") and len(entry.reasons) < _MOST_BELOW and not starts_row(line):
            line.meaning = "reason"
            entry.reasons.append(line.text)
        elif relay and read_legs(line, 0):
            line.meaning = UNREAD  # a fifth swimmer: the team above is not the one this belongs to

    def _is_group(self, line: Line, following: Line | None) -> bool:
        """Whether the line names an age group: it stands alone at the left margin, right above a row."""
        if following is None or abs(line.words[0].x0 - self._margin) > 4 or not starts_row(following):
            return False
        if starts_row(line) or _has_clock(line) or len(line.text) > _LONGEST_GROUP:
            return False
        return len(cells_of(line.words, 2.0)) == 1 and re.search(r"[^\W_]", line.text) is not None


def _blocks(lines: list[Line]) -> list[tuple[Title | None, list[Line]]]:
    """The lines of a page, cut where an event starts; the first block, without a title, is what stands above."""
    blocks: list[tuple[Title | None, list[Line]]] = [(None, [])]
    for line in lines:
        if title := read_title(line):
            blocks.append((title, []))
        blocks[-1][1].append(line)
    return blocks


def _has_clock(line: Line) -> bool:
    return any(CLOCK.fullmatch(word.text) for word in line.words)


def _mean(lines: list[Line], meaning: str) -> None:
    for line in lines:
        line.meaning = meaning
