"""Writes JSON values as rows: one for each object, with the members of what is nested in it as `outer.inner`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from app.reports.notes import Note, note
from app.reports.readers.cells import BOOLEAN, NUMBER, OTHER, TEXT, known_types
from app.reports.readers.header import column_names
from app.reports.readers.json.decoding import Number, text_of
from app.reports.readers.scratch import Parts, Relation
from app.reports.readers.table import Table

MAX_COLUMNS: Final = 4096
MAX_DEPTH: Final = 16
BARE: Final = "value"
"""The column of values that are no objects."""
SPARE: Final = 8
HEAD, HEAD_CHARS = 200, 1 << 22


class TooWide(Exception):
    """The records have more different members than a table may have columns."""


class RecordWriter:
    """Writes records whose members are known only when they come.

    When members are met that no part has room for, the next part is wider; so everything is read once.
    """

    def __init__(self, folder: Path, depth: int = MAX_DEPTH) -> None:
        self._folder, self._depth = folder, depth
        self._names: dict[str, int] = {}
        self._bits: list[int] = []
        self._parts: list[tuple[Parts, int]] = []
        self._nested: dict[str, int] = {}
        self.records = self.others = 0

    def write(self, values: Iterable[Any]) -> None:
        """Add records. Raises TooWide."""
        rows = self._rows(values)
        rest = _head(rows)
        while rest:
            rest = self._write_part(rest, rows)

    def _write_part(self, first: list[list[str]], rows: Iterator[list[str]]) -> list[list[str]]:
        """Write rows until one has members that the part has no room for; that one is returned."""
        names = len(self._names)
        width = names + max(SPARE, names // 2) if self._parts else names
        folder = self._folder / f"wide-{len(self._parts)}"
        folder.mkdir()
        parts, rest = Parts(folder, width), []
        self._parts.append((parts, width))

        def fitting() -> Iterator[list[str]]:
            yield from first
            for row in rows:
                if len(row) > width:
                    rest.append(row)
                    return
                yield row

        parts.write(fitting())
        return rest

    def _rows(self, values: Iterable[Any]) -> Iterator[list[str]]:
        names, bits, depth = self._names, self._bits, self._depth
        for value in values:
            self.records += 1
            if type(value) is not dict:
                value = {BARE: value}
                self.others += 1
            else:
                for member in value.values():
                    if type(member) is dict and member:
                        value = flatten(value, depth)
                        break
            row = [""] * len(bits)
            for name, cell in value.items():
                place = names.get(name)
                if place is None:
                    place = self._add(name, row)
                if cell is None:
                    continue
                kind = type(cell)
                if kind is str:
                    bits[place] |= TEXT
                    row[place] = cell if "\x00" not in cell else cell.replace("\x00", "")
                elif kind is Number:
                    bits[place] |= NUMBER
                    row[place] = cell
                elif kind is bool:
                    bits[place] |= BOOLEAN
                    row[place] = "true" if cell else "false"
                else:
                    bits[place] |= OTHER
                    if kind is list and cell and type(cell[0]) is dict:
                        self._nested[name] = self._nested.get(name, 0) + len(cell)
                    row[place] = text_of(cell).replace("\x00", "")
            yield row

    def _add(self, name: str, row: list[str]) -> int:
        place = self._names[name] = len(self._bits)
        if place >= MAX_COLUMNS:
            raise TooWide
        self._bits.append(0)
        row.append("")
        return place

    def table(self, kind: str) -> Table:
        """What was written."""
        places = self._places()
        names = [*self._names]
        records, others = self.records, self.others
        return Table(
            format=kind,
            names=column_names([names[place].replace("\x00", "") for place in places], len(places) or 1),
            relation=self._relation(places),
            rows=records,
            facts={"shape": "values" if others else "objects", "header": True, "records": records},
            problems={"records_not_objects": others} if 0 < others < records else {},
            known=known_types([self._bits[place] for place in places]),
            notes=[*self._notes()],
            lines_of=lambda rows: [row + 1 for row in rows],
        )

    def _places(self) -> list[int]:
        """The members that become columns: not those that only stand for "no object here" beside the object's own."""
        outer = {prefix for name in self._names for prefix in _prefixes(name)}
        return [place for name, place in self._names.items() if self._bits[place] or name not in outer]

    def _notes(self) -> Iterator[Note]:
        if self._nested:
            columns = ", ".join(list(self._nested)[:3])
            message = f"Lists of records inside of records stay JSON text (in {columns}); their rows are not counted."
            examples = [f"{name} ({count:,})" for name, count in self._nested.items()]
            yield note("NESTED_RECORDS", message, sum(self._nested.values()), examples=examples)

    def _relation(self, places: list[int]) -> Relation:
        if len(self._parts) == 1 and places == [*range(self._parts[0][1])]:
            return self._parts[0][0].relation()
        selects = []
        for parts, width in self._parts:
            columns = [
                f"c{place} as c{at}" if place < width else f"null::varchar as c{at}" for at, place in enumerate(places)
            ]
            selects.append(f"select {', '.join(columns) or 'null::varchar as c0'} from {parts.relation().sql}")
        return Relation(f"({' union all '.join(selects)})", len(places) or 1)


def _prefixes(name: str) -> Iterator[str]:
    """`a` and `a.b` of `a.b.c`."""
    place = name.find(".")
    while place > 0:
        yield name[:place]
        place = name.find(".", place + 1)


def _head(rows: Iterator[list[str]]) -> list[list[str]]:
    """The first rows, by which the first part gets its width."""
    found, size = [], 0
    for row in rows:
        found.append(row)
        size += sum(map(len, row))
        if len(found) >= HEAD or size > HEAD_CHARS:
            break
    return found


def flatten(record: dict[str, Any], depth: int) -> dict[str, Any]:
    """A record with the members of what is nested in it; what is nested deeper than `depth` stays whole."""
    flat: dict[str, Any] = {}
    _flatten(record, "", depth, flat)
    return flat


def _flatten(record: dict[str, Any], prefix: str, depth: int, flat: dict[str, Any]) -> None:
    for key, member in record.items():
        name = prefix + key
        if depth and type(member) is dict and member:
            _flatten(member, f"{name}.", depth - 1, flat)
        else:
            while name in flat:  # a member `a.b` beside a member `b` of `a`: U+0000 tells them apart until the end
                name += "\x00"
            flat[name] = member
