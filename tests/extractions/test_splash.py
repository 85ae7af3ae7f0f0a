"""Results of SPLASH Meet Manager, in the languages it prints."""

from __future__ import annotations

import random
import string
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.extractions.layouts import splash
from app.extractions.pdf.page import Page, Pages, Word
from app.extractions.pdf.words import read_pages
from app.extractions.sheet import read_sheet
from app.extractions.swims import Swim
from tests.extractions.splash_languages import LANGUAGES
from tests.extractions.splash_meets import draw_list, random_splash
from tests.extractions.splash_sheets import DATES, MEET, SplashSheet, Table, Truth

_FIELDS = tuple(field.name for field in fields(Truth))


def _row(swim: Swim) -> Truth:
    values = {name: getattr(swim, name) for name in _FIELDS}
    return Truth(**{**values, "splits": tuple(swim.splits)})


def _same(drawn: list[Truth], path: Path) -> bool:
    sheet = read_sheet(str(path))
    expected, found = Counter(drawn), Counter(map(_row, sheet.swims))
    assert (expected - found, found - expected) == (Counter(), Counter())
    assert sheet.reading
    assert (sheet.layout, sheet.reading["confidence"]) == ("splash", "high")
    return True


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_row_of_random_sheets_and_no_other(tmp_path: Path, language: str) -> None:
    for seed in range(3):
        rows = random_splash(random.Random(f"{language}{seed}"), language, tmp_path / "sheet.pdf")
        assert _same(rows, tmp_path / "sheet.pdf"), f"sheet {seed}"


_LETTERS = st.text(string.ascii_letters + "äöüéñßłŞжя", min_size=2, max_size=9).map(str.capitalize)
_NAMES = st.tuples(_LETTERS, _LETTERS, st.sampled_from(("", "-Bo", " Ann", " de la")), st.booleans()).map(
    lambda t: f"{t[0].upper()}{t[2]}, {t[1]}" if t[3] else f"{t[0]}{t[2]} {t[1]}"
)
_CLUBS = st.tuples(st.sampled_from(("SC", "15", "TV 1848", 'ШСК "Аб"')), _LETTERS, st.sampled_from(("", " 05", " №1")))
_TIMES = st.tuples(st.integers(0, 19), st.integers(10, 59), st.integers(0, 99)).map(
    lambda t: f"{t[0]}:{t[1]:02}.{t[2]:02}" if t[0] else f"{t[1]}.{t[2]:02}"
)
_POINTS = st.one_of(st.none(), st.sampled_from(("612", "19,00", "7.50", "99")))
_ROWS = st.lists(st.tuples(_NAMES, _CLUBS, _TIMES, _POINTS), min_size=1, max_size=12, unique_by=lambda row: row[0])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_ROWS, language=st.sampled_from(sorted(LANGUAGES)), seed=st.integers(0, 999))
def test_names_clubs_times_and_columns(
    tmp_path: Path, rows: list[tuple[str, tuple[str, str, str], str, str | None]], language: str, seed: int
) -> None:
    dice = random.Random(seed)
    sheet = SplashSheet(LANGUAGES[language], dice, Table.drawn(dice)).page()
    sheet.start("7", f"{sheet.one(sheet.words.sexes)}, 50m {sheet.one(sheet.words.strokes)}", "", "Results")
    for place, (name, club, time, points) in enumerate(rows, 1):
        points = points if sheet.table.points else None
        sheet.row(Truth(name, f"{club[0]} {club[1]}{club[2]}", f"{dice.randint(0, 19):02}", place, time, points=points))
    sheet.save(tmp_path / "sheet.pdf")
    assert _same(sheet.truths, tmp_path / "sheet.pdf")


@pytest.mark.parametrize(
    ("language", "kind", "said"),
    [
        (name, *choice.split(":"))
        for name, words in sorted(LANGUAGES.items())
        for choice in words.lists.split("|")
        if choice
    ],
)
def test_lists_that_are_no_results_are_named_by_kind(tmp_path: Path, language: str, kind: str, said: str) -> None:
    drawing = draw_list(random.Random(1), language, kind, said)
    sheet = read_sheet(drawing.save(tmp_path / "sheet.pdf"))
    assert (sheet.swims, sheet.layout) == ([], kind)
    assert sheet.reason
    assert "HY-TEK" not in sheet.reason
    assert sheet.reading
    assert (sheet.reading["confidence"], sheet.reading["unread"]) == ("high", 0)


def test_pages_are_judged_one_by_one(tmp_path: Path) -> None:
    dice = random.Random(2)
    drawing = draw_list(dice, "english", "start_list", "Startlist")
    draw_list(dice, "english", "medals", "Medalists by event", drawing)
    drawing.page().start("4", "Women, 50m Freestyle", "Open", "Results", "Final")
    drawing.row(Truth("BREMLI, Ros", "Bay SC", "05", 1, "26.07"))
    draw_list(dice, "english", "records", "Records broken by event", drawing)
    path = Path(drawing.save(tmp_path / "sheet.pdf"))
    assert _same(drawing.truths, path)


