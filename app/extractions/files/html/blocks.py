"""What a page shows, as lines of words that stand in columns of characters.

Text in `<pre>` keeps its columns, a table becomes a grid with a gap between its columns, and everything else stands in
lines from the left. A table that has tables in its cells only divides the page: its cells stand below each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from app.extractions.files.html.tokens import attributes, tokens

PlacedWord = tuple[int, str]
"""The column of its first character, and the word."""
ShownLine = list[PlacedWord]

_WORD = re.compile(r"\S+")
_GAP: Final = 3
_DEEPEST: Final = 20
_WIDEST: Final = 60
"""Columns of a table; what is beyond stands in the last one."""
_BREAKS: Final = frozenset(
    "address article aside blockquote body br caption center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 "
    "h6 header hr html li main nav ol p pre section ul".split()
)
_HIDDEN: Final = frozenset("head template noscript select datalist option button object svg math".split())
_EMPTY: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())
_ENDS_BEFORE_ITSELF: Final = frozenset("p li td th tr option dd dt".split())
_HIDING = re.compile(r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}(?:hidden|collapse)", re.IGNORECASE)
_NUMBER = re.compile(
    r"[^\w\s]{0,3}[A-Za-z]{0,2}\d[\d:.,]{0,12}\S{0,3}|-{1,4}|[xX]?(?:DNS|DSQ|DQ|NS|DFS|DNF|SCR|WDR|EXH|NT)"
)


@dataclass(slots=True)
class _Cell:
    lines: list[ShownLine] = field(default_factory=list)
    columns: int = 1
    rows: int = 1
    has_table: bool = False

    @property
    def is_number(self) -> bool:
        """Whether all of it is one number, time or the like."""
        return len(self.lines) == 1 and len(self.lines[0]) == 1 and _NUMBER.fullmatch(self.lines[0][0][1]) is not None

    @property
    def width(self) -> int:
        return max((line[-1][0] + len(line[-1][1]) for line in self.lines if line), default=0)


@dataclass(slots=True)
class _Table:
    rows: list[list[_Cell]] = field(default_factory=list)
    cell: _Cell | None = None


class _Page:
    """A page under way. Text goes to the innermost open cell, or to the page itself."""

    def __init__(self) -> None:
        self.lines: list[ShownLine] = []
        self.tables: list[_Table] = []
        self.text: list[str] = []
        self.pre = 0
        self.hidden = ""
        self.hidden_depth = 0

    def take(self, tag: str, inside: str) -> None:
        """A tag or, without one, a text."""
        if self.hidden:
            self._skip(tag)
        elif not tag:
            self._write(inside)
        elif tag.startswith("/"):
            self._close(tag[1:])
        elif tag in _HIDDEN or (inside and _is_hidden(inside)):
            if tag not in _EMPTY and not inside.rstrip().endswith("/"):
                self.hidden, self.hidden_depth = tag, 1
        else:
            self._open(tag, inside)

    def end(self) -> list[ShownLine]:
        """The lines of the whole page."""
        self.flush()
        while self.tables:
            self._end_table()
        return self.lines

    def flush(self) -> None:
        """Ends the line."""
        text, self.text = "".join(self.text), []
        if not text.strip():
            if self.pre and text:
                self._target().append([])
            return
        if self.pre:
            line = [(found.start(), found[0]) for found in _WORD.finditer(text.expandtabs(8))]
        else:
            line, column = [], 0
            for word in text.split():
                line.append((column, word))
                column += len(word) + 1
        self._target().append(line)

    def _target(self) -> list[ShownLine]:
        cell = next((table.cell for table in reversed(self.tables) if table.cell), None)
        return cell.lines if cell else self.lines

    def _skip(self, tag: str) -> None:
        if tag == self.hidden:
            self.hidden_depth += tag not in _ENDS_BEFORE_ITSELF
        elif tag == f"/{self.hidden}" or tag in ("/table", "/body"):
            self.hidden_depth -= 1
            if not self.hidden_depth or tag != f"/{self.hidden}":
                self.hidden = ""
                if tag != "/head":
                    self._close(tag[1:])
        elif tag == "body" and self.hidden == "head":
            self.hidden = ""

    def _write(self, text: str) -> None:
        if not self.pre:
            self.text.append(text)
            return
        first, *others = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.text.append(first)
        for other in others:
            self.flush()
            self.text.append(other)

    def _open(self, tag: str, inside: str) -> None:
        if tag == "table":
            self._start_table()
        elif tag == "tr" and self.tables:
            self._end_cell()
            self.tables[-1].rows.append([])
        elif tag in ("td", "th") and self.tables:
            self._end_cell()
            self._start_cell(inside)
        elif tag in _BREAKS:
            self.flush()
            self.pre += tag == "pre"

    def _close(self, tag: str) -> None:
        if tag == "table" and self.tables:
            self._end_table()
        elif tag in ("td", "th", "tr") and self.tables:
            self._end_cell()
        elif tag in _BREAKS:
            self.flush()
            if tag == "pre":
                self.pre = max(0, self.pre - 1)

    def _start_table(self) -> None:
        self.flush()
        if len(self.tables) < _DEEPEST:
            if self.tables and self.tables[-1].cell:
                self.tables[-1].cell.has_table = True
            self.tables.append(_Table())

    def _start_cell(self, inside: str) -> None:
        table, said = self.tables[-1], attributes(inside)
        if not table.rows:
            table.rows.append([])
        table.cell = _Cell(columns=_span(said.get("colspan")), rows=_span(said.get("rowspan")))
        table.rows[-1].append(table.cell)

    def _end_cell(self) -> None:
        self.flush()
        self.tables[-1].cell = None

    def _end_table(self) -> None:
        self._end_cell()
        table = self.tables.pop()
        self._target().extend(_grid(table.rows))


def lines_of_page(page: str) -> list[ShownLine]:
    """The lines a page shows, from the top; a line without words is an empty line of a report."""
    shown = _Page()
    for token in tokens(page):
        shown.take(*token)
    return shown.end()


def _is_hidden(inside: str) -> bool:
    if "hidden" not in inside.lower() and "none" not in inside.lower() and "collapse" not in inside.lower():
        return False
    said = attributes(inside)
    return "hidden" in said or _HIDING.search(said.get("style", "")) is not None


def _span(text: str | None) -> int:
    return max(1, min(int(text), _WIDEST)) if text and text.isascii() and text.isdecimal() and len(text) < 4 else 1


def _grid(rows: list[list[_Cell]]) -> list[ShownLine]:
    """The lines of a table whose columns stand below each other."""
    placed: list[list[tuple[int, _Cell]]] = []
    taken: dict[int, int] = {}  # columns that a cell of a row above reaches down into, and for how many rows
    for row in rows:
        line: list[tuple[int, _Cell]] = []
        column = 0
        for cell in row:
            while taken.get(column, 0) > 0:
                column += 1
            column = min(column, _WIDEST - 1)
            line.append((column, cell))
            for covered in range(column, min(column + cell.columns, _WIDEST)):
                taken[covered] = cell.rows
            column += cell.columns
        taken = {column: left - 1 for column, left in taken.items() if left > 1}
        placed.append(line)
    widths: dict[int, int] = {}
    votes: dict[int, int] = {}  # for numbers, which stand to the right with their heads, whatever a page says
    for index, column, cell in ((index, *found) for index, line in enumerate(placed) for found in line):
        if cell.columns == 1 and not cell.has_table and cell.lines:
            widths[column] = max(widths.get(column, 0), cell.width)
            if index:  # the heads have no vote
                votes[column] = votes.get(column, 0) + (1 if cell.is_number else -1)
    right = {column for column, vote in votes.items() if vote > 0}
    lefts = [0]
    for column in range(_WIDEST):
        width = widths.get(column, 0)
        lefts.append(lefts[-1] + (width + _GAP if width else 0))
    ends = {column: lefts[column] + widths[column] for column in right}
    return [shown for line in placed for shown in _row(line, lefts, ends)]


def _row(cells: list[tuple[int, _Cell]], lefts: list[int], ends: dict[int, int]) -> list[ShownLine]:
    if any(cell.has_table for _, cell in cells):
        return [line for _, cell in cells for line in cell.lines]
    height = max((len(cell.lines) for _, cell in cells), default=0)
    shown: list[ShownLine] = [[] for _ in range(height)]
    for column, cell in cells:
        for row, line in enumerate(cell.lines):
            if line:
                to_the_right = column in ends and cell.columns == 1
                left = ends[column] - line[-1][0] - len(line[-1][1]) if to_the_right else lefts[column]
                shown[row] += [(left + start, word) for start, word in line]
    return shown
