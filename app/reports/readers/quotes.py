"""Records whose quotes are not what they should be: an inch sign in a value, a quote that never closes.

A reader of CSV that meets `1,"Monitor 12"",99` takes the next line for a part of the value, and often comes out with
the usual number of fields. So the lines of such a record are looked at again: what each of them is by itself.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from typing import Final, Literal

from app.reports.columns.looks import kind_of
from app.reports.readers.dialect import Dialect

MOST_PIECES: Final = 400
"""Lines of more pieces are only divided, not mended: the search would take the square of it."""
MOST_SPAN: Final = 40
BROKEN: Final = 1000.0


def plain_fields(line: str, dialect: Dialect) -> list[str]:
    """The fields of a line in which quotes mean nothing."""
    return line.rstrip("\r\n").split(dialect.separator) if line.strip("\r\n") else []


def mended_fields(text: str, dialect: Dialect, width: int) -> list[str] | None:
    """The fields of a record with stray quotes, if they can be divided so that there are `width`; None if not.

    A field that a quote begins may go on to any later piece that ends with one; the division with the
    fewest doubts wins.
    """
    quote = dialect.quote or '"'
    pieces = plain_fields(text, dialect)
    spare = len(pieces) - width
    if width < 1 or spare < 0:
        return None
    if not spare:
        fields = [_unquoted(piece, dialect) for piece in pieces]
        whole = not any("\n" in field and field == piece for field, piece in zip(fields, pieces, strict=True))
        return fields if whole else None
    if len(pieces) > MOST_PIECES:
        return None
    # best[j]: the least doubt at which the pieces so far make fields, with j pieces merged away; and where they divide
    best: list[dict[int, tuple[float, tuple[int, ...]]]] = [{} for _ in range(len(pieces) + 1)]
    best[0][0] = (0.0, ())
    for place, piece in enumerate(pieces):
        opens = piece.lstrip(" ").startswith(quote)
        for merged, (doubt, cuts) in best[place].items():
            for end in range(place + 1, min(len(pieces), place + 1 + MOST_SPAN if opens else place + 1) + 1):
                now = merged + end - place - 1
                if now > spare:
                    break
                if end > place + 1 and not pieces[end - 1].rstrip(" ").endswith(quote):
                    continue
                cost = doubt + _doubt(dialect.separator.join(pieces[place:end]), quote)
                if now not in best[end] or cost < best[end][now][0]:
                    best[end][now] = (cost, (*cuts, end))
    if spare not in best[-1] or best[-1][spare][0] >= BROKEN:
        return None
    cuts = best[-1][spare][1]
    return [
        _unquoted(dialect.separator.join(pieces[start:end]), dialect)
        for start, end in zip((0, *cuts[:-1]), cuts, strict=True)
    ]


def _doubt(field: str, quote: str) -> float:
    """How unlike a well-written field it is."""
    text = field.strip(" ")
    if "\n" in text and (len(text) < 2 or text[0] != quote or text[-1] != quote):
        return BROKEN
    if not text.startswith(quote):
        return 0.2 if quote in text else 0
    if len(text) < 2 or not text.endswith(quote):
        return 2
    inner = text[1:-1].replace(quote * 2, "")
    return 0 if quote not in inner else 0.5 + 0.1 * inner.count(quote)


def _unquoted(piece: str, dialect: Dialect) -> str:
    quote, text = dialect.quote or '"', piece.strip(" ")
    if len(text) < 2 or text[0] != quote or text[-1] != quote or _is_two(text[1:-1], quote):
        return piece
    inner = text[1:-1].replace(quote * 2, quote)
    return inner.replace(f"{dialect.escape}{quote}", quote) if dialect.escape else inner


def _is_two(inner: str, quote: str) -> bool:
    """Whether what stands between the outer quotes closes the first and opens the last: `Big" and "small`."""
    first, last = inner.find(quote), inner.rfind(quote)
    closes = 0 < first < last and inner[first - 1] not in " (" and inner[first + 1] in " ,;)"
    return closes and inner[last - 1] in " (" and inner[last + 1 : last + 2] not in ("", " ")


def swallows(
    lines: Sequence[str], record: Sequence[str], dialect: Dialect, width: int, kinds: Sequence[str | None]
) -> Literal["no", "maybe", "yes"]:
    """Whether a record of several lines is several records: each line by itself has the usual width and fits.

    `kinds` are those of the columns, None for text.
    """
    if width < 2 or len(lines) < 2 or len(plain_fields(lines[0], dialect)) != width:
        return "no"
    if len(record) != width:
        return "yes"
    checked = []
    for line in [*lines[1:20], *([lines[-1]] if len(lines) > 20 else [])]:
        fields = _fields(line, dialect, width)
        if len(fields) != width:
            return "no"
        checked.append(fields)
    typed = [place for place, kind in enumerate(kinds[:width]) if kind]
    if not typed:
        return "yes" if len(lines) > 2 and width > 2 else "maybe"
    cells = [(kind_of(fields[place]), kinds[place]) for fields in checked for place in typed]
    fitting = sum(found in (kind, "blank") for found, kind in cells)
    return "yes" if fitting * 10 >= len(cells) * 9 and any(found == kind for found, kind in cells) else "no"


def _fields(line: str, dialect: Dialect, width: int) -> list[str]:
    fields = plain_fields(line, dialect)
    if len(fields) == width or not dialect.quote or dialect.quote not in line:
        return fields
    try:
        return next(csv.reader([line], strict=True, **dialect.reader_options()), fields)
    except csv.Error:
        return mended_fields(line, dialect, width) or fields
