"""Result sheets as Omega's timing prints them, drawn by hand or by loaded dice."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from fpdf import FPDF

FAMILY = "FOSTER|McDADE|VAN DER BERG|O'CONNOR|LITHERLAND|LI|SJÖSTRÖM|DE LA CRUZ|SMITH-JONES".split("|")
GIVEN = "Carson|Mary Kate|Chase|Bo|Zoë|Jean-Luc".split("|")
CLUBS = "RAYSOH|SPA-FL|DYNA|CAL|UN-MR|TAC-NC|ENS".split("|")
# Heads stand on two lines; cells are set flush left or right at x.
TABLES = {
    "trials": (("Rank", 58), ("Heat", 88), ("Lane", 113), ("Name", 118), ("Club|Code", 290), ("Year of|Birth", 389),
               ("R.T.", 444), ("Time", 502), ("Time|Behind", 548)),
    "league": (("Rank", 58), ("Lane", 113), ("Name", 118), ("Club|Code", 290), ("NAT|Code", 350), ("R.T.", 444),
               ("Time", 502), ("Points", 548)),
    "worlds": (("Rank", 58), ("Heat", 88), ("Lane", 113), ("Name", 118), ("NAT Code", 290), ("R.T.", 444),
               ("Time", 502), ("Time|Behind", 548)),
}  # fmt: skip
STAGES = {"Heats": "prelim", "Semifinals": "semifinal", "Final": "final", "Swim-off": "swim_off"}
_FLUSH_LEFT = ("Name", "Club|Code", "NAT|Code", "NAT Code")

# event, round, place, name, team, time, status, points, age, splits, note
Row = tuple[object, ...]


@dataclass
class OmegaSheet:
    """A sheet under way; `y` is the line from the top in points."""

    table: str
    subtitle: str = "Results Summary"
    pdf: FPDF = field(default_factory=lambda: FPDF(unit="pt", format="letter"))
    y: float = 0.0
    event: tuple[str, str, str] = ("1", "Men's 100m Butterfly", "Heats")

    def page(self) -> OmegaSheet:
        """A new page with its header and the header of the table."""
        self.pdf.set_auto_page_break(False)
        self.pdf.add_page()
        number, title, stage = self.event
        self._text(150, 40, "2026 World Cup - Stop 3", 14)
        self._text(280, 55, "Omaha", 10)
        self._text(265, 70, "June 13 - 20", 10)
        self._text(18, 92, f"Event {number}", 12)
        self._text(90, 87, "13 JUN 2026 - 10:00", 8)
        self._text(90, 96, "AM", 8)
        self._text(230, 92, title, 10)
        self._text(550, 92, stage, 10)
        self._text(250, 112, self.subtitle, 11)
        self.y = 130
        if self.pdf.page_no() == 1:
            self._records()
        for header, x in TABLES[self.table]:
            upper, _, lower = header.partition("|")
            for text, y in ((upper, self.y if lower else self.y + 6), (lower, self.y + 11)):
                if text:
                    self._text(x if header in _FLUSH_LEFT else x - self._width(text, 8), y, text, 8)
        self.y += 28
        self._text(200, 760, "Official Timekeeping by Omega", 8)
        self._text(18, 775, "SWMM100FL------------HEAT--------_74A 1", 8)
        self._text(240, 775, "Report Created by OMEGA 13 JUN 10:29", 8)
        return self

    def row(self, **cells: str) -> OmegaSheet:
        """A swimmer or a team; a cell's key is the first word of its header in small letters, or `behind`, or `q`."""
        if self.y > 720:
            self.page()
        for header, x in TABLES[self.table]:
            key = "behind" if header == "Time|Behind" else header.split("|")[0].split()[0].lower().strip(".")
            text = cells.get({"r.t": "rt"}.get(key, key), "")
            if text:
                self._text(x if header in _FLUSH_LEFT else x - self._width(text, 9), self.y, text, 9)
        if "q" in cells:
            self._text(565, self.y, cells["q"], 9)
        self.y += 12
        return self

    def below(self, *cells: str, start: float = 40, step: float = 73, size: float = 6.5) -> OmegaSheet:
        """A line below a row: splits, laps, a swimmer of a relay, or a reason."""
        for index, text in enumerate(cells):
            self._text(start + index * step, self.y, text, size)
        self.y += 9
        return self

    def save(self, path: Path) -> str:
        """Writes the PDF; the path as text."""
        self.pdf.output(str(path))
        return str(path)

    def _records(self) -> None:
        headers = ((40, "Record"), (120, "Splits"), (225, "Name"), (345, "NAT Code"), (400, "Location"), (550, "Date"))
        for x, text in headers:
            self._text(x, self.y, text, 8)
        for label in ("WR", "AR"):
            self.y += 12
            record = ((20, label), (50, "4:03.84"), (100, "54.92"), (130, "1:56.49"), (225, "PHELPS Michael"))
            for x, text in (*record, (345, "USA"), (400, "Beijing (CHN)"), (520, "10 AUG 2008")):
                self._text(x, self.y, text, 8)
        self.y += 40

    def _text(self, x: float, y: float, text: str, size: float) -> None:
        self.pdf.set_font("Helvetica", size=size)
        self.pdf.text(x, y, text)

    def _width(self, text: str, size: float) -> float:
        self.pdf.set_font("Helvetica", size=size)
        return self.pdf.get_string_width(text)


