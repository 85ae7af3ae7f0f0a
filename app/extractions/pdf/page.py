"""A page as words and as lines, with where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in points, turned as the page is when its text is upright; y grows upwards."""
UNREAD: Final = "unread"
"""The meaning of a line that a reader did not understand, although it stands where only results and their legs do."""
_ONE_LINE: Final = 0.4  # of the height of the lower of two words: their middles lie no farther apart
_LONGEST = 500  # characters; no page of a sheet is that wide, and patterns take long on what is


class Word(NamedTuple):
    """A run of characters without a blank; `order` is its place in the file.

    Points: x to the right, y upwards, where `y` is the middle of the word. `lefts` are the left edges of its
    characters, read only where two cells may have run together.
    """

    text: str
    x0: float
    x1: float
    y: float
    height: float
    order: int
    lefts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """The words of one page in the order of the file; `number` counts from 1.

    A page that holds two pages of a sheet side by side is two of one number. `hidden` words are in the file but not
    seen. `is_picture`: there is something on the page, but no text; `is_guessed`: the text is what a scanner's software
    took a picture for.
    """

    number: int
    words: list[Word]
    hidden: int = 0
    is_picture: bool = False
    is_guessed: bool = False


TEXT: Final[Callable[[Word], str]] = itemgetter(Word._fields.index("text"))
LEFT, MIDDLE, RIGHT, _TALL = (itemgetter(Word._fields.index(name)) for name in ("x0", "y", "x1", "height"))
"""Edges of words, to sort or compare many: half the time of asking for the field by name."""


@dataclass(slots=True)
class Line:
    """Words side by side, left to right; `text` is the words with one blank.

    `left` is the left edge of their column, in points. `meaning` is set by the reader of a layout that knows what the
    line is although no swim comes of it (`record`, `legend`, `ranking`, `heading`): it is then not reported as unread.
    A line that means `UNREAD` is, whatever it looks like.
    """

    words: list[Word]
    left: float
    text: str
    meaning: str = ""

    @property
    def box(self) -> Box:
        """Where the line stands on its page, in points."""
        words = self.words
        half = max(map(_TALL, words)) / 2
        return words[0].x0, words[0].y + half, max(map(RIGHT, words)), words[0].y - half


@dataclass(slots=True)
class PageLines:
    """A page in reading order: the title lines, then the lines of every column."""

    number: int
    header: list[Line]
    body: list[Line]

    @property
    def lines(self) -> list[Line]:
        """All lines, from the top."""
        return [*self.header, *self.body]


class Pages:
    """The pages of one PDF: their words, and their lines across the whole width, which are made when asked for."""

    def __init__(self, words: list[Page]) -> None:
        self.words = words
        self._lines: dict[int, PageLines] = {}

    def __len__(self) -> int:
        return self.words[-1].number if self.words else 0

    def first(self, count: int) -> Pages:
        """The first pages, and itself when there are no more."""
        return self if len(self.words) <= count else Pages(self.words[:count])

    def lines(self, count: int | None = None) -> list[PageLines]:
        """Each page, or the first `count` pages, as lines from the top without regard to columns."""
        return [self._lines_of(index) for index in range(len(self.words))[:count]]

    def _lines_of(self, index: int) -> PageLines:
        if index not in self._lines:
            page = self.words[index]
            self._lines[index] = PageLines(page.number, [], to_lines(page.words, 0.0))
        return self._lines[index]


def to_lines(words: list[Word], left: float) -> list[Line]:
    """Words grouped by height on the page, top down. Cells of one row stand a point apart where their fonts differ."""
    return list(iterate_lines(words, left))


def iterate_lines(words: list[Word], left: float) -> Iterator[Line]:
    row: list[Word] = []
    y = limit = 0.0
    for word in sorted(words, key=MIDDLE, reverse=True):
        _, _, _, middle, height, _, _ = word  # in one go: asking for each by name takes three times as long
        gap = y - middle
        if row and (gap > limit or gap > _ONE_LINE * height):
            if (line := _line(row, left)) is not None:
                yield line
            row = []
        if not row:
            y, limit = middle, _ONE_LINE * height
        row.append(word)
    if row and (line := _line(row, left)) is not None:
        yield line


def _line(row: list[Word], left: float) -> Line | None:
    row.sort(key=LEFT)
    end = -1e9
    for _, x0, x1, _, _, _, _ in row:
        if x0 < end:
            row = _by_cell(row)
            break
        end = x1 - 1.0
    text = " ".join(map(TEXT, row))
    return Line(row, left, text) if len(text) < _LONGEST else None


def _by_cell(row: list[Word]) -> list[Word]:
    """Sorts cells instead of words: a text too long for its cell is cut on paper but runs on over the next one."""
    cells: list[list[Word]] = []
    for word in sorted(row, key=lambda word: word.order):
        last = cells[-1][-1] if cells else None
        if last and abs(last.y - word.y) < 0.1 and -0.1 * word.height < word.x0 - last.x1 < 0.7 * word.height:
            cells[-1].append(word)
        else:
            cells.append([word])
    cells.sort(key=lambda cell: cell[0].x0)
    return [word for cell in cells for word in cell]