def _drawing() -> SplashSheet:
    drawing = SplashSheet(LANGUAGES["english"], random.Random(3), Table()).page()
    return drawing.start("4", "Women, 50m Freestyle", "Open", "Results", "Prelim")


def test_head_of_the_sheet(tmp_path: Path) -> None:
    drawing = _drawing()
    drawing.row(Truth("BREMLI, Ros", "Bay SC", "05", 1, "26.07"))
    sheet = read_sheet(drawing.save(tmp_path / "sheet.pdf"))
    assert (sheet.meet, sheet.dates, sheet.course, sheet.layout) == (MEET, DATES, "LCM", "splash")


def test_name_of_a_meet_is_no_heading_of_a_list(tmp_path: Path) -> None:
    drawing = SplashSheet(LANGUAGES["english"], random.Random(3), Table(), meet="Best Performances").page()
    drawing.start("4", "Women, 50m Freestyle", "Open", "Results")
    for place in range(1, 90):
        drawing.row(Truth(f"BREMLI, R{'abcdefghi'[place % 9]}", "Bay SC", f"{place:02}", place, f"{place}:26.07"))
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))
    assert read_sheet(str(tmp_path / "sheet.pdf")).meet == "Best Performances"


def test_sheet_whose_head_is_a_picture_has_the_days_of_its_events(tmp_path: Path) -> None:
    drawing = SplashSheet(LANGUAGES["english"], random.Random(3), Table(), named=False).page()
    drawing.start("4", "Women, 50m Freestyle", "Open", "Results")
    drawing.row(Truth("BREMLI, Ros", "Bay SC", "05", 1, "26.07"))
    sheet = read_sheet(drawing.save(tmp_path / "sheet.pdf"))
    assert (sheet.meet, sheet.dates) == (None, "05.07.2025")


@pytest.mark.parametrize(("foot", "sure"), [(True, 1.0), (False, 0.8)])
def test_titles_speak_for_the_programme_where_the_foot_is_missing(tmp_path: Path, foot: bool, sure: float) -> None:
    drawing = SplashSheet(LANGUAGES["polish"], random.Random(3), Table(), foot=foot).page()
    drawing.start("4", "Kobiety, 50m dowolny", "", "Wyniki")
    drawing.row(Truth("ŻUREŃSKA, Ola", "MKS Żabno", "05", 1, "26.07"))
    assert splash.recognise(Pages(read_pages(drawing.save(tmp_path / "sheet.pdf")))) == sure


def test_language_that_is_not_known_is_read_by_the_form_of_its_rows(tmp_path: Path) -> None:
    words = replace(
        LANGUAGES["english"],
        event="Zlopt",
        results="Omluk",
        prelim="Vork",
        year="Flub",
        time="Takt",
        points="Zuk",
        club="Hrob",
    )
    drawing = SplashSheet(words, random.Random(4), Table(points=548, reaction=443)).page()
    drawing.start("4", "Wemno, 50m Frilo", "", "Omluk")
    for place in range(1, 9):
        drawing.row(
            Truth(
                f"BREMLI, Ros{chr(96 + place)}", "Bay SC 05", f"{place:02}", place, f"2{place}.07", points=f"61{place}"
            )
        )
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))


def test_row_that_is_not_understood_is_reported(tmp_path: Path) -> None:
    drawing = _drawing()
    for place in range(1, 9):
        drawing.row(Truth(f"BREMLI, R{chr(96 + place)}", "Bay SC", "05", place, f"2{place}.07"))
    drawing.pdf.text(50, drawing.y, "9.", 9)
    drawing.pdf.text(63, drawing.y, "LORIN, Bo", 9)
    drawing.pdf.text(340, drawing.y, "29.07", 9)  # not where times stand
    reading = read_sheet(drawing.save(tmp_path / "sheet.pdf")).reading
    assert reading
    assert (reading["confidence"], [line["text"] for line in reading["unread_lines"]]) == (
        "check",
        ["9. LORIN, Bo 29.07"],
    )


def test_long_names_and_clubs_run_over_the_next_cells(tmp_path: Path) -> None:
    drawing = _drawing()
    people = [
        Truth("BREMLI DE LA TORMA VAN DER HULM, Torvin P.", "C.N. Puerto", "11", 1, "1:03.10"),
        Truth("BREMLI, Ros", 'SDUSHOR "Volna" po vodnym vidam sporta goroda Nizhny Torvinsk N 141', "10", 2, "1:04.83"),
        Truth("LORIN, Bo", "Bay SC", "09", 3, "1:05.20"),
    ]
    for person in people:
        drawing.row(person)
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))


