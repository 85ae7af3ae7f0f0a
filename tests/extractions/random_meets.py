"""Meets made up by loaded dice: the sheet as Meet Manager would print it, and the swims that are on it.

Every form of the layout comes up in some meet: one to three columns, prelims, relays, states, marks, ties, splits,
missing cells, breaks with and without headings.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.extractions.swims import Swim
from tests.extractions.sheets import ONE_COLUMN, THREE_COLUMNS, TWO_COLUMNS, Drawing, Measures
from tests.extractions.tongues import ENGLISH, Tongue

BOTTOM = 760.0
FAMILY = (
    "King Smith Papadopoulos O'Brien van_der_Berg Núñez Hayes-Macaluso Li Østergaard Agundez_Mora St._Pierre McKane Ng "
    "Whittall Luper Futch Müller D'Angelo Al-Khaldi Kromowidjojo"
).replace("_", "\u2007")
GIVEN = "Lilly Ann Jesús Mary-Kate Jo Maximiliana Sofia Bob Zoë José Wan\u2007Xuan Ty".split(" ")
CLUBS = (
    "Indiana University|Texas, University of|SCAR-SC|ARMY|Swimming New South Wales-NS|Rochester Area Masters Swimmin-4"
    "|GTCH|Area 51 SC|Uc04-4|Team 4|Nickel City Splash Swim Team-4|Club NS Halifax|Univ. of So. Cal."
).split("|")
REASONS = (
    "Early take-off swimmer #2",
    "Shoulders past vertical toward breast - back",
    "SW 7.4c Hands brought back beyond the hip line during stroke - breast",
    "Declared false start",
    "No touch on turn, 3rd wall",
)
SCHOOL = ("FR", "SO", "JR", "SR", "GS")


@dataclass
class RandomMeet:
    """A meet under way: `truth` grows as the sheet is drawn.

    `tongue`, `comma` and `accents` are those of the drawing; `glued` lets the school year end where the team starts.
    """

    dice: random.Random
    truth: list[Swim] = field(default_factory=list)
    tongue: Tongue = ENGLISH
    comma: bool = False
    accents: bool = False
    glued: bool = False
    dates: str = "11/13/2026 to 11/15/2026"

    def __post_init__(self) -> None:
        dice = self.dice
        self.columns = 3 if self.glued else dice.choice((1, 1, 2, 2, 3))
        self.columns = 1 if self.tongue.needs_room else self.columns
        self.measures: Measures = {1: ONE_COLUMN, 2: TWO_COLUMNS, 3: THREE_COLUMNS}[self.columns]
        self.school = dice.random() < 0.5 or self.glued
        head = "Yr" if self.school or self.columns > 1 else "Age"
        self.measures = replace(self.measures, head_of_age=head if self.tongue is ENGLISH else self.tongue.heads[1])
        if self.glued:
            self.measures = replace(self.measures, age=self.measures.team, head_inset=5.0)
        self.numbered = self.columns > 1 or dice.random() < 0.7
        self.last_first = dice.random() < 0.7 or self.columns == 3
        self.seeds = self.columns != 3 and dice.random() < 0.6
        self.points = dice.random() < 0.7
        self.cumulative = self.columns == 1 and dice.random() < 0.5
        self.ids = self.columns == 1 and dice.random() < 0.2
        self.repeat_headings = dice.random() < 0.7
        self.course = dice.choice(self.tongue.courses)
        if self.ids:
            name = self.measures.name
            self.measures = replace(self.measures, id=name, name=name + 48, age=210, team=216, relay=240)
        self.drawing = Drawing(
            self.measures,
            title=(f"Lakeside Invitational - {self.dates}", self.tongue.results),
            font=dice.choice(("Times", "Times", "Helvetica")),
            tongue=self.tongue,
            comma=self.comma,
            accents=self.accents,
        )
        self.lefts = [18.0, 309.6] if self.columns == 2 else [18.0, 212.0, 406.0][: self.columns]
        self.column = 0
        self.heading = ""
        self.headers: tuple[bool, bool] | None = None
        self._used: set[str] = set()

    def draw(self, path: Path, *, events: int = 6, pages: int = 1) -> str:
        """Draws so many events, or as many as fill so many pages; the path as text."""
        self.drawing.page()
        number = 0
        while number < events or self.drawing.pdf.page_no() < pages:
            number += 1
            draw_event = self._relay if self.dice.random() < 0.25 else self._event
            draw_event(str(number) if self.numbered else None)
        return self.drawing.save(path)

    def _room(self, lines: int) -> None:
        """Goes on in the next column or on the next page when the rest of this one is too short."""
        if self.drawing.y + lines * 1.25 * self.measures.size < BOTTOM:
            return
        self.column = (self.column + 1) % self.columns
        if self.column == 0:
            self.drawing.page()
        self.drawing.column(self.lefts[self.column])
        if self.heading and (self.column == 0 or self.repeat_headings):
            self.drawing.line(f"({self.heading})")
            if self.headers:
                self._headers(*self.headers)

    def _headers(self, relay: bool, prelims: bool) -> None:
        self.headers = (relay, prelims)
        if relay:
            self.drawing.relay_headers(seeds=self.seeds)
        else:
            self.drawing.headers(prelims=prelims, seeds=self.seeds or prelims, points=self.points)

    def _start(self, number: str | None, title: str) -> str:
        self.heading, self.headers = "", None
        self._room(8)
        heading = f"{self.tongue.event} {number}  {title}" if number else title
        self.drawing.line(heading)
        for label in "AB"[: self.dice.randrange(3)]:
            self.drawing.cells(self.drawing.number(f"1:0{self.dice.randrange(9)}.55"), label, start=70, step=30)
        if self.dice.random() < 0.3:
            record = f"MR:  M {self.drawing.number('50.35')}  2/20/2024 Jane Doe, Texas"
            self.drawing.line(record[: 90 if self.columns == 1 else 30], indent=12)
        self.heading = heading
        return title

    def _title(self) -> str:
        dice = self.dice
        group = "" if self.school else dice.choice(self.tongue.groups) + " "
        return f"{dice.choice(self.tongue.sexes)} {group}{dice.choice((50, 100, 200, 400))} {self.course}"

    def _event(self, number: str | None) -> None:
        dice = self.dice
        diving = dice.random() < 0.15
        title = f"{dice.choice(self.tongue.sexes)} {dice.choice((1, 3))} {self.tongue.diving}" if diving else ""
        trial = not diving and dice.random() < 0.1
        end = f" {self.tongue.time_trial}" if trial else ""
        title = self._start(number, title or f"{self._title()} {dice.choice(self.tongue.strokes)}{end}")
        prelims = self.seeds and not diving and not trial and dice.random() < 0.4
        self._headers(False, prelims)
        if trial:
            self.drawing.line(f"- {self.tongue.time_trial}", indent=4)
        if not prelims:
            section = self.tongue.time_trial if trial else None
            self._rows(title, number, section, range(1, dice.randint(3, 18)), diving)
            return
        places = iter(range(1, 100))
        for letter in "ABC"[: dice.randint(1, 3)]:
            section = self.tongue.final.replace("*", letter)
            self._room(4)
            self.drawing.line(section, indent=self.measures.team)
            self._rows(title, number, section, [next(places) for _ in range(dice.randint(2, 8))], False)
        self._room(5)
        self.drawing.line(self.tongue.prelims, indent=self.measures.team)
        self._rows(title, number, self.tongue.prelims, range(1, dice.randint(3, 12)), False)

    def _rows(
        self, title: str, number: str | None, section: str | None, places: range | list[int], diving: bool
    ) -> None:
        for place in places:
            self._row(title, number, section, place, diving)
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            self._row(title, number, section, None, diving)

    def _row(self, title: str, number: str | None, section: str | None, place: int | None, diving: bool) -> None:
        dice = self.dice
        state = dice.choice(("NS", "SCR", "DQ", "DQ", "DFS", "DNF")) if place is None and dice.random() < 0.8 else ""
        result = f"{dice.uniform(90, 400):.2f}" if diving else self._time()
        mark = dice.choice(("x", "X", "J", "", "", "", "", "")) if not state else ""
        mark = "X" if place is None and not state else mark
        seed = (dice.choice(("NT", self._time(), self._time())) if not diving else "") if self.seeds else ""
        points = dice.choice(("", f"{dice.randrange(1, 33)}", "13.50", "5.5")) if self.points and place else ""
        team = self._club()
        age = dice.choice(SCHOOL) if self.school else str(dice.randrange(7, 90))
        age = "" if dice.random() < 0.05 and self.columns < 3 else age
        beside = self._time() if state == "DQ" and dice.random() < 0.3 and not self.seeds else ""
        reason = dice.choice(REASONS) if state == "DQ" and (beside or dice.random() < 0.7) else None
        reason = "Declared false start" if state == "DFS" else reason
        splits = self._splits() if not diving and not state and dice.random() < 0.6 else []
        self._room(2 + (reason is not None) + (len(splits) + 3) // 4)
        name = self._name()
        standard = dice.choice(("", "", "A", "B", "q")) if place and not diving and "." not in points else ""
        shown = f"{state} {beside}".strip() if state else mark + result
        printed = "---" if place is None else dice.choice((str(place), f"*{place}"))
        member = str(dice.randrange(10**6))
        cells = {"seed": seed, "final": shown, "mark": standard, "points": points, "id": member}
        self.drawing.row(printed, name, age, team, **cells)
        page = self.drawing.pdf.page_no()
        if reason:
            self.drawing.line(reason, indent=self.measures.name + 6)
        self._draw_splits(splits)
        remarks = (reason, f"DQ {beside}" if beside else "", f"printed {shown}" if mark == "J" else "")
        note = "; ".join(filter(None, remarks))
        swim = Swim(
            name=name,
            kind="diving" if diving else "individual",
            event_number=number,
            event=title,
            round={self.tongue.prelims: "prelim", self.tongue.time_trial: "time_trial"}.get(section or "", "final"),
            place=place,
            time=None if state else result,
            status=state or "OK",
            seed_or_prelim=seed or None,
            points=points or None,
            exhibition=mark in ("x", "X"),
            team=team,
            page=page,
            note=note or None,
            standard=standard if standard in ("A", "B") else None,
            age=age or None,
            section=section,
            splits=splits,
        )
        self.truth.append(swim)

    def _relay(self, number: str | None) -> None:
        dice = self.dice
        title = self._start(number, f"{self._title()} {dice.choice(self.tongue.relays)}")
        self._headers(True, False)
        for place in [*range(1, dice.randint(2, 9)), *([None] if dice.random() < 0.4 else [])]:
            self._team(title, number, place)

    def _team(self, title: str, number: str | None, place: int | None) -> None:
        dice = self.dice
        state = "" if place else dice.choice(("DQ", "NS", "SCR"))
        result = self._time()
        seed = dice.choice(("NT", self._time())) if self.seeds else ""
        team = self._club()
        letter = dice.choice("ABCD")
        mark = dice.choice(("x", "", "")) if not state else ""
        legs = [] if state in ("NS", "SCR") and dice.random() < 0.5 else [self._name() for _ in range(4)]
        reason = REASONS[0] if state == "DQ" else None
        splits = self._splits() if legs and not state else []
        self._room(2 + (reason is not None) + 2 + (len(splits) + 3) // 4)
        self.drawing.relay(str(place) if place else "---", team, letter, seed=seed, final=state or mark + result)
        page = self.drawing.pdf.page_no()
        if reason:
            self.drawing.line(reason, indent=self.measures.name + 6)
        ages = [dice.choice(SCHOOL) if self.school else str(dice.randrange(7, 90)) for _ in legs]
        self._draw_legs(legs, ages)
        self._draw_splits(splits)
        result_of_team = Swim(
            name=team,
            kind="relay",
            event_number=number,
            event=title,
            round="final",
            place=place,
            time=None if state else result,
            status=state or "OK",
            seed_or_prelim=seed or None,
            exhibition=mark == "x",
            team=team,
            relay=letter,
            page=page,
            note=reason,
            splits=splits,
        )
        swimmers = [
            replace(result_of_team, name=name, kind="relay_leg", leg=leg, age=age)
            for leg, (name, age) in enumerate(zip(legs, ages, strict=True), 1)
        ]
        self.truth += swimmers or [result_of_team]

    def _draw_legs(self, legs: list[str], ages: list[str]) -> None:
        dice = self.dice
        if not legs:
            return
        numbered = self.columns < 3
        sex = "" if self.school or dice.random() < 0.7 else "W"
        reactions = numbered and self.columns == 1 and dice.random() < 0.4
        cells = [
            (f"{leg}) " if numbered else "") + ("r:+0.14 " if reactions and leg > 1 else "") + f"{name} {sex}{age}"
            for leg, (name, age) in enumerate(zip(legs, ages, strict=True), 1)
        ]
        room = {1: 250.0, 2: 120.0, 3: 85.0}[self.columns]
        for pair in (cells[:2], cells[2:]):
            self.drawing.cells(*pair, start=self.measures.name, step=room)

    def _splits(self) -> list[str]:
        return [f"{self.dice.uniform(21, 59):.2f}" for _ in range(self.dice.choice((2, 4, 4, 8)))]

    def _draw_splits(self, splits: list[str]) -> None:
        step = self.measures.final / 5
        for start in range(0, len(splits), 4):
            row = splits[start : start + 4]
            if self.cumulative:
                row = [f"{split} ({split})" if index else split for index, split in enumerate(row)]
                row[0] = f"r:+0.70 {row[0]}" if not start else row[0]
            row = [self.drawing.number(split) for split in row]
            self.drawing.cells(*row, start=self.measures.name + 12, step=step)

    def _club(self) -> str:
        longest = {1: 28 if self.ids else 40, 2: 4 if self.seeds else 19, 3: 7}[self.columns]
        return self.dice.choice([club for club in CLUBS if len(club) <= longest])

    def _time(self) -> str:
        seconds = self.dice.uniform(21, 700)
        minutes, rest = divmod(seconds, 60)
        return f"{int(minutes)}:{rest:05.2f}" if minutes else f"{rest:.2f}"

    def _name(self) -> str:
        dice = self.dice
        while True:
            family, given = dice.choice(FAMILY.split(" ")), dice.choice(GIVEN)
            initial = dice.choice(("", "", " A", " J"))
            name = f"{family}, {given}{initial}" if self.last_first else f"{given} {family}"
            name = name.replace("\u2007", " ")
            para = self.drawing.font == "Times" and self.columns == 1 and self.last_first and dice.random() < 0.05
            name += dice.choice((" S6", " SB14")) if para else ""
            limit = {1: 28, 2: 24, 3: 18}[self.columns] + (12 if dice.random() < 0.1 and self.last_first else 0)
            if len(name) <= limit:
                return name
