"""Protocols as EasyWk prints them, drawn by hand or by loaded dice."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from fpdf import FPDF

MEET = "12. Sommerpokal des SV Nord"
FAMILY = "Müller|Groß|von der Heide|Schmidt-Weiß|Öztürk|Li|Jäger|Böhm".split("|")
GIVEN = "Anna|Jörg|Lea Sophie|Zoë|Karl-Heinz|Änne|Tom".split("|")
CLUBS = "SV Nord 1898|SG Stadt am See|1. FC Wasser e.V.|TSV 04 Köln|SC Delphin|Schwimm-Team 2000".split("|")
STROKES = "Freistil|Rücken|Brust|Schmetterling|Lagen".split("|")
BLOCKS = {"disqualifiziert": "DQ", "nicht am Start": "NS", "abgemeldet": "SCR"}
REASONS = ("Beinschlag nicht in der Waagerechten", "Frühstart", "3. Wende: kein gleichzeitiger Anschlag der Hände")

# kind, number, event, section, place, name, team, relay, time, status, points, age, note, splits
Row = tuple[object, ...]


@dataclass
class Protocol:
    """A protocol under way; `y` is the line from the top in points."""

    pdf: FPDF = field(default_factory=lambda: FPDF(unit="pt", format="A4"))
    y: float = 0.0
    heading: str = ""
    teams: int = 0

    def page(self) -> Protocol:
        """A new page with its header, its foot and the event that goes on."""
        self.pdf.set_auto_page_break(False)
        self.pdf.add_page()
        self.y = 40.0
        self.line(MEET, 40)
        foot = f"Neustadt, Hallenbad 07.09.2026 - Protokoll - Seite {self.pdf.page_no()}"
        self.pdf.text(40, 820, foot)
        self.pdf.text(400, 820, "erzeugt mit EasyWk")
        if self.heading:
            self.line(f"noch {self.heading}", 40)
        return self

    def line(self, text: str, x: float = 75.0) -> Protocol:
        """A line of words, on the next page when this one is full."""
        if self.y > 780:
            self.page()
        self.pdf.set_font("Helvetica", size=9)
        self.pdf.text(x, self.y, text)
        self.y += 12
        return self

    def event(self, heading: str, *, headers: bool = True) -> Protocol:
        """The heading of an event with its table header."""
        if self.y > 700:
            self.heading = ""
            self.page()
        self.heading = heading
        self.line(heading, 40)
        if headers:
            self._write((40, "Platz"), (75, "Name"), (250, "Jg."), (305, "Verein"), (470, "Endzeit"), (520, "Punkte"))
        return self

    def row(self, place: str, name: str, year: str, club: str, time: str = "", *numbers: str) -> Protocol:
        """A swimmer, or a team when there is no year."""
        if self.y > 780:
            self.page()
        cells = [(40.0, place), (75.0, name), (250.0, year), (305.0, club), (470.0, time)]
        cells += [(520.0 + 25 * index, number) for index, number in enumerate(numbers)]
        return self._write(*[cell for cell in cells if cell[1]])

    def save(self, path: Path) -> str:
        """Writes the PDF; the path as text."""
        self.pdf.output(str(path))
        return str(path)

    def _write(self, *cells: tuple[float, str]) -> Protocol:
        self.pdf.set_font("Helvetica", size=9)
        for x, text in cells:
            self.pdf.text(x, self.y, text)
        self.y += 12
        return self


def random_protocol(dice: random.Random, path: Path) -> list[Row]:
    """Draws a protocol at `path` and returns the rows that are on it."""
    sheet = Protocol().page().line("Abschnitt 1 - Samstag 06.09.2026", 40)
    comma, rows = dice.random() < 0.5, list[Row]()
    for number in range(1, 7):
        relay = dice.random() < 0.3
        distance = dice.choice((50, 100, 200))
        title = f"{'4x' if relay else ''}{distance}m {dice.choice(STROKES)} {'mixed' if relay else 'weiblich'}"
        sheet.event(f"Wettkampf {number} - {title}", headers=dice.random() < 0.7)
        for section in dice.sample(("Jahrgang 2010", "Jahrgang 2011", "Offene Wertung", "Altersklasse 35"), 2):
            sheet.line(section)
            header = (str(number), title, section)
            draw = _draw_team if relay else _draw_swimmer
            for place in range(1, dice.randint(2, 9)):
                rows += draw(sheet, dice, header, place, "OK", comma)
            for block, status in BLOCKS.items():
                if dice.random() < 0.3:
                    sheet.line(block)
                    for _ in range(dice.randint(1, 3)):
                        rows += draw(sheet, dice, header, None, status, comma)
    sheet.heading = ""
    sheet.page().line("Punktwertung Vereine")
    for place, club in enumerate(CLUBS, 1):
        sheet.row(f"{place}.", club, "", "", "", str(400 - place))
    sheet.save(path)
    return rows


def _draw_swimmer(
    sheet: Protocol, dice: random.Random, header: tuple[str, str, str], place: int | None, status: str, comma: bool
) -> list[Row]:
    name, club, year = _name(dice, comma), dice.choice(CLUBS), str(dice.randrange(1950, 2019))
    shown = dice.choice((year, f"{year}/AK 35"))
    printed, time = _time(dice)
    numbers = [str(dice.randrange(1, 999)) for _ in range(dice.randrange(3))] if place else []
    splits: list[str] = []
    if place and dice.random() < 0.15:
        sheet.line(f"{place}. und Kreismeister", 40).row("", name, shown, club, printed, *numbers)
    else:
        sheet.row(f"{place}." if place else "", name, shown, club, printed if place else "", *numbers)
    if place and dice.random() < 0.5:
        laps = [(distance, *_time(dice)) for distance in (50, 100, 150)]
        sheet.line("   ".join(f"{distance}m: {lap}" for distance, lap, _ in laps))
        splits = [lap for _, _, lap in laps]
    note = _announce(sheet, dice) if status == "DQ" else None
    points = numbers[-1] if numbers else None
    swam = (time if place else None, status, points, year, note, tuple(splits))
    return [("individual", *header, place, name, club, None, *swam)]


def _draw_team(
    sheet: Protocol, dice: random.Random, header: tuple[str, str, str], place: int | None, status: str, comma: bool
) -> list[Row]:
    sheet.teams += 1
    club, letter = dice.choice(CLUBS), str(sheet.teams)
    printed, time = _time(dice)
    sheet.row(f"{place}." if place else "", f"{club} {letter}. Mannschaft", "", "", printed if place else "")
    legs = [(_name(dice, comma), str(dice.randrange(1950, 2019))) for _ in range(4)]
    if status == "OK":
        form = dice.choice("{name} ({year})|{name} {year}".split("|"))
        shown = [form.format(name=name, year=year) for name, year in legs]
        joint = ", " if form.endswith(")") and not comma else "   "
        sheet.line(joint.join(shown[:2])).line(joint.join(shown[2:]))
    note = _announce(sheet, dice) if status == "DQ" else None
    common = (*header, place)
    rest = (club, letter, time if place else None, status, None)
    if status != "OK":
        return [("relay", *common, club, *rest, None, note, ())]
    return [("relay_leg", *common, name, *rest, year, note, ()) for name, year in legs]


def _announce(sheet: Protocol, dice: random.Random) -> str:
    reason = dice.choice(REASONS)
    sheet.line(reason, 80).line(f"Uhrzeit der Bekanntgabe: 1{dice.randrange(10)}:05", 80)
    return reason


def _name(dice: random.Random, comma: bool) -> str:
    family, given = dice.choice(FAMILY), dice.choice(GIVEN)
    return f"{family}, {given}" if comma else f"{given} {family}"


def _time(dice: random.Random) -> tuple[str, str]:
    """A time as printed, and as Meet Manager would write it."""
    minutes, seconds, hundredths = dice.randrange(12), dice.randrange(60), dice.randrange(100)
    plain = f"{minutes}:{seconds:02}.{hundredths:02}" if minutes else f"{seconds}.{hundredths:02}"
    return f"{minutes:02}:{seconds:02},{hundredths:02}", plain
