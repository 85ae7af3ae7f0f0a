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
MOST_PIECES: Final = 64
"""Files that a wide table is divided into; a child may have 256 open."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that DuckDB can select from, with as many text columns as `width`: c0, c1, ...

    A wide one may be divided: `pieces` are some columns each, as many in all of them as `pieces_of` says.
    """

    sql: str
    width: int
    pieces: tuple[str, ...] = ()

    def groups(self) -> list[range]:
        """The places of the columns that are read together."""
        return [range(first, min(first + GROUP, self.width)) for first in range(0, self.width, GROUP)]

    def part(self, places: range) -> str:
        """SQL for the columns of one group."""
        source, whole = self.sql, range(self.width)
        if self.pieces:
            place, whole = next(each for each in enumerate(pieces_of(self.width)) if places.start in each[1])
            source = self.pieces[place]
        if places == whole:
            return source
        return f"(select {', '.join(f'c{place}' for place in places)} from {source})"


def pieces_of(width: int) -> list[range]:
    """The places of the columns in each file of a wide table."""
    step = GROUP * -(-width // (GROUP * MOST_PIECES))
    return [range(first, min(first + step, width)) for first in range(0, width, step)]


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
    first: int = 0,
    longest: int = USUAL_LINE_BYTES,
) -> Relation:
    """The call of DuckDB's CSV reader that leaves nothing to be detected; it refuses lines beyond `longest` bytes."""
    # Left to itself it takes a CR inside the first value for the end of a line.
    ends = ", new_line='\\n'" if newline == "\n" else ""
    columns = ", ".join(f"'c{first + place}': 'varchar'" for place in range(width))
    files = ", ".join(quoted(str(path)) for path in paths)
    sql = (
        f"read_csv([{files}], auto_detect=false, header=false, skip={skip}, delim={quoted(delimiter)},"
        f" quote={quoted(quote)}, escape={quoted(escape)}, strict_mode=true{ends},"
        f" max_line_size={longest}, buffer_size={max(2 * longest, LEAST_BUFFER)}, columns={{{columns}}})"
    )
    return Relation(sql, width)


class Parts:
    """Writes rows of text as CSV files that all have the same width; a wide table to several files side by side."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder, self._width = folder, width
        self._pieces = pieces_of(width)
        self.rows, self.longest = 0, 0
        self.paths: list[list[Path]] = []
        self._files: list[IO[str]] = []
        self._writers: list[tuple[Any, slice]] = []

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows; shorter ones are filled up, longer ones cut."""
        width, filling = self._width, [""] * self._width
        for row in rows:
            if self.rows % CHECK_EVERY == 0 and (
                not self._files or sum(file.tell() for file in self._files) > PART_BYTES
            ):
                self._next_part()
            if len(row) != width:
                row = [*row, *filling][:width]
            size = sum(map(len, row))
            if size > MAX_ROW:
                row, size = [cell[: MAX_ROW // width] for cell in row], MAX_ROW
            if size > self.longest:
                self.longest = size
            for writer, places in self._writers:
                writer.writerow(row[places])
            self.rows += 1

    def _next_part(self) -> None:
        self.close()
        number = len(self.paths)
        names = [f"part-{number}" + (f"-{place}" if place else "") for place in range(len(self._pieces))]
        paths = [self._folder / f"{name}.csv" for name in names]
        self.paths.append(paths)
        # errors: JSON may hold lone surrogates, which UTF-8 has no bytes for
        buffering = (1 << 20) // len(paths)
        self._files = [path.open("w", buffering, "utf-8", errors="replace", newline="") for path in paths]
        # All: older versions of the writer leave a value with "\r" in it without quotes.
        self._writers = [
            (csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL), slice(piece.start, piece.stop))
            for file, piece in zip(self._files, self._pieces, strict=True)
        ]

    def close(self) -> None:
        for file in self._files:
            file.close()

    def relation(self) -> Relation:
        """What was written. A folder without rows gives a relation without rows."""
        self.close()
        if not self.paths:
            columns = ", ".join(f"null::varchar as c{place}" for place in range(self._width))
            return Relation(f"(select {columns} where false)", self._width)
        # Characters of up to four bytes, quotes doubled, and quotes around each value.
        longest = USUAL_LINE_BYTES if self.longest * 8 + self._width * 3 < USUAL_LINE_BYTES else MAX_LINE_BYTES
        return divided_csv([*zip(*self.paths, strict=True)], self._width, delimiter=",", quote='"', longest=longest)


def divided_csv(
    paths: Sequence[Sequence[Path]], width: int, *, delimiter: str, quote: str, newline: str = "\n", longest: int
) -> Relation:
    """A table in files side by side, of which each may go on in others."""
    calls = [
        read_csv(
            own,
            len(places),
            first=places.start,
            delimiter=delimiter,
            quote=quote,
            escape=quote,
            newline=newline,
            longest=longest,
        ).sql
        for own, places in zip(paths, pieces_of(width), strict=True)
    ]
    return Relation(calls[0], width, tuple(calls) if len(calls) > 1 else ())
