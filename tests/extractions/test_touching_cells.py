"""Cells that touch, and clubs whose names look like something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from tests.extractions.sheets import TWO_COLUMNS, Drawing


@pytest.mark.parametrize(
    ("seed", "final", "entered", "time", "exhibition"),
    [
        ("NT", "x1:02:03.04", "NT", "1:02:03.04", True),
        ("1:25.10", "X1:02:03.04", "1:25.10", "1:02:03.04", True),
        ("59:59.10", "1:02:03.04", "59:59.10", "1:02:03.04", False),
    ],
)
def test_time_that_touches_the_time_before_it(
    tmp_path: Path, seed: str, final: str, entered: str, time: str, exhibition: bool
) -> None:
    measures = TWO_COLUMNS
    drawing = Drawing(measures=measures).page().line("Event 1  Men 5000 LC Meter Freestyle").headers()
    drawing.row("1", "Roe, Bo", "20", "T2", seed="", final="")
    drawing.y -= 1.25 * measures.size
    drawing.pdf.set_font(drawing.font, size=measures.size)
    both = seed + final
    drawing.pdf.text(drawing.x + measures.final - drawing.pdf.get_string_width(both), drawing.y, both)
    (swim,) = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert (swim.name, swim.team, swim.time) == ("Roe, Bo", "T2", time)
    assert (swim.seed_or_prelim, swim.exhibition) == (entered, exhibition)


def test_club_that_touches_a_time_over_an_hour(tmp_path: Path) -> None:
    drawing = Drawing().page().line("Event 1  Men 5000 LC Meter Freestyle").headers(seeds=False)
    drawing.row("1", "Roe, Bo", "20", "", final="Lakeside-SC1:02:03.04")
    (swim,) = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert (swim.team, swim.time) == ("Lakeside-SC", "1:02:03.04")


@pytest.mark.parametrize("club", ["DQ Club", "NS Swim", "SCR Aquatics"])
def test_club_that_starts_like_a_state(tmp_path: Path, club: str) -> None:
    drawing = Drawing(measures=TWO_COLUMNS).page().line("Event 1  Women 50 Yard Freestyle").headers()
    drawing.row("1", "Roe, Ann", "SO", club, final="24.00").row("---", "King, Lilly", "JR", club, final="NS")
    swims = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert [(s.name, s.age, s.team, s.time, s.status) for s in swims] == [
        ("Roe, Ann", "SO", club, "24.00", "OK"),
        ("King, Lilly", "JR", club, None, "NS"),
    ]
