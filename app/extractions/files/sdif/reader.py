"""From an SDIF file to its sheet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from app.extractions.files.merging import merge
from app.extractions.files.records import Dates, Troubles, check_rows, date_range, in_sheet_order, records_of, report
from app.extractions.files.sdif.entries import Entry, Leg, age_or_class, read_entry, read_splits
from app.extractions.files.sdif.layout import NOT_A_MEET, cut
from app.extractions.files.titles import COURSES
from app.extractions.swims import Sheet, Swim

_FIRST = re.compile(r"A0[\dA-Z ].{0,200}[\r\n]+(?:B1|C1)", re.DOTALL)
_BARE = re.compile(r"B1[\dA-Z ].{0,200}[\r\n]+(?:B2|C1)[\dA-Z ]", re.DOTALL)
_KNOWN: Final = frozenset("A0 B1 B2 C1 C2 D0 D1 D2 D3 E0 F0 G0 Z0".split())
_IN_Z0: Final = {"D0": (58, 63), "E0": (70, 74), "F0": (75, 80)}
_SHORTEST: Final = {"D0": 97, "E0": 54, "F0": 79, "G0": 71}
"""A record that ends before these columns was cut off."""


def recognise(head: str, name: str) -> float:
    """Sure when the first record is the file's and the next one a meet's or a team's."""
    return 1.0 if _FIRST.match(head) else 0.8 if _BARE.match(head) and "\nC1" in head.replace("\r", "\n") else 0.0


def read(documents: Sequence[bytes]) -> Sheet:
    """The sheet in SDIF files."""
    return merge([_File(data).sheet() for data in documents])


class _File:
    """One file under way."""

    def __init__(self, data: bytes) -> None:
        self.troubles = Troubles()
        self.records = [record for record in records_of(data, self.troubles) if self._is_whole(*record)]
        self.dates = Dates()
        for _, record in self.records:
            for columns in {"B1": ((122, 129), (130, 137)), "D0": ((56, 63),), "F0": ((66, 73),)}.get(record[:2], ()):
                self.dates.see(cut(record, columns))
        self.kind = ""
        self.meet: str | None = None
        self.days: list[str] = []
        self.course: str | None = None
        self.entries: list[tuple[int, Entry]] = []

    def sheet(self) -> Sheet:
        """The sheet, with everything that the file says of itself checked."""
        self._collect()
        self._count()
        swims = in_sheet_order(list(self._swims()))
        if self.dates.mixed:
            self.troubles.add("DATES_UNSURE", "dates with the day first and with the month first")
        days = [day for text in self.days if (day := self.dates.read(text))]
        sheet = Sheet(self.meet, date_range(days), self.course or _course(swims), "sdif", 1, swims)
        if self.kind in NOT_A_MEET:
            sheet.layout, sheet.swims = "top_times", []
            sheet.reason = "This SDIF file holds records or best times, not the results of a meet."
        elif not swims:
            if self.troubles.counts["RECORDS_NOT_READ"]:
                sheet.reason = "The results in this SDIF file could not be read."
            elif self.entries:
                sheet.layout, sheet.reason = "start_list", "This SDIF file holds entries but no results."
            else:
                sheet.reason = "This SDIF file holds no results."
        sheet.reading = report(sheet, self.troubles)
        return sheet

    def _is_whole(self, number: int, record: str) -> bool:
        if record[:2] in _KNOWN and len(record) >= _SHORTEST.get(record[:2], 0):
            return True
        if record.strip():
            self.troubles.unreadable(number, record)
        return False

    def _collect(self) -> None:
        team, hytek = None, False
        for number, record in self.records:
            match record[:2]:
                case "A0":
                    self.kind, hytek = cut(record, (12, 13)), "hy-tek" in cut(record, (44, 63)).lower()
                case "B1":
                    self.meet = self.meet or cut(record, (12, 41)) or None
                    self.days += [cut(record, (122, 129)), cut(record, (130, 137))]
                    self.course = self.course or COURSES.get(cut(record, (150, 150)))
                case "C1":
                    team = cut(record, (18, 47)) or cut(record, (12, 17)) or None
                case "D0":
                    born = self.dates.read(cut(record, (56, 63)))
                    self.entries.append((number, Entry(record, team, self.course, hytek, born)))
                case "E0":
                    self.entries.append((number, Entry(record, team, self.course, hytek)))
                case "F0" | "G0":
                    self._detail(number, record)
            check_rows(len(self.entries))

    def _detail(self, number: int, record: str) -> None:
        """A swimmer of the team before, or the splits of the swimmer before."""
        entry = self.entries[-1][1] if self.entries else None
        if entry and record.startswith("F0") and entry.is_relay and (name := cut(record, (23, 50))):
            born, age = self.dates.read(cut(record, (66, 73))), age_or_class(cut(record, (74, 75)))
            entry.legs.append(Leg(name, age, born, record[76:79]))
        elif entry and record.startswith("G0") and (not entry.is_relay or entry.legs):
            (entry.legs[-1].splits if entry.is_relay else entry.splits).append(read_splits(record))
        else:
            self.troubles.unreadable(number, record)

    def _count(self) -> None:
        """What the last record counts has to be there."""
        end = next((record for _, record in reversed(self.records) if record.startswith("Z0")), None)
        if end is None:
            self.troubles.add("FILE_CUT_OFF", f"after line {self.records[-1][0] if self.records else 0}")
            return
        there = Counter(record[:2] for _, record in self.records)
        for kind, columns in _IN_Z0.items():
            counted = cut(end, columns)
            if counted.isdecimal() and int(counted) > there[kind]:
                self.troubles.add("RECORDS_MISSING", f"{kind}", int(counted) - there[kind])

    def _swims(self) -> Iterator[Swim]:
        for number, entry in self.entries:
            swims = read_entry(entry)
            if swims is None:
                self.troubles.unreadable(number, entry.record)
            elif not swims:
                self.troubles.add("ENTRIES_WITHOUT_RESULT", f"line {number}")
            else:
                yield from swims


def _course(swims: list[Swim]) -> str | None:
    """The course that all titles of events name, in a file whose meet names none."""
    words = {"Yard": "SCY", "SC Meter": "SCM", "LC Meter": "LCM"}
    found = {course for swim in swims for word, course in words.items() if f" {word} " in swim.event}
    return found.pop() if len(found) == 1 else None
