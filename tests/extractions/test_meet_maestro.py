"""Results of Meet Maestro in both shapes."""

from __future__ import annotations

import random
import string
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet
from tests.extractions.maestro_sheets import (
    CLUBS,
    CODES,
    FIELDS,
    THREE_COLUMNS,
    TWO_COLUMNS,
    MaestroSheet,
    Row,
    Shape,
    random_maestro,
)

_SHAPES = pytest.mark.parametrize("shape", [TWO_COLUMNS, THREE_COLUMNS], ids=["two", "three"])


def _read(sheet: MaestroSheet, tmp_path: Path) -> Sheet:
    return read_sheet(sheet.save(tmp_path / "sheet.pdf"))


def _same(rows: list[Row], sheet: Sheet) -> bool:
    drawn = Counter(repr([row[name] for name in FIELDS]) for row in rows)
    found = Counter(repr([getattr(swim, name) for name in FIELDS]) for swim in sheet.swims)
    assert (drawn - found, found - drawn) == (Counter(), Counter())
    return True


@pytest.mark.parametrize("part", range(4))
def test_every_row_of_random_sheets_and_no_other(tmp_path: Path, part: int) -> None:
    for seed in range(part, 24, 4):
        rows = random_maestro(random.Random(seed), tmp_path / "sheet.pdf")
        sheet = read_sheet(str(tmp_path / "sheet.pdf"))
        assert _same(rows, sheet), f"sheet {seed}"
        assert sheet.reading
        assert (sheet.layout, sheet.reading["confidence"]) == ("meet_maestro", "high"), f"sheet {seed}"


_LETTERS = st.text(string.ascii_letters + "äöüéñß", min_size=2, max_size=12).map(str.capitalize)
_NAMES = st.tuples(_LETTERS, _LETTERS, st.sampled_from(("", " M", " Ann", " (Bo)"))).map(
    lambda t: f"{t[0]}, {t[1]}{t[2]}"
)
_TIMES = st.tuples(st.integers(0, 19), st.integers(0, 59), st.integers(0, 99)).map(
    lambda t: f"{t[0]}:{t[1]:02}.{t[2]:02}" if t[0] else f"{t[1]}.{t[2]:02}"
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    shape=st.sampled_from((TWO_COLUMNS, THREE_COLUMNS)),
    blanks=st.booleans(),
    people=st.lists(st.tuples(_NAMES, st.integers(4, 99), _TIMES, _TIMES), min_size=1, max_size=40),
)
def test_rows_out_are_rows_in(
    tmp_path: Path, shape: Shape, blanks: bool, people: list[tuple[str, int, str, str]]
) -> None:
    sheet = MaestroSheet(shape, blanks=blanks)
    sheet.heading("6B", "Men 30-39 25yd Butterfly", relay=False)
    for place, (name, age, seed, result) in enumerate(people, 1):
        sheet.swimmer(str(place), name, str(age), place % len(CLUBS), seed, result, str(99 - place))
    sheet.heading("7", "Mixed Open 100yd Medley Relay", relay=True)
    for place, (name, age, seed, result) in enumerate(people, 1):
        sheet.team(str(place), place % len(CLUBS), "A", seed, result, [(name, str(age))] * 4)
    assert _same(sheet.rows, _read(sheet, tmp_path))


def test_meet_dates_and_course(tmp_path: Path) -> None:
    sheet = MaestroSheet(TWO_COLUMNS, title="Championship of the World — Finals @ Bay Dolphins — Jul 31 – Aug 1, 2026")
    sheet.heading("1", "Women Open 25m Freestyle", relay=False)
    sheet.swimmer("1", "Brink, Tessa", "40", 0, "NT", "15.10")
    read = _read(sheet, tmp_path)
    assert (read.meet, read.dates) == ("Championship of the World — Finals @ Bay Dolphins", "Jul 31 – Aug 1, 2026")
    assert (read.course, read.pages) == ("SCM", 1)


