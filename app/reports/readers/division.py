"""Divides a wide text by its columns, so that DuckDB reads every byte once and not once for each group of columns."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from pathlib import Path

from app.reports.readers.dialect import Dialect
from app.reports.readers.scratch import USUAL_LINE_BYTES, Relation, divided_csv, pieces_of


def divide(path: Path, folder: Path, dialect: Dialect, width: int, top: int) -> Relation | None:
    """The rows of a UTF-8 text below its `top` first lines; None where a line has not `width` fields."""
    delimiter, quote = (dialect.delimiter or "").encode(), (dialect.quote or "").encode()
    places = [slice(piece.start, piece.stop) for piece in pieces_of(width)]
    end = dialect.newline.encode()
    paths = [folder / f"piece-{number}.csv" for number in range(len(places))]
    with ExitStack() as stack:
        files = [stack.enter_context(each.open("wb", (1 << 20) // len(paths))) for each in paths]
        pieces = [(each.write, own) for each, own in zip(files, places, strict=True)]
        file = stack.enter_context(path.open("rb", 1 << 20))
        for _ in range(top):
            file.readline()
        for line in file:
            text = line.removesuffix(end)
            fields = _fields(text, dialect) if quote in text else text.split(delimiter)
            if fields is None or len(fields) != width:
                return None
            for write, own in pieces:
                write(delimiter.join(fields[own]) + end)
    return divided_csv(
        [[each] for each in paths],
        width,
        delimiter=dialect.delimiter or ",",
        quote=dialect.quote or '"',
        newline=dialect.newline,
        longest=USUAL_LINE_BYTES,
    )


def _fields(line: bytes, dialect: Dialect) -> list[bytes] | None:
    """The fields of a line with their quotes around them where they need some."""
    quote = dialect.quote or '"'
    try:
        (record,) = csv.reader([line.decode()], strict=True, **dialect.reader_options())
    except (csv.Error, ValueError):
        return None
    out = io.StringIO()
    writer = csv.writer(out, delimiter=dialect.separator, quotechar=quote, lineterminator="")
    fields = []
    for cell in record:
        if quote not in cell and dialect.separator not in cell and "\r" not in cell:
            fields.append(cell.encode())
            continue
        writer.writerow([cell])
        fields.append(out.getvalue().encode())
        out.seek(0)
        out.truncate()
    return fields
