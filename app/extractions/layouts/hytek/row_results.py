"""The right-hand end of a result row: entered time, result, marks, points."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from app.extractions.layouts.cells import Cell, Time, is_no_time, read_cell, read_points, read_time
from app.extractions.layouts.hytek.table_headers import Column, TableHeader
from app.extractions.pdf.page import TEXT, Word

_STANDARD = re.compile(r"[A-Z]{1,5}\d?")
# A club never ends with a hyphen, but with the number of its region: `Swimmin-4` before `9:27.96`.
_END_OF_CLUB = r"(?:[A-Za-z.)]|-\d)"
_CLOCK = r"[xXJ]?(?:\d{1,2}:){0,2}\d{1,2}[.,]\d\d"
_END_BEFORE_STATE = r"(?:[a-z.)]|-[A-Z]{2})"
_WORDS = "NT|NS|SCR|DQ|DFS|DNF"
_TOUCHING = re.compile(rf"(\S*?{_END_OF_CLUB})({_CLOCK})|(\S*{_END_BEFORE_STATE})({_WORDS})")
_TWO_TIMES = re.compile(rf"(NT|NP|{_CLOCK})({_CLOCK})")
_DECIMAL = frozenset(".,")
_LAST_OF_STATE = frozenset(state[-1] for state in _WORDS.split("|"))
_NO_STANDARD = re.compile(r"[qQ][A-Z]?|R")


@dataclass(slots=True)
class Labels:
    """What stands under the heading of an event: the names of its time standards, and the signs of its records."""

    standards: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class RowResult:
    """What a row says about a swim; the fields are those of `Swim`. `column` is the kind of the result's column."""

    time: str | None = None
    status: str = "NT"
    seed_or_prelim: str | None = None
    points: str | None = None
    standard: str | None = None
    exhibition: bool = False
    note: str | None = None
    column: str | None = None


def apart(words: list[Word]) -> list[Word]:
    """The words of a row, where a cell too long may touch the one after it: `SCAR-SC2:05.10`, `2:06.00x2:05.10`."""
    for index, text in enumerate(map(TEXT, words)):
        if text[-3:-2] not in _DECIMAL and not (text[-1] in _LAST_OF_STATE and text[0].isalpha()):
            continue
        two = text[0] == "N" or text.count(".") + text.count(",") > 1
        if two and (found := _TWO_TIMES.fullmatch(text)):
            before, after = found[1], found[2]
        elif text[0].isalpha() and not read_time(text) and (found := _TOUCHING.fullmatch(text)):
            before, after = found[1] or found[3], found[2] or found[4]
        else:
            continue
        word = words[index]
        x = word.x0 + (word.x1 - word.x0) * len(before) / len(text)
        halves = [word._replace(text=before, x1=x, lefts=()), word._replace(text=after, x0=x, lefts=())]
        return [*words[:index], *halves, *words[index + 1 :]]
    return words


def result_start(words: list[Word], first: int, header: TableHeader | None) -> int:
    """The index of the first time, score or state of a row, not before `first`; `len(words)` if there is none.

    Everything from there on should look like a result, and a state has to stand among the times: clubs are called
    `New South Wales-NS` and `NS Swim`. Only if nothing fits, the first time below the headers of the times counts.
    """
    count = start = len(words)
    while start > first and read_cell(words[start - 1].text).is_result_like:
        start -= 1
    leftmost = header.times_start if header else 0.0
    for index in range(start, count):
        if _is_time_or_state(words, index, leftmost):
            return index
    if leftmost:
        for index in range(first, start):
            if words[index].x0 > leftmost and _is_time_or_state(words, index, leftmost):
                return index
    return count


def _is_time_or_state(words: list[Word], index: int, leftmost: float) -> bool:
    """Whether there is a time, or right of `leftmost` a state with no word of a name behind it."""
    cell = read_cell(words[index].text)
    if not cell.is_result or cell.state is None:
        return cell.is_result
    if words[index].x1 <= leftmost:
        return cell.time is not None or cell.is_no_time
    behind = words[index + 1].text if index + 1 < len(words) else ""
    return not (behind.isalpha() and behind[1:].islower())


class _Entry(NamedTuple):
    """A time or state, with the kind of the column it stands in."""

    word: Word
    kind: str
    cell: Cell


def read_row_result(words: list[Word], header: TableHeader | None, labels: Labels) -> RowResult:
    """What the cells from `result_start` on say; `labels` tell a standard from the sign of a record."""
    row_result = RowResult()
    if not words:
        return row_result
    columns = header.times if header else []
    cells = [read_cell(word.text) for word in words]
    end = _end_of_times(words, cells, header)
    entries: list[_Entry] = []
    for index in range(end):
        word, cell = words[index], cells[index]
        if cell.is_result:
            kind = "seed" if cell.is_no_time and len(columns) < 2 else _column(word, columns)
            entries.append(_Entry(word, kind, cell))
        elif word.text in ("x", "X") and index + 1 < end:
            row_result.exhibition = True
    _set_result(row_result, entries, header.result.kind if header and header.result else "final")
    _set_marks(row_result, words[end:], header, labels)
    return row_result


