"""What files of records and elements have in common: lines, dates, times, and the report on what was not read."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from app.extractions.files.text import text_of
from app.extractions.reading import Confidence, PageReading, Reading, ReadingWarning, UnreadLine
from app.extractions.reading_report import MOST_DOUBTFUL, MOST_LISTED
from app.extractions.sheet_errors import RESOURCE_LIMIT, SheetError
from app.extractions.swims import Sheet, Swim

MOST_ROWS: Final = 200_000
"""Far more than any meet has; each takes half a kilobyte of memory."""
MOST_RECORDS: Final = 1_000_000
_LONGEST_LINE: Final = 400  # characters; records have 130 or 160
_SHOWN: Final = 160
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(?:(\d{1,3}):)?(\d{1,4})[.,](\d{1,2})")
_ROUNDS: Final = ("prelim", "semifinal", "swim_off", "time_trial", "final")
_NUMBER = re.compile(r"(\d+)(.*)")

MESSAGES: Final = {
    "RECORDS_NOT_READ": "Records that could not be read",
    "CHECKSUMS_WRONG": "Records whose checksum is wrong, as after a change by hand",
    "FILE_CUT_OFF": "The file ends before its last record",
    "RECORDS_MISSING": "Records that the file counts at its end and that are not in it",
    "DATES_UNSURE": "Dates that could be read in two ways and are left out",
    "ENTRIES_WITHOUT_RESULT": "Entries without any result",
    "MEMBERS_NOT_READ": "Files in the ZIP that were not read",
}
_ONLY_INFORM: Final = ("ENTRIES_WITHOUT_RESULT", "DATES_UNSURE")


@dataclass(slots=True)
class Troubles:
    """What could not be read, while a file is read."""

    counts: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)
    unread: list[UnreadLine] = field(default_factory=list)

    def add(self, code: str, where: str, count: int = 1) -> None:
        """Counts something by its code; `where` the first of it is goes into the message."""
        self.counts[code] += count
        self.details.setdefault(code, where)

    def unreadable(self, number: int, text: str) -> None:
        """Counts a record that could not be read: its line, from 1, and what stands there."""
        self.add("RECORDS_NOT_READ", f"line {number}")
        if len(self.unread) < MOST_LISTED:
            self.unread.append(UnreadLine(page=1, text=f"line {number}: {text}"[:_SHOWN]))


def report(sheet: Sheet, troubles: Troubles) -> Reading:
    """How sure the reading of a file is: `high` when every record was read and nothing speaks against the file."""
    rows, lost = rows_of(sheet.swims), troubles.counts["RECORDS_NOT_READ"]
    doubts = any(code not in _ONLY_INFORM for code in troubles.counts)
    confidence: Confidence = "low" if lost > MOST_DOUBTFUL * (rows + lost) else "check" if doubts else "high"
    page = PageReading(page=1, rows=rows, unread=lost, confidence=confidence)
    return Reading(
        confidence=confidence,
        rows=rows,
        unread=lost,
        pages_high=int(confidence == "high"),
        pages_to_check=[] if confidence == "high" else [page],
        warnings=[_warning(code, count, troubles.details[code]) for code, count in sorted(troubles.counts.items())],
        unread_lines=troubles.unread,
    )


def _warning(code: str, count: int, where: str) -> ReadingWarning:
    return ReadingWarning(code=code, page=None, count=count, message=f"{MESSAGES[code]} (first: {where}).")


def rows_of(swims: Iterable[Swim]) -> int:
    """Rows as a sheet prints them: the legs of one relay team are one."""
    return sum(swim.kind != "relay_leg" or swim.leg == 1 for swim in swims)


def records_of(data: bytes, troubles: Troubles) -> Iterator[tuple[int, str]]:
    """The records of a file of fixed columns with their line numbers, NULs as blanks; too long ones are counted."""
    for number, ended in enumerate(io.StringIO(text_of(data).replace("\0", " "), newline=None), 1):
        line = ended.rstrip("\n")
        if number > MOST_RECORDS:
            raise SheetError(RESOURCE_LIMIT, f"The file has more than {MOST_RECORDS:,} lines.")
        if len(line) > _LONGEST_LINE:
            troubles.unreadable(number, line[:_SHOWN])
        elif line and line != "\x1a":  # the end of a text file in DOS
            yield number, line


def check_rows(count: int) -> None:
    """Raises `SheetError` when a file has far more rows than any meet."""
    if count > MOST_ROWS:
        raise SheetError(RESOURCE_LIMIT, f"The file has more than {MOST_ROWS:,} results.")


def plain_time(text: str) -> str | None:
    """A time such as `00:01:02.5`, `1:02.50` or `62.50` as `[h:][m:]ss.hh`; None for what is no time, and for zero."""
    found = _CLOCK.fullmatch(text)
    if not found:
        return None
    first, second, seconds, fraction = found.groups()
    hours, minutes = (first, second) if second is not None else (None, first)
    total = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds)
    return clock(total * 100 + int(f"{fraction:0<2}")) or None


def entered(text: str) -> str | None:
    """The time of an entry, or `NT` where the file says that there was none."""
    return "NT" if text == "NT" else plain_time(text)


def clock(hundredths: int) -> str:
    """A time in hundredths of a second as `[h:][m:]ss.hh`; empty for none."""
    seconds, rest = divmod(hundredths, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{seconds:02}.{rest:02}"
    if minutes:
        return f"{minutes}:{seconds:02}.{rest:02}"
    return f"{seconds}.{rest:02}" if hundredths else ""


def hundredths(time: str) -> int:
    """What `clock` and `plain_time` write, as hundredths of a second."""
    total = 0
    for part in time.replace(".", ":").split(":")[:-1]:
        total = total * 60 + int(part)
    return total * 100 + int(time[-2:])


def plain_points(text: str) -> str | None:
    """Points without needless zeros: `7.00` is `7`, `4.50` is `4.5`; None for none."""
    text = text.strip()
    if not re.fullmatch(r"\d{1,5}(?:\.\d{0,3})?|\.\d{1,3}", text):
        return None
    plain = (text.rstrip("0").rstrip(".") if "." in text else text).lstrip("0")
    return f"0{plain}" if plain.startswith(".") else plain or None


def dive_points(text: str) -> str | None:
    """The points of a dive with two decimals; None for none, and for zero."""
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,2})", text, re.ASCII)
    return f"{int(found[1])}.{found[2]:0<2}" if found and (int(found[1]) or int(found[2])) else None


def date_range(days: Iterable[date]) -> str | None:
    """`2026-03-01`, or `2026-03-01 to 2026-03-03` for several days."""
    ordered = sorted(set(days))
    if not ordered:
        return None
    return f"{ordered[0]}" if len(ordered) == 1 else f"{ordered[0]} to {ordered[-1]}"


def in_sheet_order(swims: list[Swim]) -> list[Swim]:
    """Swims as a sheet has them: by event and round, then by place, those without one last; legs stay in order."""
    return sorted(swims, key=_order)


def _order(swim: Swim) -> tuple[object, ...]:
    found = _NUMBER.fullmatch(swim.event_number or "")
    number = (int(found[1][:9]), found[2]) if found else (1 << 30, swim.event_number or "")
    round_ = _ROUNDS.index(swim.round) if swim.round in _ROUNDS else len(_ROUNDS)
    unplaced = (swim.place is None, swim.place or 0, swim.exhibition, swim.status != "OK")
    return (number, swim.event, round_, swim.section or "", *unplaced)


@dataclass(slots=True)
class Dates:
    """Dates of eight digits, month first or day first: a file is one or the other throughout.

    The specification says month first, but programmes set up for Europe write the day first. What both could be and
    nothing in the file settles counts as month first; a file that has both kinds gives none of its dates.
    """

    month_first: bool = False
    day_first: bool = False

    def see(self, text: str) -> None:
        """Takes a date of the file into account."""
        if re.fullmatch(r"\d{8}", text):
            self.day_first = self.day_first or int(text[:2]) > 12
            self.month_first = self.month_first or int(text[2:4]) > 12

    @property
    def mixed(self) -> bool:
        """Whether the file has dates of both kinds."""
        return self.month_first and self.day_first

    def read(self, text: str) -> date | None:
        """The date, or None for what is none or cannot be told."""
        if self.mixed or not re.fullmatch(r"\d{8}", text):
            return None
        first, second, year = int(text[:2]), int(text[2:4]), int(text[4:])
        month, day = (second, first) if self.day_first else (first, second)
        try:
            return date(year, month, day)
        except ValueError:
            return None
