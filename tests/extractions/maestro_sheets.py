"""Result sheets as SwimTopia's Meet Maestro prints them from a browser, drawn by loaded dice: every glyph alone."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fpdf import FPDF

MEET = "Summer Meet @ Bay Dolphins"
DATES = "Aug 1, 2026"
FAMILY = "Brink|O'Haff|Van Orb|Lind-Ekz|McDaire|Müller|Nash|Heiffobavpozui|Tesotrvon".split("|")
GIVEN = "Ada|Lauren|Jo|Ole|Cez|Zoë|Anne Marie|Wil|Christopher".split("|")
NICKNAMES = "Addie|Bo|J.R.".split("|")
CLUBS = ("Bay Dolphins", "7 Rivers", "Harbor Hill Tennis and Swim Association of the North", "GUS Lake-Ekz")
CODES = ("BDL", "7R", "HHTSA", "GUS")
STROKES = "Freestyle|Backstroke|Breaststroke|Butterfly|IM".split("|")
DIVISIONS = "18 18-29|30 30-39|40 40-49".split("|")
FIELDS = (
    "kind",
    "event_number",
    "event",
    "section",
    "round",
    "place",
    "name",
    "team",
    "relay",
    "leg",
    "time",
    "status",
)
FIELDS += ("seed_or_prelim", "points", "exhibition", "age", "note", "page")
Row = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """Where the cells of a table stand from the left edge of its column, in points; `size` is that of the text."""

    lefts: tuple[float, ...]
    name: float
    second_leg: float
    age: float
    code: float
    seed: float
    result: float
    points: float
    step: float
    size: float
    two_lines: bool


TWO_COLUMNS = Shape((29, 312), 16.5, 144.6, 138, 142, 209, 250, 271, 12.5, 6.6, False)
THREE_COLUMNS = Shape((29, 218, 407), 16.5, 98, 0, 0, 0, 156, 177, 10.8, 6.2, True)


@dataclass
class MaestroSheet:
    """A sheet under way: `rows` is what is on it; `blanks` says whether the printer draws them."""

    shape: Shape
    font: str = "Helvetica"
    blanks: bool = True
    title: str = f"{MEET} — {DATES}"
    rows: list[Row] = field(default_factory=list)
    scale: float = 1.0
    pdf: FPDF = field(init=False)
    column: int = -1
    y: float = 1e9
    event: tuple[str, str] = ("", "")
    section: str | None = None
    relay: bool = False

    def __post_init__(self) -> None:
        self.pdf = FPDF(unit=self.scale, format=(612, 792))

    def heading(self, number: str, title: str, *, relay: bool) -> None:
        """An event, whose title may have two lines, with the head of its table in the same column."""
        self._room(5)
        self.event, self.section, self.relay = (number, title), None, relay
        for text in f"#{number} {title}".split("\n"):
            self._write(0, text)
            self._down(1.3)
        x = self.shape.name
        if self.shape.two_lines:
            self._write(0, "Pl")
            self._write(x, "Relay Team" if relay else "Athlete")
        else:
            self._write(0, "Pl")
            self._write(x, "Team" if relay else "Name")
            self._right(self.shape.age, "Relay" if relay else "Age")
            if not relay:
                self._write(self.shape.code, "Team")
            self._right(self.shape.seed, "Seed")
        self._right(self.shape.result, "Official")
        self._right(self.shape.points, "Pts")
        self._down(1.3)

    def division(self, text: str) -> None:
        """The line above the rows of one division."""
        self._room(3)
        self.section = None if text == "No Division" else text
        first, _, rest = text.partition(" ")
        if self.section:
            self._write(4, first)
            self._write(23, rest)
        else:
            self._write(0, text)
        self._down(1.2)

    def swimmer(self, place: str, name: str, age: str, club: int, seed: str, result: str, points: str = "") -> None:
        """A row of an individual event."""
        self._room(2)
        page = self._start_row(place)
        shown = self._name(name, result, age)
        if self.shape.two_lines:
            self._end_row("", result, points)
            self._write(self.shape.name, f"Age {age} · {CLUBS[club]}" if age else f"· {CLUBS[club]}", clip=175)
        else:
            self._right(self.shape.age, age)
            self._write(self.shape.code, CODES[club])
            self._end_row(seed, result, points)
        team = self._visible(self._below(age, club), 175) if self.shape.two_lines else CODES[club]
        self._down()
        self._add("individual", page, place, shown, team, result, points, seed=seed, age=age or None)

    def team(
        self,
        place: str,
        club: int,
        letter: str,
        seed: str,
        result: str,
        legs: Sequence[tuple[str, str]],
        points: str = "",
    ) -> None:
        """A row of a relay with the lines of its swimmers; a leg without a name is a dash."""
        self._room(2)
        page, letter_x = self._start_row(place), self.shape.age - self._width(letter)
        if self.shape.two_lines:
            shown = self._name(CLUBS[club], result, "")
            self._end_row("", result, points)
            self._write(self.shape.name, f"Relay {letter} · {CODES[club]}")
        else:
            shown = self._write(self.shape.name, CLUBS[club], clip=letter_x)
            self._write(letter_x, letter)
            self._write(self.shape.code, CODES[club])
            self._end_row(seed, result, points)
        self._down()
        found = []
        for first in range(0, len(legs), 2):
            self._room(1)
            for number, (name, age) in enumerate(legs[first : first + 2], first + 1):
                found += self._leg(number, name, age)
            self._down()
        row = {"relay": letter, "seed": seed}
        for number, name, age in found:
            self._add("relay_leg", page, place, name, shown, result, points, leg=number, age=age, **row)
        if not found:
            self._add("relay", page, place, shown, shown, result, points, **row)

    def line(self, text: str, indent: float) -> None:
        """Any line."""
        self._room(1)
        self._write(indent, text)
        self._down()

    def scores(self) -> None:
        """The last page: the points of the clubs, by division."""
        self.y = 1e9
        self.column = len(self.shape.lefts)
        self._room(1)
        self.line("Team Scores", 0)
        for division in ("No Division", *DIVISIONS):
            self.line(division, 0)
            for place, club in enumerate(CLUBS, 1):
                self._write(0, str(place))
                self._write(self.shape.name, club, clip=120)
                self._right(self.shape.points, f"{90 - 7 * place}.50")
                self._down()

    def save(self, path: Path) -> str:
        """Writes the PDF; the path as text."""
        self.pdf.output(str(path))
        return str(path)

    def _add(
        self, kind: str, page: int, place: str, name: str, team: str, result: str, points: str, **more: Any
    ) -> None:
        timed = result[-1].isdigit()
        row = {
            "kind": kind,
            "event_number": self.event[0],
            "event": self.event[1],
            "section": self.section,
            "round": "final",
            "place": int(place) if place.isdigit() else None,
            "name": name,
            "team": team,
            "relay": more.get("relay"),
            "leg": more.get("leg"),
            "time": result.lstrip("x") if timed else None,
            "status": "OK" if timed else result,
            "seed_or_prelim": None if self.shape.two_lines else more["seed"],
            "points": points or None,
            "exhibition": result.startswith("x"),
            "age": more.get("age"),
            "note": None,
            "page": page,
        }
        self.rows.append(row)

    def _below(self, age: str, club: int) -> str:
        return f"Age {age} · {CLUBS[club]}" if age else f"· {CLUBS[club]}"

    def _visible(self, below: str, clip: float) -> str:
        end = self.shape.name
        for index, sign in enumerate(below):
            if end >= clip:
                below = below[:index]
                break
            end += self._width(sign)
        return below.partition("· ")[2].rstrip()

    def _leg(self, number: int, name: str, age: str) -> list[tuple[int, str, str | None]]:
        x = self.shape.name - 1 if number % 2 else self.shape.second_leg
        clip = self.shape.second_leg if number % 2 else self.shape.points
        text = f"{name} ({age})" if name and age else name or "—"
        self._write(x, f"{number})")
        shown = self._write(x + self._width("1) "), text, clip=clip).rstrip()
        if not name:
            return []
        cut = re.fullmatch(r"(.*?) *\((\d*)(\)?)", shown)
        if not cut:
            return [(number, shown, None)]
        return [(number, cut[1], cut[2] if cut[3] or len(cut[2]) > 1 else None)]

    def _start_row(self, place: str) -> int:
        self._write(0, place)
        return self.pdf.page_no()

    def _name(self, name: str, result: str, age: str) -> str:
        right = self.shape.result - self._width(result) if self.shape.two_lines else self.shape.age - self._width(age)
        return self._write(
            self.shape.name, name, clip=right if self.shape.two_lines or age else self.shape.code
        ).rstrip()

    def _end_row(self, seed: str, result: str, points: str) -> None:
        if seed:
            self._right(self.shape.seed, seed)
        self._right(self.shape.result, result)
        self._right(self.shape.points, points)
        if self.shape.two_lines:
            self._down()

    def _room(self, lines: float) -> None:
        """Goes on in the next column, or on the next page, unless some lines still fit here."""
        if self.y + lines * self.shape.step < 720:
            return
        self.column, self.y = self.column + 1, 52.0
        if self.pdf.page_no() == 0 or self.column >= len(self.shape.lefts):
            self.column = 0
            self._page()

    def _page(self) -> None:
        self.pdf.set_auto_page_break(False)
        self.pdf.add_page()
        number, middle = self.pdf.page_no(), 306.0
        self._at(24, 20, "8/1/26, 2:54 PM")
        self._at(230, 20, f"{MEET} 08/01/2026 | Meet Maestro")
        self._at(29, 34, "Results")
        self._at(middle - self._width(self.title) / 2, 34, self.title)
        end = f"Page {number} of 14"
        self._at(583 - self._width(end), 34, end)
        self._at(29, 740, "SwimTopia Meet Maestro")
        self._at(477, 740, "Printed 08/01/26 02:54 PM")
        self._at(24, 775, "https://maestro.swimtopia.com/a/reports/meet/1/results")

    def _down(self, steps: float = 1.0) -> None:
        self.y += steps * self.shape.step

    def _right(self, x: float, text: str) -> None:
        self._write(x - self._width(text), text)

    def _write(self, x: float, text: str, clip: float = 1e9) -> str:
        left = self.shape.lefts[self.column]
        return self._at(left + x, self.y, text, left + clip)

    def _at(self, x: float, y: float, text: str, clip: float = 1e9) -> str:
        """Draws glyph by glyph up to `clip`; what could be seen of the text."""
        self._set_font()
        for index, sign in enumerate(text):
            if x >= clip:
                return text[:index]
            if sign != " " or self.blanks:
                self.pdf.text(x, y, _printed(sign))
            x += self.pdf.get_string_width(_printed(sign))
        return text

    def _width(self, text: str) -> float:
        self._set_font()
        return float(self.pdf.get_string_width(_printed(text)))

    def _set_font(self) -> None:
        self.pdf.set_font(self.font, size=self.shape.size * self.scale)


def random_maestro(dice: random.Random, path: Path, pages: int = 1) -> list[Row]:
    """Draws a sheet of at least so many pages at `path`; the rows that are on it."""
    shape = dice.choice((TWO_COLUMNS, THREE_COLUMNS))
    sheet = MaestroSheet(shape, dice.choice(("Helvetica", "Times")), dice.random() < 0.7, scale=dice.uniform(0.7, 1.3))
    number, last = 0, dice.randint(4, 12) - 1
    while number < last or sheet.pdf.page_no() < pages:
        number += 1
        relay = dice.random() < 0.35
        title = f"{dice.choice(('Women', 'Men', 'Mixed'))} {dice.choice(('Open', '30-39', '8 & Under'))} "
        title += f"{dice.choice((25, 50, 100))}yd {dice.choice(STROKES)}{' Relay' if relay else ''}"
        sheet.heading(f"{number}{dice.choice(('', 'A', 'B'))}", title, relay=relay)
        for division in dice.choice(((), ("No Division",), DIVISIONS[:2])):
            sheet.division(division)
            _rows(sheet, dice, relay)
        if not sheet.section:
            _rows(sheet, dice, relay)
    if dice.random() < 0.6:
        sheet.scores()
    sheet.save(path)
    return sheet.rows


def _rows(sheet: MaestroSheet, dice: random.Random, relay: bool) -> None:
    place = swum = 0
    for _ in range(dice.randint(1, 14)):
        gone = dice.random() < 0.15
        tied = not gone and place > 0 and dice.random() < 0.1
        swum += not gone
        place = place if gone or tied else swum
        shown = "--" if gone else str(place)
        result = dice.choice(("NS", "DQ")) if gone else ("x" if dice.random() < 0.05 else "") + _time(dice)
        points = str(dice.randint(1, 40)) if not gone and place < 13 else ""
        seed, club = dice.choice(("NT", _time(dice))), dice.randrange(len(CLUBS))
        if relay:
            legs = [(_name(dice), str(dice.randint(5, 99))) if dice.random() < 0.9 else ("", "") for _ in range(4)]
            sheet.team(shown, club, dice.choice("ABCDE"), seed, result, legs, points)
        elif dice.random() < 0.03:
            sheet.swimmer(shown, "Brink, Ada", "", club, seed, result, points)
        else:
            sheet.swimmer(shown, _name(dice), str(dice.randint(5, 99)), club, seed, result, points)


def _name(dice: random.Random) -> str:
    nickname = f" ({dice.choice(NICKNAMES)})" if dice.random() < 0.1 else ""
    return f"{dice.choice(FAMILY)}, {dice.choice(GIVEN)}{nickname}"


def _time(dice: random.Random) -> str:
    minutes, rest = dice.choice((0, 0, 1, 12)), f"{dice.randrange(60):02}.{dice.randrange(100):02}"
    return f"{minutes}:{rest}" if minutes else str(dice.randint(10, 59)) + rest[2:]


def _printed(text: str) -> str:
    """As the fonts at hand encode it."""
    return text.replace("—", "\x97").replace("–", "\x96")