@_SHAPES
def test_a_dash_is_no_swimmer_and_four_dashes_are_a_team(tmp_path: Path, shape: Shape) -> None:
    sheet = MaestroSheet(shape)
    sheet.heading("1", "Mixed Open 100yd Medley Relay", relay=True)
    sheet.team("1", 0, "B", "NT", "58.10", [("Brink, Tessa", "40"), ("", ""), ("", ""), ("Orb, Cez (Ce)", "22")], "20")
    sheet.team("2", 1, "A", "NT", "59.10", [("", "")] * 4, "17")
    sheet.team("--", 3, "A", "1:00.00", "DQ", [("", "")] * 4)
    swims = _read(sheet, tmp_path).swims
    assert [(s.kind, s.leg, s.name, s.age, s.team, s.relay, s.status) for s in swims] == [
        ("relay_leg", 1, "Brink, Tessa", "40", CLUBS[0], "B", "OK"),
        ("relay_leg", 4, "Orb, Cez (Ce)", "22", CLUBS[0], "B", "OK"),
        ("relay", None, CLUBS[1], None, CLUBS[1], "A", "OK"),
        ("relay", None, CLUBS[3], None, CLUBS[3], "A", "DQ"),
    ]


@pytest.mark.parametrize(
    ("line", "legs"),
    [
        ("3) Brinkmann, Lauren (304) Orb, Jo (30)", [(3, "Brinkmann, Lauren", "30"), (4, "Orb, Jo", "30")]),
        ("3) Brinkmann, Lauren (34) Orb, Jo (30)", [(3, "Brinkmann, Lauren", None), (4, "Orb, Jo", "30")]),
        ("3) Brinkmann, Laur4) Orb, Jo (30)", [(3, "Brinkmann, Laur", None), (4, "Orb, Jo", "30")]),
        ("1) Brinkmann, Lu (22) 2) Orb, Jo (30)", [(1, "Brinkmann, Lu", "22"), (2, "Orb, Jo", "30")]),
        ("3) Brinkmann, Lu (34)", [(3, "Brinkmann, Lu", "34")]),
        ("3) — 4) Orb, Jo (Joey) (8)", [(4, "Orb, Jo (Joey)", "8")]),
    ],
)
def test_legs_that_run_into_each_other(tmp_path: Path, line: str, legs: list[tuple[int, str, str | None]]) -> None:
    sheet = MaestroSheet(TWO_COLUMNS)
    sheet.heading("1", "Mixed Open 100yd Medley Relay", relay=True)
    sheet.team("1", 0, "B", "NT", "58.10", [])
    sheet.line(line, 15)
    assert [(swim.leg, swim.name, swim.age) for swim in _read(sheet, tmp_path).swims] == legs


@_SHAPES
def test_scores_of_teams_give_no_swims_and_end_the_event(tmp_path: Path, shape: Shape) -> None:
    sheet = MaestroSheet(shape)
    sheet.heading("2", "Women Open 50yd Freestyle", relay=False)
    sheet.swimmer("1", "Brink, Tessa", "40", 0, "NT", "25.10", "20")
    sheet.scores()
    read = _read(sheet, tmp_path)
    assert [swim.name for swim in read.swims] == ["Brink, Tessa"]
    assert read.reading
    assert (read.reading["confidence"], read.reading["unread"]) == ("high", 0)


@_SHAPES
def test_title_of_an_event_on_two_lines(tmp_path: Path, shape: Shape) -> None:
    sheet = MaestroSheet(shape)
    sheet.heading("12", "Women Open 200yd Freestyle for the Cup of the\nSecond Summer League", relay=False)
    sheet.swimmer("1", "Brink, Tessa", "40", 0, "NT", "2:25.10", "20")
    (swim,) = _read(sheet, tmp_path).swims
    assert swim.event == "Women Open 200yd Freestyle for the Cup of the Second Summer League"


@_SHAPES
def test_reason_of_a_disqualification_and_a_row_without_result(tmp_path: Path, shape: Shape) -> None:
    sheet = MaestroSheet(shape)
    sheet.heading("2", "Women Open 50yd Time Trial", relay=False)
    sheet.swimmer("--", "Brink, Tessa", "40", 0, "30.00", "DQ")
    sheet.line("Kick: alternating", 20)
    swims = _read(sheet, tmp_path).swims
    assert [(s.name, s.status, s.note, s.round, s.team) for s in swims] == [
        ("Brink, Tessa", "DQ", "Kick: alternating", "time_trial", CLUBS[0] if shape.two_lines else CODES[0])
    ]
    assert swims[0].box
    assert swims[0].box[0] < 40
