"""The result sheets of Omega's timing."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest
from fpdf import FPDF

from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.omega_sheets import OmegaSheet, random_omega


def _read(sheet: OmegaSheet, tmp_path: Path) -> Sheet:
    return read_sheet(sheet.save(tmp_path / "sheet.pdf"))


def _row(swim: Swim) -> tuple[object, ...]:
    who = (swim.event, swim.round, swim.place, swim.name, swim.team)
    return (*who, swim.time, swim.status, swim.points, swim.age, tuple(swim.splits), swim.note)


@pytest.mark.parametrize("seed", range(16))
def test_every_row_of_random_sheets_and_no_other(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "sheet.pdf"
    expected = Counter(random_omega(random.Random(seed), path))
    found = Counter(map(_row, read_sheet(str(path)).swims))
    assert (expected - found, found - expected) == (Counter(), Counter())


def test_head_of_the_sheet(tmp_path: Path) -> None:
    drawing = OmegaSheet("trials", event=("12", "Women's 50m Freestyle", "Final")).page()
    cells = {"rank": "1", "heat": "1", "lane": "4", "name": "SMITH-JONES Zoë", "club": "CAL", "rt": "0.61", "q": "Q"}
    drawing.row(**cells, year="2001", time="24.10")
    sheet = _read(drawing, tmp_path)
    assert (sheet.meet, sheet.dates, sheet.layout) == ("2026 World Cup - Stop 3", "June 13 - 20", "omega")
    (swim,) = sheet.swims
    assert (swim.name, swim.event_number, swim.event, swim.section) == (
        "SMITH-JONES Zoë",
        "12",
        "Women's 50m Freestyle",
        "Final",
    )


def test_swimmers_of_a_relay(tmp_path: Path) -> None:
    drawing = OmegaSheet("worlds", event=("9", "Mixed 4 x 100m Medley Relay", "Final")).page()
    for place, nation in enumerate(("USA", "GBR"), 1):
        drawing.row(rank=str(place), lane="4", name=f"{nation} - Team", nat=nation, rt="0.61", time="3:41.10")
        for leg in ("CURZAN Claire", "FALLON Matt", "WALSH Gretchen", "ALEXY Jack"):
            drawing.below(leg, "0.21", "24.10", "51.20", start=118, step=90, size=8)
    swims = _read(drawing, tmp_path).swims
    assert [(s.kind, s.leg, s.name, s.place, s.time, s.relay) for s in swims[:2]] == [
        ("relay_leg", 1, "CURZAN Claire", 1, "3:41.10", None),
        ("relay_leg", 2, "FALLON Matt", 1, "3:41.10", None),
    ]
    assert len(swims) == 8


def test_swim_of_a_heat_counts_once_with_its_place_in_the_summary(tmp_path: Path) -> None:
    drawing = OmegaSheet("worlds", "Results", event=("9", "Men's 50m Freestyle", "Heat 2 of 5")).page()
    drawing.row(rank="1", heat="2", lane="4", name="ALEXY Jack", nat="USA", rt="0.61", time="21.90")
    drawing.row(lane="5", name="PROUD Ben", nat="GBR", time="DNS")
    drawing.event, drawing.subtitle = ("9", "Men's 50m Freestyle", "Heats"), "Results Summary"
    drawing.page().row(rank="7", heat="2", lane="4", name="ALEXY Jack", nat="USA", rt="0.61", time="21.90")
    swims = _read(drawing, tmp_path).swims
    assert [(s.name, s.place, s.round, s.status, s.page) for s in swims] == [
        ("PROUD Ben", None, "prelim", "NS", 1),
        ("ALEXY Jack", 7, "prelim", "OK", 2),
    ]


def test_page_whose_table_has_no_head(tmp_path: Path) -> None:
    pdf = FPDF(unit="pt", format="letter")
    pdf.add_page()
    pdf.set_font("Helvetica", size=9)
    lines = ["Swimming League", "Event 3", "Women's 100m Butterfly", "Final", "WR 54.05 SJÖSTRÖM Sarah SWE"]
    lines += ["1 4 SJÖSTRÖM Sarah ENS SWE 1993 0.62 55.90 9", "25m 12.10 50m 25.90 75m 40.30"]
    lines += ["=2 5 DE LA CRUZ Ana CAC 0.70 56.30 0.40"]
    for index, text in enumerate(lines):
        pdf.text(60, 60 + 14 * index, text)
    path = tmp_path / "sheet.pdf"
    pdf.output(str(path))
    sheet = read_sheet(str(path))
    assert [(s.event_number, s.place, s.name, s.team, s.time, s.splits) for s in sheet.swims] == [
        ("3", 1, "SJÖSTRÖM Sarah", "ENS", "55.90", ["12.10", "25.90", "40.30"]),
        ("3", 2, "DE LA CRUZ Ana", "CAC", "56.30", []),
    ]
    assert sheet.course == "SCM"


def test_start_list_gives_no_swims_and_says_why(tmp_path: Path) -> None:
    drawing = OmegaSheet("trials", "Start List", event=("12", "Women's 50m Freestyle", "Heats")).page()
    drawing.row(heat="1", lane="4", name="SMITH Zoë", club="CAL", year="2001", time="24.10")
    sheet = _read(drawing, tmp_path)
    assert (sheet.swims, sheet.layout) == ([], "start_list")