def test_classes_of_para_swimmers_are_no_part_of_name_or_club(tmp_path: Path) -> None:
    drawing = _drawing()
    for place, mark in enumerate(("S6", "SB14", "S9"), 1):
        drawing.row(Truth(f"BREMLI, R{chr(96 + place)}", "Bay SC", "05", place, f"2{place}.07"))
        drawing.pdf.text(214, drawing.y - 12, mark, 9)
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))


def test_row_with_a_mark_that_is_not_known_is_not_lost(tmp_path: Path) -> None:
    drawing = _drawing()
    drawing.row(Truth("BREMLI, Ros", "Bay SC", "05", 1, "26.07"))
    drawing.row(Truth("LORIN, Bo", "Bay SC", "06", None, None, "NT", note="Zork"), printed="Zork")
    drawing.row(Truth("ABBERY, Jo", "Bay SC", "07", None, "27.07", note="Zork"), printed="Zork")
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))


def test_swimmers_below_a_team_that_was_not_read_are_reported(tmp_path: Path) -> None:
    drawing = SplashSheet(LANGUAGES["english"], random.Random(3), Table(), relay=True).page()
    drawing.start("4", "Women, 4 x 50m Freestyle", "Open", "Results")
    drawing.row(Truth("Bay SC", "Bay SC", None, 1, "1:46.07", kind="relay"), said="Bay SC")
    for leg in "abcdefgh":
        drawing.below(f"BREMLI, R{leg}", "05", "26.50")
    reading = read_sheet(drawing.save(tmp_path / "sheet.pdf")).reading
    assert reading
    assert (reading["confidence"], reading["unread"]) == ("low", 4)


def test_splits_with_a_reaction_time_and_laps_in_brackets(tmp_path: Path) -> None:
    drawing = _drawing()
    drawing.row(Truth("BREMLI, Ros", "Bay SC", "05", 1, "1:46.07", splits=("24.10", "50.20")))
    drawing.below("RT: +0,72", "50m: 24.10 (24.10)", "100m: 50.20 (26.10)")
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))


_PIECES = (
    "1. 12. 1.Abc 1.15 DSQ DSQda EXH DNS n.a. Müller, Max 05 2005 27.11.2005 МС GER SC Köln 1:02.34 26.07 +0,80"
    " №141:04.83 Q - 612 19,00 50m: 100m: 50m Event 1 1, Women, Freestyle 4 x 100m Rank YB Club Time Pts FINA R.T. /"
    " Results Startlist Final Open Heat of 6 ( . a SW 7.6 МестоФамилия Ptos.Ptos. абв12 11P. 05.07.2025 15 İß ﬀ"
).split()
_TITLES = (
    "Event 1 Women, 50m Free",
    "Event 2, Men, 4 x 50m Free, Final, Open",
    "02.07.2025 - 10:00 Results",
    "Rank YB Time",
)
_LINES = st.one_of(st.sampled_from(_TITLES).map(str.split), st.lists(st.sampled_from(_PIECES), min_size=1, max_size=9))


@settings(max_examples=200)
@given(
    lines=st.lists(_LINES, min_size=1, max_size=25), gaps=st.lists(st.sampled_from((-4, 0, 2, 2, 9, 40)), min_size=3)
)
def test_no_line_of_a_stranger_stops_the_reader(lines: list[list[str]], gaps: list[int]) -> None:
    words: list[Word] = []
    for row, texts in enumerate(lines):
        x = (43.0, 50.0, 63.0)[row % 3]
        for index, text in enumerate(texts):
            words.append(Word(text, x, x + 5 * len(text), 800 - 12 * row, 9, len(words)))
            x += 5 * len(text) + gaps[(row + index) % len(gaps)]
    pages = Pages([Page(1, words)])
    assert 0 <= splash.recognise(pages) <= 1
    assert all(swim.name and swim.event and swim.box for swim in splash.read(pages).swims)


@pytest.mark.parametrize("headed", ["place year time", ""], ids=["head without club", "no head"])
def test_tables_of_two_meets_in_one_file_have_columns_of_their_own(tmp_path: Path, headed: str) -> None:
    drawing = SplashSheet(LANGUAGES["english"], random.Random(3), Table()).page()
    narrow = Table(place=68, name=76, year=249, club=275, time=433, mark=436, headed=headed)
    for number, table in enumerate((drawing.table, narrow), 1):
        drawing.table = table
        drawing.start(str(number), "Women, 50m Freestyle", "", "Results")
        for place in range(1, 6):
            drawing.row(Truth(f"BREMLI, R{chr(96 + place)}", "TV 1848 Lindau", f"{place:02}", place, f"2{place}.07"))
        drawing.page()
    assert _same(drawing.truths, Path(drawing.save(tmp_path / "sheet.pdf")))
