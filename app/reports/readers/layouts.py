"""Tables that are drawn or aligned rather than delimited: output of psql and MySQL, Markdown, fixed width."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from app.reports.columns.looks import kind_of

LOOKED_AT: Final = 200
BARS: Final = "|│┃║"
_RULER: Final = re.compile(r"[\s|+:=\-─━═┌┬┐├┼┤└┴┘╔╦╗╠╬╣╚╩╝╒╤╕╞╪╡╘╧╛╭╮╰╯┏┳┓┡╇┩┃│║·]{3,}")
_STROKES: Final = ("--", "==", "──", "━━", "══", ":-", "-:")
_DASHES: Final = re.compile(r"[-=]{2,}|-")
_SAID: Final = re.compile(r"\(?\d[\d,.]* (?:rows?|records?|lines?|Zeilen?|lignes?|filas?)\b.{0,80}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """`name` says what it is; `split` gives the fields of a line, or None for one that is only drawn."""

    name: str
    split: Callable[[str], list[str] | None]
    delimiter: str | None = None


def is_said_at_the_end(line: str) -> bool:
    """Whether a line is what a database's client says below a table: `(3 rows)`."""
    return _SAID.fullmatch(line.strip()) is not None


def is_ruler(line: str) -> bool:
    """Whether a line is only drawn."""
    line = line.strip()
    return any(stroke in line for stroke in _STROKES) and _RULER.fullmatch(line) is not None


def detect_layout(lines: Sequence[str]) -> Layout | None:
    """The layout of lines that have a ruler, or a frame, among the first of them."""
    some = [line.rstrip("\r\n") for line in lines[:LOOKED_AT]]
    rulers = [place for place, line in enumerate(some[:60]) if is_ruler(line)]
    if not rulers:
        return None
    rows = [line for line in some if line.strip() and not is_ruler(line)]
    bars = [bar for bar in BARS if sum(bar in line for line in rows) * 2 > len(rows)]
    if bars:
        return _barred(some, some[rulers[0]], bars[0])
    place = rulers[0]
    ruler = some[place]
    spans = [(found.start(), found.end()) for found in _DASHES.finditer(ruler)]
    above = [line for line in some[:place] if line.strip()]
    below = [line for line in some[place + 1 :] if line.strip()]
    if len(spans) < 2 or "|" in ruler or (not above and not below):
        return None
    inside = sum(_keeps_to(spans, line) for line in below)
    if below and inside * 10 < len(below) * 7:
        return None
    ends = [start for start, _ in spans[1:]] + [10**9]
    return _at(0, [0, *ends[:-1]], "fixed width")


def detect_frame(lines: Sequence[str]) -> Layout | None:
    """The layout of lines that begin and end with a bar, without a ruler."""
    rows = [line.strip() for line in lines[:LOOKED_AT] if line.strip()]
    framed = all(row[0] == row[-1] == "|" and len(row) > 1 for row in rows)
    return _barred(rows, "", "|") if rows and framed else None


def _keeps_to(spans: Sequence[tuple[int, int]], line: str) -> bool:
    """Whether the gaps between the spans are blank in the line."""
    return all(line[left[1] : right[0]].strip() == "" for left, right in pairwise(spans))


def _barred(lines: Sequence[str], ruler: str, bar: str) -> Layout:
    """A table whose fields stand between bars. Bars inside a value are told by the places of the ruler's joints."""
    rows = [line.strip() for line in lines if bar in line and not is_ruler(line)]
    framed = sum(row.startswith(bar) and row.endswith(bar) for row in rows) * 2 > len(rows)
    counts = [row.count(bar) for row in rows]
    usual = max(set(counts), key=counts.count)
    joints = [place for place, sign in enumerate(ruler.rstrip()) if sign in "+┼╪╬╇|┬┤├"]

    def split(line: str) -> list[str] | None:
        text = line.rstrip("\r\n")
        if is_ruler(text) or not text.strip():
            return None if text.strip() else []
        if bar not in text:
            return [text.strip()]
        places = [place for place, sign in enumerate(text) if sign == bar]
        if (
            len(places) > usual
            and all(place < len(text) and text[place] == bar for place in joints)
            and len(joints) == usual
        ):
            places = joints
        cells = [text[left + 1 : right] for left, right in zip([-1, *places], [*places, len(text)], strict=True)]
        if framed:
            cells = cells[1:-1] if not cells[-1].strip() else cells[1:]
        return [cell.replace("\\|", bar).strip() for cell in cells]

    return Layout("drawn", split, bar)


def _at(_: int, starts: Sequence[int], name: str) -> Layout:
    edges = list(zip(starts, [*starts[1:], None], strict=True))

    def split(line: str) -> list[str] | None:
        text = line.rstrip("\r\n")
        if is_ruler(text):
            return None
        if not text.strip():
            return []
        if is_said_at_the_end(text):
            return [text.strip()]
        return [text[start:end].strip() for start, end in edges]

    return Layout(name, split)


def detect_fixed_width(lines: Sequence[str]) -> Layout | None:
    """Columns of fixed width without a ruler: places blank in every line, with numbers or dates between them."""
    some = [line.rstrip("\r\n") for line in lines[:LOOKED_AT] if line.strip()]
    some = [line for line in some if not is_said_at_the_end(line)]
    if len(some) < 3 or any("\t" in line for line in some):
        return None
    length = min(max(map(len, some)), 4000)
    taken = [False] * length
    for line in some:
        for place, sign in enumerate(line[:length]):
            if sign != " ":
                taken[place] = True
    starts = [place for place in range(length) if taken[place] and (not place or not taken[place - 1])]
    if len(starts) < 2:
        return None
    starts = _named(some, starts, taken)
    if len(starts) < 2:
        return None
    layout = _at(0, [0, *starts[1:]], "fixed width")
    rows = [row for line in some if (row := layout.split(line))]
    return layout if _is_table(rows) else None


def _named(lines: Sequence[str], starts: Sequence[int], taken: Sequence[bool]) -> list[int]:
    """The starts without those of words of one value: after one blank only, with no name in the first line."""
    kept = [starts[0]]
    for start, following in zip(starts[1:], [*starts[2:], len(taken)], strict=True):
        narrow = start < 2 or taken[start - 2]
        if narrow and not lines[0][start:following].strip():
            continue
        kept.append(start)
    return kept


def _is_table(rows: Sequence[Sequence[str]]) -> bool:
    cells = [cell for row in rows for cell in row]
    filled = [cell for cell in cells if cell]
    if len(filled) < len(cells) * 0.6 or sum(len(cell.split()) for cell in filled) > len(filled) * 2.5:
        return False
    body = rows[1:]
    for place in range(len(rows[0])):
        column = [row[place] for row in body if row[place]]
        if (
            len(column) * 2 > len(body)
            and sum(kind_of(cell) in ("number", "date") for cell in column) >= len(column) * 0.8
        ):
            return True
    return False
