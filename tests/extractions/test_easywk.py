"""The protocols of EasyWk."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from app.extractions.layouts.cells import plain_time
from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.german_sheets import Protocol, random_protocol


def _read(protocol: Protocol, tmp_path: Path) -> Sheet:
    return read_sheet(protocol.save(tmp_path / "protocol.pdf"))


def _row(swim: Swim) -> tuple[object, ...]:
    header = (swim.kind, swim.event_number, swim.event, swim.section, swim.place, swim.name, swim.team, swim.relay)
    return (*header, swim.time, swim.status, swim.points, swim.age, swim.note, tuple(swim.splits))


@pytest.mark.parametrize("seed", range(12))
def test_every_row_of_random_protocols_and_no_other(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "protocol.pdf"
    expected = Counter(random_protocol(random.Random(seed), path))
    found = Counter(map(_row, read_sheet(str(path)).swims))
    assert (expected - found, found - expected) == (Counter(), Counter())


def test_head_of_the_sheet(tmp_path: Path) -> None:
    protocol = Protocol().page().line("Abschnitt 1 - Samstag 06.09.2026", 40).line("Wettkampfstätte: 25m-Bahn", 40)
    protocol.event("Wettkampf 1 - 100m Brust männlich")
    protocol.row("1.", "Groß, Jörg", "2004", "SV Nord", "01:16,76", "360", "12")
    protocol.page().line("Abschnitt 2 - Sonntag 07.09.2026", 40)
    sheet = _read(protocol, tmp_path)
    assert (sheet.meet, sheet.dates) == ("12. Sommerpokal des SV Nord", "06.09.2026 - 07.09.2026")
    assert (sheet.course, sheet.layout, sheet.pages) == ("SCM", "easywk", 2)
    (swim,) = sheet.swims
    assert (swim.name, swim.age, swim.team) == ("Groß, Jörg", "2004", "SV Nord")
    assert (swim.time, swim.points) == ("1:16.76", "12")


def test_rounds_and_out_of_competition(tmp_path: Path) -> None:
    protocol = Protocol().page().event("Wettkampf 3 - 50m Freistil weiblich - Vorlauf")
    protocol.row("1.", "Anna Böhm", "2009", "SC Delphin", "00:29,10")
    protocol.line("außer Konkurrenz").row("", "Lea Jäger", "2008", "SC Delphin", "00:30,00")
    protocol.event("Wettkampf 103 - 50m Freistil weiblich - Finale")
    protocol.row("2.", "Anna Böhm", "2009", "SC Delphin", "00:28,99")
    protocol.row("a.K.", "Zoë Groß", "2010", "SV Nord", "00:28,50").row("AK", "Änne Li", "2010", "SV Nord", "00:31,00")
    protocol.row("3.", "Lea Jäger", "2008", "SC Delphin", "00:32,00", "a. W.")
    protocol.row("4.", "Lea Öztürk", "2008", "SC Delphin", "00:33,00", "AK 35")
    swims = _read(protocol, tmp_path).swims
    assert [(s.name, s.event_number, s.round, s.place, s.exhibition) for s in swims] == [
        ("Anna Böhm", "3", "prelim", 1, False),
        ("Lea Jäger", "3", "prelim", None, True),
        ("Anna Böhm", "103", "final", 2, False),
        ("Zoë Groß", "103", "final", None, True),
        ("Änne Li", "103", "final", None, True),
        ("Lea Jäger", "103", "final", 3, True),
        ("Lea Öztürk", "103", "final", 4, False),
    ]


def test_rows_of_other_forms(tmp_path: Path) -> None:
    protocol = Protocol().page().event("Wettkampf 3 - 50m Freistil weiblich", headers=False)
    protocol.line("1 Anna Böhm 09 SC Delphin 29,10").line("2 Lea Jäger 2008 00:30,00").line("nicht am Start")
    protocol.line("Zoë Groß 10 1. FC Wasser e.V.")
    swims = _read(protocol, tmp_path).swims
    assert [(s.place, s.name, s.age, s.team, s.time, s.status) for s in swims] == [
        (1, "Anna Böhm", "09", "SC Delphin", "29.10", "OK"),
        (2, "Lea Jäger", "2008", None, "30.00", "OK"),
        (None, "Zoë Groß", "10", "1. FC Wasser e.V.", None, "NS"),
    ]


def test_standings_and_judges_are_no_swims(tmp_path: Path) -> None:
    protocol = Protocol().page().line("Kampfgericht Abschnitt 1").row("1.", "Tom Böhm", "1970", "SV Nord")
    protocol.event("Wettkampf 1 - 50m Brust weiblich").row("1.", "Anna Böhm", "2009", "SC Delphin", "00:39,10")
    protocol.line("Mehrkampf Jahrgang 2009").row("1.", "Anna Böhm", "2009", "SC Delphin", "", "1204")
    protocol.line("nicht am Start").row("", "Lea Jäger", "2008", "SC Delphin")
    assert [swim.name for swim in _read(protocol, tmp_path).swims] == ["Anna Böhm"]


@pytest.mark.parametrize("title", ["Meldeergebnis", "Startliste Abschnitt 1"])
def test_start_list_gives_no_swims_and_says_why(tmp_path: Path, title: str) -> None:
    protocol = Protocol().page().line(title).event("Wettkampf 1 - 50m Brust weiblich", headers=False)
    protocol.line("Lauf 1/3 (ca. 09:02 Uhr)").line("Bahn 1 Anna Böhm 2009 SC Delphin 00:39,10")
    sheet = _read(protocol, tmp_path)
    assert (sheet.swims, sheet.layout) == ([], "start_list")
    assert sheet.reason == "This is a start list: it has entries but no results."


@pytest.mark.parametrize(
    ("german", "plain"),
    [("01:16,76", "1:16.76"), ("00:35,09", "35.09"), ("00:09,50", "9.50"), ("16:00,00", "16:00.00")],
)
def test_german_times(german: str, plain: str) -> None:
    assert plain_time(german) == plain