def _end_of_times(words: list[Word], cells: list[Cell], header: TableHeader | None) -> int:
    """The index after the last time or state; a number right of the result's column is points even with decimals."""
    end = 0
    points, result = (header.column("points"), header.result) if header else (None, None)
    for index, cell in enumerate(cells):
        if end and result:
            text, x0, x1, _, _, _, _ = words[index]
            if x0 > result.x1 + 2 and ":" not in text and cell.state is None:
                break
            if points and abs(x1 - points.x1) < 2 and x0 > result.x1 - 1:
                break
        if cell.is_result:
            end = index + 1
    return end


def _column(word: Word, columns: list[Column]) -> str:
    """The kind of the column whose right edge is nearest: times are set flush right."""
    kind, nearest = "final", float("inf")
    for column in columns:
        distance = abs(column.x1 - word.x1)
        if distance < nearest:
            kind, nearest = column.kind, distance
    return kind


def _set_result(row_result: RowResult, entries: list[_Entry], result: str) -> None:
    """Sorts times into the result and the time entered with, prelims before seeds."""
    finals = [entry for entry in entries if entry.kind == result] if entries and entries[-1].kind == result else []
    beside = next((entry for entry in finals if entry.cell.state), None)
    times = [(entry.word, entry.cell.time) for entry in finals if entry.cell.time]
    if beside:
        row_result.status, row_result.column = beside.cell.state or "", result
        row_result.exhibition = beside.word.text[0] in "xX"
        for word, time in times:
            if abs(word.x0 - beside.word.x1) < word.height or abs(beside.word.x0 - word.x1) < word.height:
                row_result.note = f"{beside.cell.state} {time.value}"
            else:
                row_result.seed_or_prelim = time.value
    elif times:
        word, time = times[-1]
        _set_time(row_result, word.text, time)
        row_result.column = result
        if len(times) > 1:
            row_result.seed_or_prelim = times[-2][1].value
    earlier = [entry for entry in entries if entry not in finals] if finals else entries
    if row_result.column is None:
        _set_earlier_result(row_result, earlier)
    if earlier and row_result.seed_or_prelim is None and (row_result.column is not None or earlier[-1].kind == "seed"):
        row_result.seed_or_prelim = _entered(earlier[-1].word.text)


def _entered(text: str) -> str | None:
    """The time entered with, or the `NT` or `NP` that says there was none."""
    time = read_time(text)
    return time.value + time.after.strip("qQ@#*!&+$%^~=") if time else text if is_no_time(text) else None


def _set_earlier_result(row_result: RowResult, earlier: list[_Entry]) -> None:
    """A row without an entry in the last column: the last round that was swum is its result."""
    while earlier and earlier[-1].kind != "seed":
        word, kind, cell = earlier.pop()
        if cell.state:
            row_result.status = cell.state
        elif cell.time:
            _set_time(row_result, word.text, cell.time)
        if cell.state or cell.time:
            row_result.column = kind
            return


def _set_time(row_result: RowResult, printed: str, time: Time) -> None:
    row_result.time, row_result.status = time.value, "OK"
    row_result.exhibition = row_result.exhibition or time.exhibition
    if time.judged:
        row_result.note = f"printed {printed.replace(',', '.')}"
    row_result.standard = time.after or None


def _set_marks(row_result: RowResult, words: list[Word], header: TableHeader | None, labels: Labels) -> None:
    """Standards and points, right of the result."""
    if not words and not row_result.standard:
        return
    marks = [row_result.standard or "", *(word.text for word in words if read_points(word.text) is None)]
    row_result.standard = next((standard for mark in marks if (standard := _standard(mark, labels))), None)
    row_result.points = _points(words, header)


def _points(words: list[Word], header: TableHeader | None) -> str | None:
    """The points of the meet; FINA points with a column of their own are others."""
    numbers: list[tuple[float, str]] = []
    for word in words:
        number = read_points(word.text)
        if number is None:
            continue
        last = numbers[-1][1] if numbers else ""
        if last and (number.startswith(".") or last.endswith(".")) and last.count(".") + number.count(".") < 2:
            numbers[-1] = (word.x1, last + number)
        else:
            numbers.append((word.x1, number))
    points, fina = (header.column("points"), header.column("fina")) if header else (None, None)
    if points and fina:
        numbers = [(x, number) for x, number in numbers if abs(x - points.x1) < abs(x - fina.x1)]
    return numbers[-1][1] if numbers else None


def _standard(mark: str, labels: Labels) -> str | None:
    """The time standard a mark names. A q before it says qualified; qA and qB name a final, not a standard."""
    if mark in labels.standards:
        return mark
    if mark.startswith("q") and len(mark) > 2 and mark[1:] in labels.standards:
        return mark[1:]
    if not _STANDARD.fullmatch(mark) or _NO_STANDARD.fullmatch(mark) or mark in labels.flags:
        return None
    return mark