def random_omega(dice: random.Random, path: Path) -> list[Row]:
    """Draws a sheet at `path` and returns the rows that are on it."""
    stage, kind = dice.choice((*STAGES.items(),))
    stroke = dice.choice(("Freestyle", "Individual Medley", "Butterfly"))
    title = f"{dice.choice(('Men', 'Women'))}'s {dice.choice((50, 100, 200))}m {stroke}"
    sheet = OmegaSheet(dice.choice(sorted(TABLES)), event=(str(dice.randint(1, 40)), title, stage)).page()
    rows: list[Row] = []
    place = 0
    for index in range(dice.randint(4, 40)):
        state = dice.choice(("DSQ", "DNS", "DNF")) if index > 2 and dice.random() < 0.1 else ""
        tied = place > 0 and dice.random() < 0.1
        place = place if tied or state else index + 1
        name = f"{dice.choice(FAMILY)} {dice.choice(GIVEN)}"
        club, year = dice.choice(CLUBS), str(dice.randint(1980, 2010))
        time = f"{dice.choice(('', '1:', '4:'))}{dice.uniform(20, 59):05.2f}"
        points = dice.choice(("9", "12.5", "7")) if sheet.table == "league" and not state else ""
        sheet.row(
            rank="" if state else f"{'=' if tied else ''}{place}",
            heat=str(dice.randint(1, 9)),
            lane=str(dice.randint(0, 9)),
            name=name,
            club=club,
            nat=club[:3],
            year=year,
            rt=f"0.{dice.randint(55, 85)}",
            time=state or time,
            behind=f"{dice.uniform(0.1, 20):.2f}" if index and not state else "",
            points=points,
            **({"q": dice.choice("QR")} if dice.random() < 0.4 else {}),
        )
        splits = []
        if not state and dice.random() < 0.8:
            splits = [f"{dice.uniform(22, 59):.2f}" for _ in range(3)]
            labelled = [f"{distance}m {split}" for distance, split in zip((50, 100, 150), splits, strict=True)]
            sheet.below(*labelled).below(*(f"{dice.uniform(22, 40):.2f}" for _ in range(2)), start=120)
        reason = "SW 7.6 More than one dolphin kick" if state == "DSQ" and dice.random() < 0.5 else None
        if reason:
            sheet.below(reason, start=118)
        status = {"DSQ": "DQ", "DNS": "NS", "DNF": "DNF"}.get(state, "OK")
        age = year if sheet.table == "trials" else None
        team = club[:3] if sheet.table == "worlds" else club
        ranked, result = (None, None) if state else (place, time)
        rows.append((title, kind, ranked, name, team, result, status, points or None, age, tuple(splits), reason))
    sheet.save(path)
    return rows
