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


URL = "http://www.sommerpokal-nord.example"


@dataclass
class Protocol:
    """A protocol under way; `y` is the line from the top in points."""

    pdf: FPDF = field(default_factory=lambda: FPDF(unit="pt", format="A4"))
    y: float = 0.0
    heading: str = ""
    teams: int = 0
    numbered: bool = False
    section: str = ""

    def page(self) -> Protocol:
        """A new page with its header, its foot and the event that goes on."""
        self.pdf.set_auto_page_break(False)
        self.pdf.add_page()
        self.y = 40.0
        if self.numbered:
            return self._numbered_page()
        self.line(MEET, 40)
        foot = f"Neustadt, Hallenbad 07.09.2026 - Protokoll - Seite {self.pdf.page_no()}"
        self.pdf.text(40, 820, foot)
        self.pdf.text(400, 820, "erzeugt mit EasyWk")
        if self.heading:
            self.line(f"noch {self.heading}", 40)
        return self

    def _numbered_page(self) -> Protocol:
        """As newer versions head their pages: the meet with the number, and a foot with the host's address."""
        number = self.pdf.page_no()
        self._write((57, MEET), (516, f"Seite {number}"))
        self.pdf.text(233, 815, URL)
        self.pdf.text(223, 830, 'erzeugt mit "EasyWk" - www.easywk.de')
        if self.heading:
            self.line(f"noch {self.heading}", 57).line(f"noch {self.section}", 57)
            self.table()
        return self

    def table(self, last: str = "Endzeit") -> Protocol:
        """The head of a table of the newer form."""
        return self._write((60, "Platz"), (106, "Schwimmer(in)"), (219, "Jg."), (279, "Verein"), (428, last))

    def cells(self, *cells: tuple[float, str]) -> Protocol:
        """Cells side by side, on the next page when this one is full."""
        if self.y > 780:
            self.page()
        return self._write(*cells)

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


def random_cup(dice: random.Random, path: Path) -> list[Row]:
    """Draws a cup at `path`: relays with a line for each swimmer, and the best by points between the events."""
    sheet = Protocol(numbered=True).page()
    rows: list[Row] = []
    for number in range(11, 11 + dice.randint(2, 5)):
        relay = dice.random() < 0.6
        title = f"{'4x' if relay else ''}50m {dice.choice(STROKES)} {dice.choice(('mixed', 'weiblich', 'männlich'))}"
        sheet.heading = ""
        if sheet.y > 600:
            sheet.page()
        sheet.heading, sheet.section = (
            f"Wettkampf {number} - {title}",
            dice.choice(("Jahrgänge 2006 bis 2011", "Offen")),
        )
        sheet.line(sheet.heading, 57).line(sheet.section, 57).table()
        head = (str(number), title, sheet.section)
        for place in range(1, dice.randint(2, 16)):
            rows += _draw_cup_row(sheet, dice, head, place, "OK", relay)
        for block, status in BLOCKS.items():
            if dice.random() < 0.5:
                sheet.line(block, 106)
                rows += _draw_cup_row(sheet, dice, head, None, status, relay)
        if dice.random() < 0.5:
            _draw_best(sheet, dice, number)
    sheet.save(path)
    return rows


def _draw_cup_row(
    sheet: Protocol, dice: random.Random, head: tuple[str, str, str], place: int | None, status: str, relay: bool
) -> list[Row]:
    club, year = dice.choice(CLUBS), str(dice.randrange(1950, 2012))
    printed, time = _time(dice)
    points = str(dice.randrange(1, 40)) if place and dice.random() < 0.5 else None
    shown = [(428.0, printed), (516.0, points)] if place and points else [(428.0, printed)] if place else []
    rank = [(60.0, f"{place}.")] if place else []
    if not relay:
        name = _name(dice, True)
        sheet.cells(*rank, (106, name), (219, year), (279, club), *shown)
        note = _announce(sheet, dice) if status == "DQ" else None
        return [("individual", *head, place, name, club, None, time if place else None, status, points, year, note, ())]
    letter, group = str(dice.randint(1, 3)), dice.choice((year, "Offen"))
    sheet.cells(*rank, (106, f"{letter}. Mannschaft"), (219, group), (279, club), *shown)
    legs = [(_name(dice, True), str(dice.randrange(1950, 2012))) for _ in range(4 if status in ("OK", "DQ") else 0)]
    swum = 4 if status == "OK" else dice.randrange(1, 4)
    splits: list[str] = []
    sexes = dice.random() < 0.5
    for number, (name, born) in enumerate(legs, 1):
        cells = [(106.0, name), (226.0, born), *([(251.0, dice.choice(("(W)", "(M)")))] if sexes else [])]
        if number <= swum:
            lap, plain = _time(dice)
            cells += [(279.0, f"{50 * number}m:"), (306.0, lap)]
            splits.append(plain)
        sheet.cells(*cells)
    note = _announce(sheet, dice) if status == "DQ" else None
    common = (club, letter, time if place else None, status, points)
    if not legs:
        return [("relay", *head, place, club, *common, None, note, ())]
    return [("relay_leg", *head, place, name, *common, born, note, tuple(splits)) for name, born in legs]


def _draw_best(sheet: Protocol, dice: random.Random, number: int) -> None:
    """A page of the best by points, which gives no swims."""
    sheet.heading = ""
    sheet.page()
    sheet.line(f"Punktbeste Leistung Jahrgang 2011 {dice.choice(('weiblich', 'männlich'))}", 57)
    sheet.line(f"Zwischenstand nach Wettkampf {number}", 57).table("Punkte")
    for place in range(1, dice.randint(3, 16)):
        sheet.cells((77, f"{place}."), (92, _name(dice, True)), (219, "2011"), (279, dice.choice(CLUBS)), (435, "197"))
        event = f"{dice.randrange(1, 40)} - 50m {dice.choice(STROKES)} weiblich{dice.choice(('', ' (Vorlauf)'))}"
        sheet.line(f"aus Wettkampf {event}: {_time(dice)[0]}", 92)


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
