"""Rows that were read and cleaned by us, written to a scratch folder in the one dialect that DuckDB then reads."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

PART_BYTES: Final = 256 * 1024 * 1024
"""A child may write files of at most 1 GiB; parts of this size leave room for many times that."""
CHECK_EVERY: Final = 4096
MAX_LINE_BYTES, USUAL_LINE_BYTES = 16 * 1024 * 1024, 2 * 1024 * 1024
LEAST_BUFFER: Final = 8 * 1024 * 1024
"""DuckDB would take a buffer of 16 times the longest line that it is to expect, and many of them."""
MAX_ROW: Final = MAX_LINE_BYTES // 4
"""Characters of a row; the values of a longer one are cut."""


GROUP: Final = 64
"""So many columns are read and kept together: more of them at once take much memory, and longer for each."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that DuckDB can select from, with as many text columns as `width`: c0, c1, ..."""

    sql: str
    width: int

    def groups(self) -> list[range]:
        """The places of the columns that are read together."""
        return [range(first, min(first + GROUP, self.width)) for first in range(0, self.width, GROUP)]

    def part(self, places: range) -> str:
        """SQL for some of the columns."""
        if len(places) == self.width:
            return self.sql
        return f"(select {', '.join(f'c{place}' for place in places)} from {self.sql})"


def quoted(text: str) -> str:
    """As an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def read_csv(
    paths: Sequence[Path],
    width: int,
    *,
    delimiter: str,
    quote: str,
    escape: str,
    skip: int = 0,
    newline: str = "\n",
    longest: int = USUAL_LINE_BYTES,
) -> Relation:
    """The call of DuckDB's CSV reader that leaves nothing to be detected; it refuses lines beyond `longest` bytes."""
    # Left to itself it takes a CR inside the first value for the end of a line.
    ends = ", new_line='\\n'" if newline == "\n" else ""
    columns = ", ".join(f"'c{place}': 'varchar'" for place in range(width))
    files = ", ".join(quoted(str(path)) for path in paths)
    sql = (
        f"read_csv([{files}], auto_detect=false, header=false, skip={skip}, delim={quoted(delimiter)},"
        f" quote={quoted(quote)}, escape={quoted(escape)}, strict_mode=true{ends},"
        f" max_line_size={longest}, buffer_size={max(2 * longest, LEAST_BUFFER)}, columns={{{columns}}})"
    )
    return Relation(sql, width)


class Parts:
    """Writes rows of text as CSV files that all have the same width."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder, self._width = folder, width
        self.rows, self.longest = 0, 0
        self.paths: list[Path] = []
        self._file: IO[str] | None = None
        self._writer: Any = None

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows; shorter ones are filled up, longer ones cut."""
        width, filling = self._width, [""] * self._width
        for row in rows:
            if self.rows % CHECK_EVERY == 0 and (self._file is None or self._file.tell() > PART_BYTES):
                self._next_part()
            if len(row) != width:
                row = [*row, *filling][:width]
            size = sum(map(len, row))
            if size > MAX_ROW:
                row, size = [cell[: MAX_ROW // width] for cell in row], MAX_ROW
            if size > self.longest:
                self.longest = size
            self._writer.writerow(row)
            self.rows += 1

    def _next_part(self) -> None:
        self.close()
        path = self._folder / f"part-{len(self.paths)}.csv"
        self.paths.append(path)
        # errors: JSON may hold lone surrogates, which UTF-8 has no bytes for
        self._file = path.open("w", encoding="utf-8", errors="replace", newline="", buffering=1 << 20)
        # All: older versions of the writer leave a value with "\r" in it without quotes.
        self._writer = csv.writer(self._file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def relation(self) -> Relation:
        """What was written. A folder without rows gives a relation without rows."""
        self.close()
        if not self.paths:
            columns = ", ".join(f"null::varchar as c{place}" for place in range(self._width))
            return Relation(f"(select {columns} where false)", self._width)
        # Characters of up to four bytes, quotes doubled, and quotes around each value.
        longest = USUAL_LINE_BYTES if self.longest * 8 + self._width * 3 < USUAL_LINE_BYTES else MAX_LINE_BYTES
        return read_csv(self.paths, self._width, delimiter=",", quote='"', escape='"', longest=longest)
