"""Books of Omega's timing: pages of many kinds, relays, swim-offs, skins, legends, dates of birth."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.extractions.layouts.omega.tables import Cell, read_header
from app.extractions.pdf.page import Line, Word
from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.omega_books import OmegaBook
from tests.extractions.omega_races import LISTS, Entry, Printed, Race

_FINAL = Race("8", "108", "Men's 50m Butterfly", "Final", "final", "FNL-000100--", "Results")
_WORD = st.text("abcdefghijklmnopqrstuvwxyzäöüéèñçåøßâîý", min_size=2, max_size=12)
_NAMES = st.builds(
    lambda particle, family, given: f"{particle}{family.replace('ß', 's').upper()} {given.capitalize()}",
    st.sampled_from(("", "", "van ", "de ", "le ", "Mc", "O'", "D'", "AL-")),
    _WORD,
    _WORD,
)
_TIMES = st.integers(1000, 99_999).map(lambda hundredths: f"{hundredths // 6000}:{hundredths % 6000 / 100:05.2f}")


def _printed(swim: Swim) -> Printed:
    own = {field.name: getattr(swim, field.name) for field in fields(Printed) if field.name != "number"}
    return Printed(number=swim.event_number or "", **{**own, "splits": tuple(swim.splits)})


def _check(book: OmegaBook, path: str) -> Sheet:
    sheet = read_sheet(path)
    expected, found = Counter(book.truth), Counter(map(_printed, sheet.swims))
    assert (expected - found, found - expected) == (Counter(), Counter())
    return sheet


def _book(seed: int = 1) -> OmegaBook:
    book = OmegaBook(random.Random(seed))
    book.inline = book.legend_on_top = False
    return book


@pytest.mark.parametrize("seed", range(24))
def test_every_row_of_random_books_and_no_other(tmp_path: Path, seed: int) -> None:
    book = OmegaBook(random.Random(seed))
    sheet = _check(book, book.draw(tmp_path / "book.pdf", events=1 + seed % 3))
    assert (sheet.meet, sheet.dates, sheet.course) == (book.meet, book.dates, book.course)
    assert sheet.reading
    assert (sheet.reading["confidence"], sheet.reading["unread"]) == ("high", 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(_NAMES, _TIMES), min_size=1, max_size=12, unique_by=lambda row: row[0]))
def test_any_names_and_times(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    book = _book()
    entries = [
        Entry(name, "LIB", time=time.removeprefix("0:"), place=place) for place, (name, time) in enumerate(rows, 1)
    ]
    book.results(_FINAL, entries)
    _check(book, book.save(tmp_path / "book.pdf"))


@pytest.mark.parametrize("scale", [0.6, 1.0, 1.5])
def test_line_above_a_table_is_no_part_of_its_head_whatever_its_size(scale: float) -> None:
    def line(y: float, *cells: tuple[str, float, float]) -> Line:
        words = [Word(text, left * scale, right * scale, y * scale, 7 * scale, 0) for text, left, right in cells]
        return Line(words, 0.0, " ".join(word.text for word in words))

    lines = [
        line(633, ("Fastest", 26, 54), ("Heats", 57, 79)),
        line(621, ("Club", 285, 303), ("Time", 522, 541)),
        line(614, ("Rank", 31, 50), ("Heat", 60, 77), ("Lane", 90, 108), ("Name", 117, 139), ("Time", 481, 500)),
        line(610, ("Code", 285, 306), ("Behind", 514, 541)),
    ]
    header = read_header(lines, 2)
    assert header
    assert header.kind(Cell("12", 43 * scale, 50 * scale)) == "rank"


@pytest.mark.parametrize("title", sorted(LISTS))
def test_page_that_is_no_list_of_results_gives_no_swims(tmp_path: Path, title: str) -> None:
    book = _book()
    book.list_page(title)
    sheet = _check(book, book.save(tmp_path / "book.pdf"))
    assert sheet.layout in ("start_list", "entry_list", "rankings", "medals", "scores", "records")
    assert sheet.reason
    assert sheet.reading
    assert sheet.reading["unread"] == 0


def test_row_that_is_lost_is_reported(tmp_path: Path) -> None:
    book = _book()
    entries = [Entry(f"FOSTER {name}", "LIB", time=f"2{place}.10", place=place) for place, name in enumerate("ABC", 1)]
    entries[1].name = "FOSTER 2nd B"
    book.results(_FINAL, entries)
    reading = read_sheet(book.save(tmp_path / "book.pdf")).reading
    assert reading
    assert (reading["confidence"], reading["unread"]) == ("low", 1)


def test_row_in_the_midst_of_a_legend_is_reported(tmp_path: Path) -> None:
    book = _book()
    book.results(_FINAL, [Entry("FOSTER Bo", "LIB", time="24.10", place=1)])
    book.line("1 4 LOST Ada LIB 0.61 24.90", y=761.5)
    reading = read_sheet(book.save(tmp_path / "book.pdf")).reading
    assert reading
    assert (reading["confidence"], [line["text"] for line in reading["unread_lines"]]) == (
        "low",
        ["1 4 LOST Ada LIB 0.61 24.90"],
    )


@pytest.mark.parametrize(
    ("stage", "phase", "count", "round_"),
    [
        (None, "HEAT0001TF--", 2, "swim_off"),
        (None, "SFNL0001RR--", 3, "swim_off"),
        (None, "HEAT000100--", 2, "swim_off"),
        (None, "FNL-000100--", 2, "final"),
        (None, "HEAT--------", 9, "prelim"),
        ("Swim-off", "HEAT--------", 2, "swim_off"),
        ("Semifinals Swim-off", "SFNL0001TF--", 2, "swim_off"),
        ("Time Trial", "FNL-000100--", 4, "time_trial"),
        ("Fastest Heat", "FNL-000100--", 8, "final"),
        (None, "FNL-0001TT--", 4, "time_trial"),
    ],
)
def test_round_of_a_page_after_heats(tmp_path: Path, stage: str | None, phase: str, count: int, round_: str) -> None:
    book = _book()
    heats = Race("8", "8", "Men's 50m Butterfly", "Heats", "prelim", "HEAT--------", "Results Summary", report="74A")
    book.results(heats, [Entry(f"FOSTER A{'abcdefghi'[place]}", "LIB", time="25.10", place=1) for place in range(9)])
    race = Race("8", "108", "Men's 50m Butterfly", stage, round_, phase, "Results")
    book.results(race, [Entry(f"LI B{'abcdefghi'[place]}", "LIB", time="25.20", place=1) for place in range(count)])
    _check(book, book.save(tmp_path / "book.pdf"))
