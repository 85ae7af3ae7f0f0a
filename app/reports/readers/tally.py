"""What a text table must come to if DuckDB reads every byte of it as we would: told by sums, without its records."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.reports.readers.dialect import Dialect
from app.reports.readers.encodings import Encoding
from app.reports.readers.scratch import quoted

CHUNK: Final = 1 << 20
BOM: Final = codecs.BOM_UTF8


@dataclass(frozen=True, slots=True)
class Tally:
    """As many `rows` as lines, and the bytes of all their values, less the quotes inside these (`volume`).

    A reader that comes to the same has left nothing out and has joined nothing: no blank beside a quote, no delimiter
    at the end, no line that is a part of another's value. `header` begins no row either: it would be its repetition.
    """

    rows: int
    volume: int
    quote: str
    header: tuple[str, ...]

    def volume_of(self, columns: Sequence[str]) -> str:
        """SQL for the part of the volume that one row has in some text columns."""
        return f"strlen(replace(concat({', '.join(columns)}), {quoted(self.quote)}, ''))"


@dataclass(frozen=True, slots=True)
class Body:
    """What stands below the top of a text: its lines, all bytes but the ends of lines outside values, its quotes."""

    lines: int
    size: int
    quotes: int
    is_complete: bool

    def tally(self, dialect: Dialect, header: Sequence[str], width: int, rows: int) -> Tally:
        """What `rows` records of `width` values must come to."""
        ends = (rows - (not self.is_complete)) * len(dialect.newline)
        outside = ends + rows * (width - 1) * len((dialect.delimiter or "").encode())
        return Tally(rows, self.size - outside - self.quotes, dialect.quote or "", tuple(header))


def measure(path: Path, encoding: Encoding, dialect: Dialect, top: int) -> Body | None:
    """Measure a text below its `top` first lines; None where DuckDB could not read it as it stands."""
    quote, end = (dialect.quote or "").encode(), dialect.newline.encode()
    is_usual = not dialect.spaced and not dialect.layout and len(dialect.delimiter or "") == 1 and quote
    if not is_usual or end == b"\r" or not encoding.name.startswith("utf-8"):
        return None
    ends = quotes = size = 0
    last = b""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        for _ in range(top):
            if not file.readline().endswith(end):
                return None
        for piece in iter(lambda: file.read(CHUNK), b""):
            # The ends of lines may be CR LF: no piece parts them.
            piece += file.read(1) if piece.endswith(b"\r") else b""
            found = piece.count(b"\n")
            # To look for a byte takes a tenth of the time of counting it.
            returns = piece.count(b"\r") if b"\r" in piece else 0
            if (
                b"\0" in piece
                or returns != (found if end == b"\r\n" else 0)
                or (returns and piece.count(end) != returns)
            ):
                return None
            if not piece.isascii() or decoder.getstate()[0]:
                try:
                    text = decoder.decode(piece)
                except UnicodeDecodeError:
                    return None
                if "\ufeff" in text:
                    return None
            ends, quotes, size, last = ends + found, quotes + piece.count(quote), size + len(piece), piece
    if not last or decoder.getstate()[0]:
        return None
    is_complete = last.endswith(b"\n")
    return Body(ends + (not is_complete), size, quotes, is_complete)


def last_records(path: Path, dialect: Dialect, count: int) -> list[list[str]] | None:
    """The last records of a UTF-8 text whose lines are its records; None where one of its last lines is none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - CHUNK))
        lines = list(io.StringIO(file.read().decode("utf-8", "ignore"), newline="\n"))
    try:
        return [
            record
            for line in lines[1:][-count:]
            for record in itertools.islice(csv.reader([line], strict=True, **dialect.reader_options()), 1)
        ]
    except csv.Error:
        return None
