"""Sheets drawn for the tests, with the measures of real Meet Manager reports."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from fpdf import FPDF

from app.extractions.swims import Swim
from tests.extractions.tongues import ENGLISH, Tongue

LICENCE = "Lakeside Aquatic Center - Site License"
PRINTED = "HY-TEK's MEET MANAGER 8.0 - 7:36 PM  11/15/2026  Page "
MEET = "Lakeside Invitational - 11/13/2026 to 11/15/2026"


def a_swim(name: str, event_number: str = "1") -> Swim:
    """A swim of which only the name and the number of the event matter."""
    return Swim(
        name=name,
        kind="individual",
        event_number=event_number,
        event="Women 50 Yard Freestyle",
        round="final",
        place=1,
        time="23.00",
        team="Indiana",
        page=1,
        age="21",
    )


_GLYPHS = {"\u0301": "í", "\u0303": "ñ"}


@dataclass(frozen=True)
class Measures:
    """Where the cells of a table stand, from the left edge of their column: left edges, or right edges for numbers."""

    place: float
    name: float
    age: float
    team: float
    relay: float
    seed: float
    final: float
    points: float
    head_of_age: str = "Age"
    size: float = 9
    id: float | None = None
    head_inset: float = 0.0


ONE_COLUMN = Measures(place=24, name=30, age=186, team=192, relay=198, seed=372, final=456, points=534)
TWO_COLUMNS = Measures(
    place=18, name=24, age=138, team=144, relay=144, seed=196, final=240, points=264, head_of_age="Yr", size=8
)
THREE_COLUMNS = Measures(
    place=12, name=15, age=92, team=95, relay=100, seed=0, final=158, points=176, head_of_age="Yr", size=6.5
)


@dataclass
class Drawing:
    """A PDF under way. `x` is the left edge of the column, `y` the line from the top, both in points.

    `comma` draws times and points with a comma, `accents` the accents of letters as signs of their own.
    """

    measures: Measures = ONE_COLUMN
    title: tuple[str, ...] = (MEET, "Results - Saturday Finals")
    printed: str = PRINTED
    pdf: FPDF = field(default_factory=lambda: FPDF(unit="pt", format="letter"))
    x: float = 18.0
    y: float = 0.0
    font: str = "Times"
    tongue: Tongue = ENGLISH
    comma: bool = False
    accents: bool = False

    def page(self) -> Drawing:
        """A new page with its header."""
        self.pdf.set_auto_page_break(False)
        self.pdf.add_page()
        self.x, self.y = 18.0, 40.0
        self._write(18, LICENCE, size=9)
        self._write(333, self.printed + str(self.pdf.page_no()), size=9)
        for text in self.title:
            self.y += 13
            self._write(306 - self._width(text, 10) / 2, text, size=10)
        self.y += 20
        return self

    def column(self, x: float, y: float = 86.0) -> Drawing:
        """Goes on at the top of another column."""
        self.x, self.y = x, y
        return self

    def line(self, text: str, indent: float = 0.0) -> Drawing:
        """A line of words."""
        self._write(self.x + indent, text)
        return self._down()

    def headers(
        self, *, prelims: bool = False, seeds: bool = True, final: str = "Finals Time", points: bool = True
    ) -> Drawing:
        """The table header of individual events. `prelims` makes the second last column that of the prelims."""
        m = self.measures
        name, _, team, _, seed, prelim, result, score = self.tongue.heads
        if m.id is not None:
            self._write(self.x + m.id, "ID#")
        self._write(self.x + m.name, name)
        self._right(self.x + m.age - m.head_inset, m.head_of_age)
        self._write(self.x + m.team, team)
        if seeds:
            self._right(self.x + m.seed, prelim if prelims else seed)
        if final:
            self._right(self.x + m.final, final if final != "Finals Time" else result)
        if points:
            self._right(self.x + m.points, score)
        return self._down()

    def relay_headers(self, *, seeds: bool = True) -> Drawing:
        """The table header of relays."""
        m = self.measures
        _, _, team, relay, seed, _, result, _ = self.tongue.heads
        self._write(self.x + m.name, "Team" if self.tongue is ENGLISH else team)
        self._write(self.x + m.relay, relay)
        if seeds:
            self._right(self.x + m.seed, seed)
        self._right(self.x + m.final, result)
        return self._down()

    def row(
        self,
        place: str,
        name: str,
        age: str,
        team: str,
        *,
        seed: str = "",
        final: str = "",
        mark: str = "",
        points: str = "",
        id: str = "",
    ) -> Drawing:
        """A row of an individual event."""
        m = self.measures
        self._right(self.x + m.place, place)
        if m.id is not None:
            self._write(self.x + m.id, id)
        self._write(self.x + m.name, name)
        self._right(self.x + m.age, age)
        self._write(self.x + m.team, team)
        return self._end_of_row(seed, final, mark, points)

    def touching_row(self, place: str, name: str, age: str, team: str, *, final: str) -> Drawing:
        """A row in which the name ends where the age starts and the club starts where it ends."""
        m = self.measures
        self._right(self.x + m.place, place)
        self._right(self.x + m.age - self._width(age, m.size), name)
        self._right(self.x + m.age, age)
        self._write(self.x + m.age, team)
        return self._end_of_row("", final, "", "")

    def relay(
        self, place: str, team: str, letter: str, *, seed: str = "", final: str = "", mark: str = "", points: str = ""
    ) -> Drawing:
        """A row of a relay team."""
        m = self.measures
        self._right(self.x + m.place, place)
        self._write(self.x + m.name, team)
        self._write(self.x + m.relay, letter)
        return self._end_of_row(seed, final, mark, points)

    def cells(self, *cells: str, start: float = 40.0, step: float = 42.0) -> Drawing:
        """Cells side by side: splits, or the swimmers of a relay."""
        for index, text in enumerate(cells):
            self._write(self.x + start + index * step, text)
        return self._down()

    def save(self, path: Path) -> str:
        """Writes the PDF; the path as text."""
        self.pdf.output(str(path))
        return str(path)

    def _end_of_row(self, seed: str, final: str, mark: str, points: str) -> Drawing:
        m = self.measures
        if seed:
            self._right(self.x + m.seed, self.number(seed))
        if final:
            self._right(self.x + m.final, self.number(final))
        if mark:
            self._write(self.x + m.final + 4, mark)
        if points:
            self._right(self.x + m.points, self.number(points))
        return self._down()

    def number(self, text: str) -> str:
        """A time or number as it is drawn."""
        return text.replace(".", ",") if self.comma else text

    def _down(self) -> Drawing:
        self.y += 1.25 * self.measures.size
        return self

    def _width(self, text: str, size: float) -> float:
        self.pdf.set_font(self.font, size=size)
        return self.pdf.get_string_width(text)

    def _right(self, x: float, text: str) -> None:
        self._write(x - self._width(text, self.measures.size), text)

    def _write(self, x: float, text: str, size: float = 0.0) -> None:
        self.pdf.set_font(self.font, size=size or self.measures.size)
        if not self.accents or text.isascii():
            self.pdf.text(x, self.y, text)
            return
        for piece, mark in _pieces(text):
            self.pdf.text(x, self.y, piece)
            x += self.pdf.get_string_width(piece)
            self._mark(x, piece[-1:], mark)

    def _mark(self, x: float, letter: str, mark: str) -> None:
        """A sign over the letter that ends at `x`: an accent lies inside it, the letter í ends where it ends."""
        if not mark:
            return
        width, own = self.pdf.get_string_width(letter), self.pdf.get_string_width(mark)
        inside = max(0.0, (width - own) / 2) if mark == "í" and letter in "aeouAEOU" else 0.0
        self.pdf.text(x - own - inside, self.y, mark)


def _pieces(text: str) -> list[tuple[str, str]]:
    """The text in pieces, each with the sign that is drawn over its last letter."""
    pieces = [("", "")]
    for sign in text:
        base, accent = (*unicodedata.normalize("NFD", sign), "")[:2]
        before = pieces[-1][0]
        if sign == "í" and before[-1:].isalpha() and before[-1:] not in "aeiouAEIOU" and not pieces[-1][1]:
            pieces[-1] = (before, "í")
        elif accent in _GLYPHS and sign not in "íÍ":
            mark = _GLYPHS[accent]
            pieces[-1:] = [*pieces[-1:], ("", "")] if pieces[-1][1] else pieces[-1:]
            pieces[-1] = (pieces[-1][0] + base, mark.upper() if mark == "ñ" and base == "N" else mark)
        elif pieces[-1][1]:
            pieces.append((sign, ""))
        else:
            pieces[-1] = (before + sign, "")
    return pieces
