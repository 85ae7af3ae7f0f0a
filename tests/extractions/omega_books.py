"""Books as Omega's timing prints them, drawn by loaded dice, and what stands in them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

from fpdf import FPDF

from tests.extractions.omega_races import (
    CLUBS,
    FAMILY,
    FRENCH,
    GIVEN,
    LEGEND,
    LISTS,
    MEETS,
    MONTHS,
    NATIONS,
    REASONS,
    RIGHT,
    Entry,
    Printed,
    Race,
    clock,
    printed,
)


class OmegaBook:
    """A book under way; `truth` are its swims in the order they are printed."""

    def __init__(self, dice: random.Random, names: Callable[[], str] | None = None) -> None:
        self.dice = dice
        self.names = names or (lambda: f"{dice.choice(FAMILY)} {dice.choice(GIVEN)}")
        self.meet, self.dates, self.course = dice.choice(MEETS)
        self.truth: list[Printed] = []
        self.born = dice.choice(("Date of Birth", "Year of|Birth", ""))
        self.by_club = dice.random() < 0.4
        self.inline = dice.random() < 0.5
        self.points = self.by_club and dice.random() < 0.7
        self.bilingual = dice.random() < 0.5
        self.legend_on_top = dice.random() < 0.3
        self._pdf = FPDF(unit="pt", format="A4")
        self._pdf.set_auto_page_break(False)
        self._y = 0.0
        self._sheet = 0
        self._unit = 100

    def draw(self, path: Path, events: int) -> str:
        """Writes a book of so many events; the path as text."""
        if self.dice.random() < 0.5:
            self.list_page("Start List")
        for number in range(1, events + 1):
            self._event(str(number))
            if self.dice.random() < 0.6:
                self.list_page(self.dice.choice(sorted(LISTS)))
        return self.save(path)

    def save(self, path: Path) -> str:
        """Writes what was drawn; the path as text."""
        self._pdf.output(str(path))
        return str(path)

    def line(self, text: str, y: float) -> None:
        """A line on the page under way, `y` points from its top."""
        self._text(66, y, text, 8)

    def _event(self, number: str) -> None:
        dice = self.dice
        stroke = dice.choice(sorted(FRENCH))
        if dice.random() < 0.35:
            sex = dice.choice(("Women's", "Men's", "Mixed"))
            event = f"{sex} 4{dice.choice((' x ', 'x'))}{dice.choice((50, 100, 200))}m {stroke}"
            event += dice.choice(("", " Relay"))
            kinds = ["Final"] if dice.random() < 0.5 else ["Heats", "Final"]
        else:
            event = f"{dice.choice(('Women', 'Men'))}'s {dice.choice((50, 100, 200))}m {stroke}"
            kinds = dice.choice((["Heats", "Final"], ["Heats", "Semifinals", "Final"], ["skins"], ["Final"]))
        relay = "4" in event.split("m ")[0]
        if kinds == ["skins"]:
            for stage, round_, phase in ((None, "skins_1", "QFNL"), ("Round 2", "skins_2", "SFNL"),
                                         ("Final", "skins_3", "FNL-")):  # fmt: skip
                race = self._race(number, event, stage, round_, f"{phase}000100--", "Results")
                self.results(race, self._entries(race, dice.randint(2, 8)))
            return
        for stage in kinds:
            round_ = {"Heats": "prelim", "Semifinals": "semifinal", "Final": "final"}[stage]
            if stage == "Final":
                race = self._race(number, event, dice.choice((stage, None)), round_, "FNL-000100--", "Results", relay)
                self.results(race, self._entries(race, 8))
                continue
            phase = "HEAT" if stage == "Heats" else "SFNL"
            race = self._race(number, event, stage, round_, f"{phase}--------", "Results Summary", relay, "74A")
            entries = self._entries(race, dice.randint(5, 14 if relay else 45))
            if dice.random() < 0.3:
                for heat in sorted({entry.heat for entry in entries}):
                    single = self._race(number, event, stage, round_, f"{phase}{heat:04}00--", "Results", relay)
                    self.results(single, [entry for entry in entries if entry.heat == heat], summed_up=True)
            self.results(race, entries)
            if not relay and dice.random() < 0.4:
                tail = dice.choice(("0001TF--", "0001RR--"))
                race = self._race(number, event, None, "swim_off", f"{phase}{tail}", "Results")
                self.results(race, self._entries(race, dice.randint(2, 3)))

    def _race(self, number: str, event: str, stage: str | None, round_: str, phase: str, subtitle: str,
              relay: bool = False, report: str = "73A1") -> Race:  # fmt: skip
        self._unit += 1
        return Race(number, str(self._unit), event, stage, round_, phase, subtitle, relay, report)

    def _entries(self, race: Race, count: int) -> list[Entry]:
        dice = self.dice
        entries: list[Entry] = []
        seen: set[str] = set()
        place, seconds = 0, dice.uniform(21, 130)
        codes = CLUBS if self.by_club else NATIONS
        for index in range(count):
            code = dice.choice(sorted(codes))
            name = f"{code} - {codes[code]}" if race.relay else self.names()
            if name in seen:
                continue
            seen.add(name)
            state = (
                dice.choice(("DNS", "DSQ", "DNF")) if index > 2 and index > count - 5 and dice.random() < 0.4 else ""
            )
            tied = place > 0 and not state and dice.random() < 0.1
            if not tied and not state:
                place = sum(entry.place is not None for entry in entries) + 1
                seconds += dice.uniform(0.01, 2)
            entry = Entry(
                name, code, {"DNS": "NS", "DSQ": "DQ", "DNF": "DNF"}.get(state, "OK"), heat=dice.randint(1, 4)
            )
            if state == "":
                entry.time, entry.place, entry.tied = clock(seconds), place, tied
                if tied:
                    next(entry for entry in reversed(entries) if entry.place).tied = True
                entry.points = dice.choice(("9", "12.5", "30")) if self.points else None
            if state == "DSQ" and dice.random() < 0.6:
                entry.note = dice.choice(REASONS)
            year = dice.randint(1985, 2010)
            if not race.relay and self.born:
                entry.birth_date = (
                    f"{dice.randint(1, 28)} {dice.choice(MONTHS)} {year}" if "Date" in self.born else None
                )
                entry.age = str(year)
            if race.relay and not (state == "DNS" or dice.random() < 0.1):
                entry.legs = list(self._legs(entry, race, seconds))
            elif not race.relay and not state and dice.random() < 0.9:
                entry.splits = [clock(seconds * part / 4) for part in (1, 2, 3)]
            entries.append(entry)
        return [entry for entry in entries if entry.place] + [entry for entry in entries if not entry.place]

    def _legs(self, entry: Entry, race: Race, seconds: float) -> Iterator[tuple[str, ...]]:
        """Name, sex, reaction, lap, own time, position and cumulative time of each swimmer of a team."""
        sexes = self.dice.choice(("MMWW", "WWMM", "MWWM"))
        for leg in range(4):
            own = (
                self.names(),
                sexes[leg] if race.event.startswith("Mixed") else "",
                f"0.{self.dice.randint(0, 79):02}",
            )
            if entry.status != "OK":
                yield (*own, "", "", "", "") if leg == 3 else (*own, "25.10", "52.40", "", "")
                continue
            cumulative = clock(seconds * (leg + 1) / 4) if leg < 3 or self.dice.random() < 0.8 else ""
            if cumulative:
                entry.splits.append(cumulative)
            yield (*own, "25.10", "52.40", f"({self.dice.randint(1, 8)})" if cumulative else "", cumulative)

    def results(self, race: Race, entries: list[Entry], *, summed_up: bool = False) -> None:
        """The pages of a race. With `summed_up` its rows count on the page of the summary and not here."""
        columns = self._columns(race)
        self._head(race, columns, first=True)
        for index, entry in enumerate(entries):
            lines = 1 + len(entry.legs) + 2 * bool(entry.splits and not race.relay) + bool(entry.note)
            if self._y + 10 * lines > 690:
                self._foot(race)
                self._head(race, columns, first=False)
            place = entry.place if not summed_up else index + 1 if entry.place else None
            self._row(race, columns, entry, place, is_tied=entry.tied and not summed_up)
            if not summed_up:
                self.truth += printed(race, entry, self._sheet)
        self._foot(race)

    def _columns(self, race: Race) -> list[tuple[str, str, float]]:
        """Key, head and edge of each column: the left one, or the right one of what is set flush right."""
        code = "Club" if self.by_club else "NAT"
        columns = [("rank", "Rank", 50.0), ("lane", "Lane", 107)]
        if race.report == "74A":
            columns.insert(1, ("heat", "Heat", 77))
        if race.relay:
            columns.append(("name", f"{code} / Name", 116))
            if race.event.startswith("Mixed"):
                columns.append(("sex", "Gender", 300))
            return [*columns, ("rt", "R.T.", 345), ("50m", "50m", 380), ("100m", "100m", 420), ("time", "Time", 482),
                    ("behind", "Time|Behind", 517)]  # fmt: skip
        columns += [("name", "Name", 116), ("code", f"{code}|Code", 253)]
        if self.born:
            columns.append(("born", self.born, 338))
        columns.append(("rt", "R.T.", 362))
        if self.inline:
            columns += [("50m", "50m", 399), ("100m", "100m", 433), ("150m", "150m", 467)]
        columns.append(("time", "Time", 504))
        columns.append(("points", "Points", 545) if self.points else ("behind", "Time|Behind", 539))
        return columns

    def _head(self, race: Race, columns: list[tuple[str, str, float]], *, first: bool) -> None:
        self._title()
        self._text(25, 92, f"Event {race.unit}", 12)
        self._text(232, 92, race.event, 12)
        self._cell("rt", 570, 92, race.stage or "", 12)
        self._text(24, 107, "18 JUN 2026 - 19:47", 8)
        if self.bilingual:
            distance, _, stroke = race.event.split(" ", 1)[1].removesuffix(" Relay").rpartition(" ")
            self._text(204, 107, f"{distance} {FRENCH[stroke]} - femmes", 8)
        self._text(260, 137, race.subtitle, 11)
        self._text(260, 162, f"Event Number {race.number}", 10)
        self._y = 187
        if self.legend_on_top and first:
            self._legend(187)
            self._y = 225
        if first:
            for x, text in ((66, "Record"), (150, "Splits"), (228, "Name"), (332, "NAT Code"), (393, "Location"),
                            (545, "Date")):  # fmt: skip
                self._text(x, self._y, text, 8)
            for label in ("WR", "CR"):
                self._y += 11
                for x, text in ((32, label), (67, "3:29.69"), (120, "53.01"), (157, "1:46.10"), (228, "OLDE Ada"),
                                (332, "AUS"), (393, "Port (JPN)"), (517, "25 JUL 2021")):  # fmt: skip
                    self._text(x, self._y, text, 8)
        self._y += 34
        for key, head, x in columns:
            upper, _, lower = head.partition("|")
            for text, y in ((upper, self._y - (4 if lower else 0)), (lower, self._y + 5)):
                self._cell(key, x, y, text, 8)
        self._y += 17

    def _row(self, race: Race, columns: list[tuple[str, str, float]], entry: Entry, place: int | None,
             *, is_tied: bool) -> None:  # fmt: skip
        state = {"NS": "DNS", "DQ": "DSQ", "DNF": "DNF"}.get(entry.status, "")
        cells = {
            "rank": f"{'=' if is_tied else ''}{place}" if place else "",
            "heat": str(entry.heat),
            "lane": str(self.dice.randint(0, 9)),
            "name": entry.name,
            "code": entry.code,
            "born": entry.birth_date or entry.age or "",
            "rt": "" if race.relay or state == "DNS" else f"0.{self.dice.randint(55, 85)}",
            "time": state or entry.time or "",
            "behind": f"{self.dice.uniform(0.01, 20):.2f}" if place and place > 1 else "",
            "points": entry.points or "",
        }
        if self.inline and not race.relay:
            cells.update(zip(("50m", "100m", "150m"), entry.splits, strict=False))
        for key, _, x in columns:
            self._cell(key, x, self._y, cells.get(key, ""), 8)
        if race.report == "74A" and place and self.dice.random() < 0.4:
            self._text(552, self._y, self.dice.choice("QR?"), 9)
        self._y += 9
        if entry.splits and not race.relay:
            if not self.inline:
                for index, (label, split) in enumerate(zip(("50m", "100m", "150m"), entry.splits, strict=True)):
                    self._text(42 + 57 * index, self._y, f"{label} {split}", 7.5)
                self._y += 8
            for index in range(3):
                self._text(117 + 60 * index, self._y, "30.07", 7.5)
            self._y += 9
        lefts = {key: x for key, _, x in columns}
        for name, sex, reaction, lap, own, position, cumulative in entry.legs:
            self._text(129, self._y, name, 7.5)
            self._text(lefts.get("sex", 300), self._y, sex, 7.5)
            for key, text in (("rt", reaction), ("50m", lap), ("100m", own), ("time", cumulative)):
                self._cell(key, lefts[key], self._y, text, 7.5)
            self._text(446, self._y, position, 7.5)
            self._y += 10
        if entry.note:
            self._text(118, self._y, entry.note, 7.5)
            self._y += 10
        self._y += 2

    def list_page(self, title: str) -> None:
        """A page that gives no swims, although its rows have places, names and times."""
        dice = self.dice
        self._title()
        if title == "Start List":
            for x, text in ((25, "Event 101"), (232, "Women's 50m Freestyle"), (540, "Heats")):
                self._text(x, 92, text, 12)
        self._text(225, 150, title, 11)
        heads, lefts = LISTS[title]
        for head, x in zip(heads, lefts, strict=True):
            self._text(x, 205, head, 8)
        for index in range(dice.randint(3, 40)):
            cells = {
                "Rank": str(index + 1),
                "Lane": str(index % 10),
                "Name": dice.choice((self.names(), "Great Britain")),
                "NAT Code": "GBR",
                "Club Code": "LIB",
                "Event": dice.choice(("Women's 4x200m Freestyle", "Men's 50m Butterfly", "Mixed 4x100m Medley Relay")),
                "Phase": dice.choice(("Final", "Heats", "Semifinals")),
                "Points": str(dice.randint(400, 999)),
            }
            for head, x in zip(heads, lefts, strict=True):
                self._text(x, 222 + 11 * index, cells.get(head, clock(dice.uniform(21, 500))), 8)
        self._foot(None)

    def _title(self) -> None:
        self._pdf.add_page()
        self._sheet += 1
        self._text(192, 27, self.meet, 14)
        self._text(246, 48, "Dasukost (HUN)", 11)
        self._text(231, 69, self.dates, 11)

    def _legend(self, y: float) -> None:
        self._text(26, y, "Legend:", 7.5)
        for row, pairs in enumerate(LEGEND, 1):
            for index, (sign, words) in enumerate(pairs):
                self._text(26 + 135 * index, y + 10 * row, sign, 7.5)
                self._text(62 + 135 * index, y + 10 * row, words, 7.5)

    def _foot(self, race: Race | None) -> None:
        if race and not self.legend_on_top:
            self._legend(735)
        self._text(235, 768, "Official Timekeeping by Omega", 8)
        code = (
            "SWMW------------------------------_97"
            if race is None
            else f"SWMW100MFR------------{race.phase}_{race.report}"
        )
        self._text(24, 788, f"{code} 1", 8)
        self._text(225, 788, "Report Created by OMEGA 18 JUN 9:44", 8)
        self._text(539, 788, "Page 1/1", 8)

    def _cell(self, key: str, x: float, y: float, text: str, size: float) -> None:
        self._pdf.set_font("Helvetica", size=size)
        self._text(x - self._pdf.get_string_width(text) if key in RIGHT else x, y, text, size)

    def _text(self, x: float, y: float, text: str, size: float) -> None:
        if text:
            self._pdf.set_font("Helvetica", size=size)
            self._pdf.text(x, y, text)
