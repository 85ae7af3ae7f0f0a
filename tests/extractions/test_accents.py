"""Accents that are drawn as signs of their own, over the letter before them or elsewhere in the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.extractions.pdf.words import read_pages
from app.extractions.sheet import read_sheet
from tests.extractions.sheets import Drawing


@pytest.mark.parametrize(
    "name",
    [
        "Muñoz, José",
        "NÑÓZ, Ñeñé",
        "Cristóbal, Tomás A",
        "García, Ana",
        "Heroína, Zoí",
        "Martín, Lucía",
        "Ångström, Zoë",
    ],
)
def test_marks_over_letters_become_accents(tmp_path: Path, name: str) -> None:
    drawing = Drawing(accents=True).page().line("Event 7  Women 100 Yard Breaststroke").headers()
    drawing.row("1", name, "21", "Club Peñón", final="59.46")
    (swim,) = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert (swim.name, swim.team, swim.age) == (name, "Club Peñón", "21")


def test_a_mark_that_comes_later_in_the_file_goes_to_the_letter_that_ends_where_it_starts(tmp_path: Path) -> None:
    drawing = Drawing().page()
    drawing.pdf.set_font("Times", size=9)
    drawing.pdf.text(50, 200, "Ravine")
    drawing.pdf.text(200, 200, "24 Club")
    end = 50 + drawing.pdf.get_string_width("Ravine")
    drawing.pdf.set_stretching(-60)  # to the left
    drawing.pdf.text(end + 1.7, 200, "í")
    words = read_pages(drawing.save(tmp_path / "sheet.pdf"))[0].words
    assert [word.text for word in words][-3:] == ["Raviné", "24", "Club"]


def test_marks_alone_stay_and_many_of_them_take_no_time(tmp_path: Path) -> None:
    drawing = Drawing().page()
    for _ in range(60):
        drawing.line("í ñ " * 60)
    words = read_pages(drawing.save(tmp_path / "sheet.pdf"))[0].words
    assert sum(word.text in ("í", "ñ") for word in words) > 1000
