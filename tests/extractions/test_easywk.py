"""The protocols of EasyWk."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.extractions.layouts.cells import plain_time
from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.german_sheets import MEET, Protocol, random_cup, random_protocol


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


@pytest.mark.parametrize("part", range(3))
def test_every_row_of_random_cups_and_none_of_their_lists_of_points(tmp_path: Path, part: int) -> None:
    path = tmp_path / "protocol.pdf"
    for seed in range(part, 24, 3):
        expected = Counter(random_cup(random.Random(seed), path))
        sheet = read_sheet(str(path))
        found = Counter(map(_row, sheet.swims))
        assert (expected - found, found - expected) == (Counter(), Counter()), f"cup {seed}"
        assert sheet.reading
        assert (sheet.meet, sheet.reading["confidence"]) == (MEET, "high"), f"cup {seed}"


_WORDS = st.text("abcdefghijklmnopqrstuvwxyzäöüßé", min_size=2, max_size=10).map(str.capitalize)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.lists(
        st.tuples(_WORDS, _WORDS, st.integers(1930, 2019), st.integers(0, 59), st.integers(0, 59), st.integers(0, 99)),
        min_size=1,
        max_size=80,
    )
)
def test_rows_out_are_rows_in(tmp_path: Path, people: list[tuple[str, str, int, int, int, int]]) -> None:
    protocol = Protocol(numbered=True).page()
    protocol.heading, protocol.section = "Wettkampf 1 - 100m Brust männlich", "Jahrgänge 1930 bis 2019"
    protocol.line(protocol.heading, 57).line(protocol.section, 57).table()
    for place, (family, given_name, year, *time) in enumerate(people, 1):
        printed = "{:02}:{:02},{:02}".format(*time)
        cells = [(106, f"{family}, {given_name}"), (219, str(year)), (279, "SV Nord 1898"), (428, printed)]
        protocol.cells((60, f"{place}."), *cells)
    swims = _read(protocol, tmp_path).swims
    assert [(s.place, s.name, s.age, s.team, s.time) for s in swims] == [
        (place, f"{family}, {given_name}", str(year), "SV Nord 1898", plain_time("{:02}:{:02},{:02}".format(*time)))
        for place, (family, given_name, year, *time) in enumerate(people, 1)
    ]


def test_list_of_points_ends_the_event_and_its_disqualification(tmp_path: Path) -> None:
    protocol = Protocol(numbered=True).page().line("Wettkampf 11 - 4x50m Freistil mixed", 57).line("Offen", 57).table()
    protocol.line("disqualifiziert", 106).cells((106, "2. Mannschaft"), (219, "Offen"), (279, "SV Nord 1898"))
    protocol.cells((106, "Groß, Jörg"), (226, "2007"), (251, "(M)"), (279, "50m:"), (306, "00:34,81"))
    protocol.cells((106, "Li, Anna"), (226, "2008"), (251, "(W)"))
    protocol.line("Der zweite Sportler startete zu früh.", 103).line("Uhrzeit der Bekanntgabe: 13:20", 103)
    protocol.page().line("Schwimmer des Tages", 57).table("Punkte")
    protocol.cells((77, "1."), (92, "Böhm, Lea"), (219, "2011"), (279, "SC Delphin"), (435, "197"))
    protocol.line("aus Wettkampf 9 - 100m Lagen weiblich: 01:36,98", 92)
    sheet = _read(protocol, tmp_path)
    assert [(s.kind, s.leg, s.name, s.age, s.team, s.relay, s.status, s.note) for s in sheet.swims] == [
        ("relay_leg", 1, "Groß, Jörg", "2007", *_OUT),
        ("relay_leg", 2, "Li, Anna", "2008", *_OUT),
    ]
    assert sheet.reading
    assert sheet.reading["confidence"] == "high"


_OUT = ("SV Nord 1898", "2", "DQ", "Der zweite Sportler startete zu früh.")


def test_name_of_the_meet_is_the_line_with_the_number(tmp_path: Path) -> None:
    protocol = Protocol(numbered=True).page().line("vom 30.11.2019 bis 01.12.2019 in Neustadt", 57)
    protocol.line("noch Wettkampf 3 - 50m Brust weiblich", 57).line("noch Jahrgänge 2006 bis 2011", 57).table()
    protocol.cells(
        (60, "8."), (106, "Böhm, Lea"), (219, "2011"), (279, "SC Delphin"), (428, "00:45,10"), (516, "360"), (540, "12")
    )
    sheet = _read(protocol, tmp_path)
    assert (sheet.meet, sheet.dates) == (MEET, "30.11.2019 - 01.12.2019")
    assert [(s.place, s.section, s.points, s.fina_points) for s in sheet.swims] == [
        (8, "Jahrgänge 2006 bis 2011", "12", "360")
    ]


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
