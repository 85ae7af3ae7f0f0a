"""From a `.hy3` file to its sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from app.extractions.files.hy3.entries import Entry, Outcome, Swimmer, read_entry
from app.extractions.files.hy3.layout import LENGTH, checksum, cut, seconds, whole
from app.extractions.files.merging import merge
from app.extractions.files.records import Dates, Troubles, check_rows, date_range, in_sheet_order, records_of, report
from app.extractions.files.text import encoding_of
from app.extractions.files.titles import COURSES
from app.extractions.swims import Sheet, Swim

_FIRST = re.compile(r"A1\d\d.{0,140}[\r\n]+(?:B1|C1)", re.DOTALL)
_KNOWN: Final = frozenset("A1 B1 B2 C1 C2 C3 D1 D2 D3 E1 E2 E3 F1 F2 F3 G1 H1 H2 Z0".split())
_SHORTEST: Final = {"D1": 48, "E1": 42, "F1": 42, "E2": 33, "F2": 33, "F3": 15, "G1": 13}
"""A record that ends before these columns was cut off."""
_LEG = 13
_SPLIT = 11


def recognise(head: str, name: str) -> float:
    """Sure when the first record is the file's and the next one a meet's or a team's."""
    return 1.0 if _FIRST.match(head) else 0.0


def read(documents: Sequence[bytes]) -> Sheet:
    """The sheet in `.hy3` files."""
    return merge([_File(data).sheet() for data in documents])


class _File:
    """One file under way."""

    def __init__(self, data: bytes) -> None:
        self.troubles = Troubles()
        self.encoding = encoding_of(data)
        self.records = [record for record in records_of(data, self.troubles) if self._is_whole(*record)]
        self.dates = Dates()
        for _, record in self.records:
            if record.startswith("D1"):
                self.dates.see(cut(record, 89, 96))
            elif record.startswith("B1"):
                self.dates.see(cut(record, 93, 100))
                self.dates.see(cut(record, 101, 108))
        self.teams: dict[str, str] = {}
        self.swimmers: dict[str, Swimmer] = {}
        self.entries: list[tuple[int, Entry]] = []
        self.meet: str | None = None
        self.days: list[str] = []
        self.course: str | None = None

    def sheet(self) -> Sheet:
        """The sheet: what it says of itself first, because relays name swimmers of whom the file tells later."""
        self._collect()
        swims = in_sheet_order(list(self._swims()))
        if self.dates.mixed:
            self.troubles.add("DATES_UNSURE", "dates with the day first and with the month first")
        days = [day for text in self.days if (day := self.dates.read(text))]
        sheet = Sheet(self.meet, date_range(days), self.course, "hy3", 1, swims)
        if not swims:
            unread = self.troubles.counts["RECORDS_NOT_READ"]
            if self.entries and not any(entry.outcomes for _, entry in self.entries):
                sheet.layout, sheet.reason = "start_list", "This HY-TEK file holds entries but no results."
            elif unread:
                sheet.reason = "The results in this HY-TEK file could not be read."
            else:
                sheet.reason = "This HY-TEK file holds no results."
        sheet.reading = report(sheet, self.troubles)
        return sheet

    def _is_whole(self, number: int, record: str) -> bool:
        """Counts what is no record, one that was cut off, and wrong checksums; the record is read if it can be."""
        if record[:2] not in _KNOWN:
            self.troubles.unreadable(number, record)
            return False
        body, digits = record[:LENGTH], record[LENGTH:].strip()
        if len(record) < _SHORTEST.get(record[:2], 0):
            self.troubles.unreadable(number, record)
            return False
        if digits and checksum(body.encode(self.encoding, "replace")) != digits:
            self.troubles.add("CHECKSUMS_WRONG", f"line {number}")
        return True

    def _collect(self) -> None:
        team = None
        for number, record in self.records:
            match record[:2]:
                case "B1":
                    self.meet = self.meet or cut(record, 3, 47) or None
                    self.days += [cut(record, 93, 100), cut(record, 101, 108)]
                case "B2":
                    self.course = self.course or COURSES.get(cut(record, 99, 99))
                case "C1":
                    team = cut(record, 8, 37) or cut(record, 3, 7) or None
                    self.teams[cut(record, 3, 7)] = team or ""
                case "D1":
                    self._swimmer(number, record, team)
                case "E1":
                    self.entries.append((number, Entry(record, team)))
                case "F1":
                    self.entries.append((number, Entry(record, self.teams.get(cut(record, 3, 7)) or team)))
                case "E2" | "F2" | "F3" | "G1" | "H1" | "H2":
                    self._detail(number, record)
            check_rows(len(self.entries))

    def _swimmer(self, number: int, record: str, team: str | None) -> None:
        family, given = cut(record, 9, 28), " ".join(filter(None, (cut(record, 29, 48), cut(record, 69, 69))))
        name = ", ".join(filter(None, (family, given)))
        if not name or not cut(record, 4, 8):
            self.troubles.unreadable(number, record)
            return
        age = whole(cut(record, 97, 99))
        years = str(age) if age else cut(record, 100, 101).upper() or None
        self.swimmers[cut(record, 4, 8)] = Swimmer(name, years, self.dates.read(cut(record, 89, 96)), team)

    def _detail(self, number: int, record: str) -> None:
        """A record behind an entry: a result, or what belongs to the entry or its last result."""
        entry = self.entries[-1][1] if self.entries else None
        outcome = entry.outcomes[-1] if entry and entry.outcomes else None
        match record[:2]:
            case "E2" | "F2" if entry and entry.record[0] == record[0]:
                entry.outcomes.append(Outcome(record))
            case "F3" if entry and entry.is_relay:
                entry.legs += _legs(record)
            case "G1" if entry and entry.outcomes:
                for round_, length, time in _splits(record):
                    own = [one for one in entry.outcomes if one.round == round_] or entry.outcomes
                    own[-1].splits.append((length, time))
            case "H1" | "H2" if outcome:
                if reason := cut(record, 5, LENGTH):
                    outcome.reasons.append(reason)
            case _:
                self.troubles.unreadable(number, record)

    def _swims(self) -> Iterator[Swim]:
        for number, entry in self.entries:
            if not entry.outcomes:
                self.troubles.add("ENTRIES_WITHOUT_RESULT", f"line {number}")
            for outcome, swims in read_entry(entry, self.swimmers):
                if swims is None:
                    self.troubles.unreadable(number, f"{entry.record[:60].strip()} / {outcome.record[:40].strip()}")
                elif not swims:
                    self.troubles.add("ENTRIES_WITHOUT_RESULT", f"line {number}")
                else:
                    yield from swims


def _legs(record: str) -> Iterator[tuple[str, int, str]]:
    """Round, leg and swimmer's number of each block `F  517CampbF1`."""
    for start in range(3, LENGTH - _LEG + 2, _LEG):
        number, round_, leg = (cut(record, start + first, start + last) for first, last in ((1, 5), (11, 11), (12, 12)))
        if number:
            yield round_, whole(leg), number


def _splits(record: str) -> Iterator[tuple[str, int, str]]:
    """Round, number of the length and time of each block `F 2   28.52`."""
    for start in range(3, LENGTH - _SPLIT + 2, _SPLIT):
        time = seconds(cut(record, start + 3, start + 10))
        if time:
            yield cut(record, start, start), whole(cut(record, start + 1, start + 2)), time
