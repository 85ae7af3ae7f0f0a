"""Sheets of SPLASH Meet Manager's form, drawn by hand, with the rows that have to come out."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.extractions.pdf_by_hand import HandmadePdf, width_of
from tests.extractions.splash_languages import Language

MEET, PLACE_AND_DATES, DATES = "Hafenpokal 2025", "Nordhafen, 5. - 7.7.2025", "5. - 7.7.2025"
_LAST_LINE = 770
_NATIONS = ("GER", "ESP", "POL", "TUR")
_GRADES = ("МС", "КМС", "I", "IIюн")


@dataclass(frozen=True)
class Truth:
    """One row as it has to come out."""

    name: str
    team: str | None
    age: str | None
    place: int | None
    time: str | None
    status: str = "OK"
    exhibition: bool = False
    points: str | None = None
    fina_points: str | None = None
    kind: str = "individual"
    leg: int | None = None
    event_number: str = "1"
    event: str = ""
    round: str = "final"
    section: str | None = None
    page: int = 1
    note: str | None = None
    birth_date: str | None = None
    splits: tuple[str, ...] = ()


@dataclass
class Table:
    """The columns the organiser chose; x in points, left edges for texts and right edges for numbers."""

    place: float = 58
    name: float = 63
    year: float = 193
    grade: float | None = None
    nation: float | None = None
    club: float = 249
    reaction: float | None = None
    time: float = 489
    land: float | None = None
    mark: float = 494
    points: float | None = None
    fina: float | None = None
    splits: tuple[float, ...] = ()
    headed: str = "place name year club reaction time points fina splits land"
    marks_at_time: bool = False

    @classmethod
    def drawn(cls, dice: random.Random) -> Table:
        """One of the tables that organisers make up."""
        table = cls()
        if dice.random() < 0.3:
            table = cls(place=68, name=76, year=249, club=275, time=433, mark=436)
        if dice.random() < 0.4:
            table.reaction = table.time - 46
        extra = dice.random()
        if table.year < 200 and extra < 0.25:
            table.grade = 213
        elif table.year < 200 and extra < 0.5:
            table.nation = 213
        right = table.time + 22
        if dice.random() < 0.3:
            table.land = right
            right += 24
        if dice.random() < 0.8:
            table.points = right + 18
            if dice.random() < 0.4 and table.points < 520:
                table.fina = table.points + 38
        if table.time < 450 and table.points is None and dice.random() < 0.5:
            table.splits = (right + 40, right + 80)
        if dice.random() < 0.3:
            table.headed = table.headed.replace("club", "").replace("name", "")
        elif not table.splits and dice.random() < 0.1:
            table.headed = ""
        table.marks_at_time = dice.random() < 0.15
        if (
            "club" in table.headed
            and table.year < 200
            and table.grade is None
            and table.nation is None
            and dice.random() < 0.2
        ):
            table.club, table.year = 193, 340
        return table


@dataclass
class SplashSheet:
    """A sheet under way; `y` is the line from the top in points."""

    words: Language
    dice: random.Random
    table: Table
    foot: bool = True
    named: bool = True
    meet: str = MEET
    pdf: HandmadePdf = field(default_factory=HandmadePdf)
    truths: list[Truth] = field(default_factory=list)
    y: float = 0.0
    title: tuple[str, str, str] = ("1", "", "")
    phase: str = ""
    section: str | None = None
    relay: bool = False

    def one(self, choices: str) -> str:
        """One of the forms of a word."""
        return self.dice.choice(choices.split("|"))

    def page(self) -> SplashSheet:
        """A new page with the head of the sheet; the foot comes first in the file."""
        self.pdf.page()
        if self.foot:
            self.pdf.text(43, 808, "Splash Meet Manager, 11.82540", 7)
            self.pdf.middle(298, 808, "Registered to Federation of the North", 7)
            self.pdf.right(553, 808, f"07.07.2025 18:06 - {self.one(self.words.page)} {len(self.pdf.pages)}", 7)
        if self.named:
            self.pdf.middle(298, 46, self.meet, 12)
            self.pdf.middle(298, 58, PLACE_AND_DATES, 10)
        self.y = 90
        return self

    def start(
        self, number: str, event: str, group: str, said: str, phase: str = "", day: str = "05.07.2025"
    ) -> SplashSheet:
        """The title of an event, records and standards, and the head of the table."""
        self.title, self.phase, self.section = (number, event, group), phase, group or None
        self.pdf.text(43, self.y, f"{self.one(self.words.event)} {number}", 10)
        self.pdf.middle(298, self.y, event, 10)
        self.pdf.right(553, self.y, group, 10)
        self.pdf.text(43, self.y + 12, "05.07.2025 - 10:00", 10)
        self.pdf.right(553, self.y + 12, f"{said} {phase}".strip(), 10)
        self.y += 26
        for label in ("WR", "Jahrgangsrekord 12")[: self.dice.randint(0, 2)]:
            cells = (
                (43, label),
                (201, "23.61"),
                (231, "Norva Silling"),
                (359, "SWE"),
                (400, "Omlo (JPN)"),
                (535, "2023"),
            )
            for x, text in cells:
                self.pdf.text(x, self.y, text, 8)
            self.y += 10
        if self.dice.random() < 0.3:
            self.pdf.text(43, self.y, "МСМК : 24.54 / МС : 26.70 / КМС : 27.80", 8)
            self.y += 11
        return self.head()

    def head(self) -> SplashSheet:
        """The head of the table."""
        self.y += 12
        table, words = self.table, self.words
        if not table.headed:
            self.y += 4
            return self
        shown = table.headed.split()
        if "place" in shown:
            self.pdf.right(table.place, self.y, self.one(words.rank), 8)
        if "club" in shown:
            self.pdf.text(table.club, self.y, self.one(words.club), 8)
        if not self.relay:
            year = self.one(words.year)
            self.pdf.text(table.year, self.y, year if width_of(year, 8) < 50 else "/", 8)
        heads = (
            (table.reaction, "R.T."),
            (table.time, words.time),
            (table.points, words.points),
            (table.fina, words.fina),
        )
        for x, forms in heads:
            text = self.one(forms)
            if x is not None:
                self.pdf.right(x, self.y, text, 8)
        for distance, x in zip((50, 100), table.splits, strict=False):
            self.pdf.right(x, self.y, f"{distance}m", 8)
        self.y += 16
        return self

    def group(self, text: str) -> SplashSheet:
        """The line of an age group, in which places start at 1 again."""
        self.room(3)
        self.section = text
        self.y += 6
        self.pdf.text(43, self.y, text, 10)
        self.y += 18
        return self

    def room(self, lines: int) -> None:
        """A new page where the lines do not fit on this one, with the title on one line."""
        if self.y + 12 * lines < _LAST_LINE:
            return
        self.page()
        number, event, group = self.title
        parts = [f"{self.one(self.words.event)} {number}", event, *filter(None, (self.phase, self.section or group))]
        self.pdf.text(43, self.y, ", ".join(parts), 10)
        self.y += 12
        if self.dice.random() < 0.8:
            self.head()
        else:
            self.y += 14

    def row(
        self, truth: Truth, *, mark: str = "", printed: str | None = None, below: int = 0, said: str | None = None
    ) -> None:
        """A row; `printed` is its place or mark, `said` the name as the row has it."""
        self.room(1 + below)
        table, dice = self.table, self.dice
        place = printed if printed is not None else f"{truth.place}."
        name = said or truth.name
        if printed and table.marks_at_time and truth.time is None:
            self.pdf.right(table.time, self.y, printed, 9)
            place = ""
        if place and dice.random() < 0.1:
            self.pdf.text(table.name - width_of(place, 9), self.y, place + name, 9)
        else:
            self.pdf.right(table.place, self.y, place, 9)
            self.pdf.text(table.name, self.y, name, 9)
        if truth.age:
            self.pdf.text(table.year, self.y, truth.birth_date or truth.age, 9)
        if not self.relay and table.grade and dice.random() < 0.8:
            self.pdf.text(table.grade, self.y, dice.choice(_GRADES), 9)
        if not self.relay and table.nation:
            self.pdf.text(table.nation, self.y, dice.choice(_NATIONS), 9)
        if truth.team and name != truth.team:
            self.pdf.text(table.club, self.y, truth.team, 9)
        if truth.time:
            if table.reaction and dice.random() < 0.9:
                self.pdf.right(table.reaction, self.y, dice.choice(("+0,80", "0.71", "+0.68")), 9)
            self.pdf.right(table.time, self.y, truth.time, 9)
            self.pdf.text(table.mark, self.y, mark, 9)
        if table.land:
            self.pdf.text(table.land, self.y, dice.choice(_NATIONS), 9)
        for x, text in ((table.points, truth.points), (table.fina, truth.fina_points)):
            if x and (text or table.fina):
                self.pdf.right(x, self.y, text or "-", 9)
        if table.splits and truth.kind == "individual":
            for x, text in zip(table.splits, truth.splits, strict=False):
                self.pdf.right(x, self.y, text, 9)
        self.y += 12
        number, event, _ = self.title
        rounds = {self.words.prelim: "prelim", self.words.semifinal: "semifinal", self.words.final: "final"}
        stage = next((name for forms, name in rounds.items() if self.phase in forms.split("|") and self.phase), "final")
        where = {"event_number": number, "event": event, "round": stage, "section": self.section}
        self.truths.append(replace(truth, **where, page=len(self.pdf.pages)))

    def below(self, *cells: str, start: float | None = None, step: float = 90, size: float = 7.5) -> None:
        """A line below a row."""
        for index, text in enumerate(cells):
            self.pdf.text((start or self.table.name + 13) + step * index, self.y, text, size)
        self.y += 10

    def save(self, path: Path) -> str:
        """Writes the PDF with what stands below the last table; the path as text."""
        self.pdf.text(43, 784, self.words.pool, 8)
        return self.pdf.save(path)
