"""The tables of Omega's sheets: cells by the gaps between words, columns by the headers above them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.extractions.layouts.cells import is_clock
from app.extractions.pdf.page import Line, Word

_COLUMNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("rank", r"Rank|Rk\.?|Pos\.?|Place|Pl\.?"),
        ("heat", r"Heat"),
        ("lane", r"Lane|Ln\.?"),
        ("name", r"(?:(?:NAT|NOC|NF|Club|Team)(?: Code)?\s?/\s?)?(?:Athlete|Swimmer|Family)?\s?Names?"),
        ("gender", r"Gender|Sex"),
        ("club", r"Club(?: Code| Name)?|Team(?: Code| Name)?|NAT Club|NOC(?: Code)?"),
        ("nation", r"NAT\.?(?: Code)?|NF(?: Code)?"),
        ("year", r"Year of Birth|Date of Birth|Birth ?(?:Date|Year)|YOB|Born|Age|DOB"),
        ("reaction", r"R\.? ?T\.?|Reaction Time"),
        ("split", r"\d{2,4} ?m"),
        ("behind", r"Time Behind|Behind|Diff\.?"),
        ("time", r"Time|Result|Final Time"),
        ("points", r"(?:Total )?Points|Pts\.?|(?:FINA|AQUA|WA) Points"),
        ("club_points", r"(?:Club|Team) (?:Points|Pts\.?)"),
    )
)
_IS_HEADER = re.compile(r"\b(?:Rank|Rk|Pos|Place|Lane)\b")
_NAMES = {"Name", "Names", "Athlete", "Swimmer", "NAT", "Team"}
_NUMBER = re.compile(r"=?\d{1,3}\.?")
_VALUE = re.compile(r"[=+-]?[\d:.,]+")
_CELL_GAP = 0.6  # of the height of a line: less is a blank inside a cell
_HEAD_LINES = 2.3  # of the height of `Name`: a header may stand on two or three lines, each not farther than that
_EDGE = 1.5  # points between the left edge of a column and that of a cell in it


@dataclass(slots=True)
class Cell:
    """Words without a gap; `x0` and `x1` in points."""

    text: str
    x0: float
    x1: float


@dataclass(slots=True)
class TableHeader:
    """The columns of a table by kind, and the height on the page where its rows start.

    `edges` are the left edges of the columns whose cells are set flush left.
    """

    columns: list[tuple[str, float, float]]
    bottom: float
    edges: list[float]
    has_short_splits: bool

    def kind(self, cell: Cell) -> str:
        """The column a cell stands in: the one it overlaps most, or the nearest."""
        return max(self.columns, key=lambda column: min(cell.x1, column[2]) - max(cell.x0, column[1]))[0]

    def left(self, kind: str) -> float:
        """The left edge of a column; 0 without it."""
        return next((x0 for name, x0, _ in self.columns if name == kind), 0.0)

    def has(self, *kinds: str) -> bool:
        """Whether the table has a column of one of these kinds."""
        return any(name in kinds for name, _, _ in self.columns)


def read_header(lines: list[Line], index: int) -> TableHeader | None:
    """The header of a table, when the line at `index` has a rank or lane and a name; its neighbours complete it."""
    line = lines[index]
    if not _IS_HEADER.search(line.text) or _NAMES.isdisjoint(word.text for word in line.words):
        return None
    height, farthest = middle(line), _HEAD_LINES * line.words[0].height
    near = [
        other
        for other in lines[max(0, index - 2) : index + 3]
        if abs(middle(other) - height) < farthest and not any(_VALUE.fullmatch(word.text) for word in other.words)
    ]
    stacks: list[list[Cell]] = []
    for cell in (cell for other in near for cell in cells_of(other.words)):
        stack = next((cells for cells in stacks if any(_overlap(cell, above) > 0 for above in cells)), None)
        if stack is None:
            stacks.append([cell])
        else:
            stack.append(cell)
    columns: list[tuple[str, float, float]] = []
    short = False
    for stack in stacks:
        text = " ".join(cell.text for cell in stack)
        kind = next((kind for kind, pattern in _COLUMNS if pattern.fullmatch(text)), "other")
        short = short or (kind == "split" and text.startswith("25"))
        columns.append((kind, min(cell.x0 for cell in stack), max(cell.x1 for cell in stack)))
    kinds = {kind for kind, _, _ in columns}
    if "time" not in kinds or not kinds & {"name", "nation", "club"}:
        return None
    if "name" not in kinds:
        columns = [("name" if kind in ("nation", "club") else kind, x0, x1) for kind, x0, x1 in columns]
    edges = [x0 for kind, x0, _ in columns if kind in ("name", "club", "nation")]
    return TableHeader(columns, min(map(middle, near), default=height), edges, short)


def _overlap(one: Cell, other: Cell) -> float:
    return min(one.x1, other.x1) - max(one.x0, other.x0)


def cells_of(words: list[Word], edges: Sequence[float] = ()) -> Iterator[Cell]:
    """The cells of a line, left to right; one also ends where a word starts at one of the edges."""
    cell: Cell | None = None
    for word in words:
        if (
            cell
            and word.x0 - cell.x1 < _CELL_GAP * word.height
            and not _ends_cell(cell.text, word.text)
            and not any(abs(word.x0 - edge) < _EDGE for edge in edges)
        ):
            cell = Cell(f"{cell.text} {word.text}", cell.x0, max(cell.x1, word.x1))
            continue
        if cell:
            yield cell
        cell = Cell(word.text, word.x0, word.x1)
    if cell:
        yield cell


def _ends_cell(text: str, following: str) -> bool:
    """Whether a cell ends although the next one is near: a lane before a name, a time before a time, and headers."""
    if is_clock(following) and is_clock(text):
        return True
    return text in ("Rank", "Heat", "Lane", "Ln", "Pos") or (
        _NUMBER.fullmatch(text) is not None and following[0].isalpha() and following != "m"
    )


def middle(line: Line) -> float:
    """The height of a line on the page, in points."""
    return line.words[0].y
