"""How sure a reading is: each warning, the thresholds, and that lost rows never go without a word."""

from __future__ import annotations

import random
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.extractions.pdf.page import Line, PageLines, Word
from app.extractions.reading import Reading
from app.extractions.reading_report import looks_like_result, report_on
from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.maestro_sheets import random_maestro

_LOST = "12. Brink, Tessa 2009 SV Nord 1:01.22"


def _line(text: str, meaning: str = "") -> Line:
    words = [Word(word, 10.0 * index, 10.0 * index + 8, 700.0, 8.0, index) for index, word in enumerate(text.split())]
    return Line(words, 0.0, text, meaning)


def _swim(place: int | None, **other: Any) -> Swim:
    name = other.pop("name", f"Brink, {'abcdefghij'[(place or 0) % 10] * (1 + (place or 0) // 10)}")
    facts: dict[str, Any] = {"kind": "individual", "event_number": "1", "event": "Women 50 Free", "round": "final"}
    facts |= {"time": "30.00", "team": "SV Nord", "age": "12", "page": 1} | other
    if place is None and "status" not in other:
        facts |= {"time": None, "status": "DQ"}
    return Swim(name=name, place=place, **facts)


def _places(*places: int, **other: Any) -> list[Swim]:
    return [
        _swim(place, name=f"Brink, {chr(97 + index % 26) * (1 + index // 26)}", **other)
        for index, place in enumerate(places)
    ]


def _report(swims: list[Swim], *lines: Line, layout: str = "hytek") -> Reading:
    sheet = Sheet(None, None, None, layout, 1, swims, lines=[PageLines(1, [], list(lines))])
    return report_on(sheet)


def _codes(reading: Reading) -> dict[str, int]:
    codes: dict[str, int] = {}
    for warning in reading["warnings"]:
        codes[warning["code"]] = codes.get(warning["code"], 0) + warning["count"]
    return codes


def test_rows_without_any_doubt_are_high() -> None:
    reading = _report(_places(1, 2, 3), _line("1. Brink, a 30.00", "row"), _line("Saturday"))
    assert (reading["confidence"], reading["rows"], reading["unread"]) == ("high", 3, 0)
    assert (reading["warnings"], reading["pages_to_check"], reading["pages_high"]) == ([], [], 1)


@pytest.mark.parametrize(
    ("code", "swims", "lines"),
    [
        ("LINES_NOT_READ", [], [_LOST]),
        ("HEADINGS_NOT_READ", [], ["Prueba 12 Masc., 50m Mariposa"]),
        ("ROWS_WITHOUT_TEAM", [_swim(6, team=None)], []),
        ("ROWS_WITHOUT_EVENT", [_swim(1, event="", event_number=None)], []),
        ("ODD_NAMES", [_swim(6, name="Brink 12, Tessa")], []),
        ("ODD_NAMES", [_swim(6, name="sv nord")], []),
        ("LEGEND_AS_NAME", [_swim(6, name="DNS Did Not Start")], []),
        ("PLACES_MISSING", [_swim(7)], []),
        ("ROWS_TWICE", [replace(swim) for swim in _places(1, 2, 3, 4, 5)[:1]], []),
    ],
)
def test_each_warning_lowers_the_confidence(code: str, swims: list[Swim], lines: list[str]) -> None:
    reading = _report([*_places(1, 2, 3, 4, 5), *swims], *map(_line, lines))
    assert _codes(reading) == {code: 1}
    assert reading["confidence"] == "check"
    assert [(page["page"], page["confidence"]) for page in reading["pages_to_check"]] == [(1, "check")]
    assert all(warning["message"] and warning["page"] == 1 for warning in reading["warnings"])


@pytest.mark.parametrize(
    ("code", "swims"),
    [
        ("ROWS_WITHOUT_AGE", [_swim(6, age=None)]),
        ("RELAYS_WITHOUT_LEGS", [_swim(6, kind="relay_leg", leg=1), _swim(7, kind="relay", name="SV Nord")]),
    ],
)
def test_some_warnings_only_inform(code: str, swims: list[Swim]) -> None:
    reading = _report([*_places(1, 2, 3, 4, 5), *swims])
    assert (_codes(reading), reading["confidence"]) == ({code: 1}, "high")


@pytest.mark.parametrize(
    ("read", "lost", "confidence"),
    [(98, 2, "high"), (97, 2, "check"), (80, 20, "check"), (79, 20, "low"), (0, 3, "low")],
)
def test_two_and_twenty_percent(read: int, lost: int, confidence: str) -> None:
    reading = _report(_places(*range(1, read + 1)), *[_line(_LOST)] * lost)
    assert (reading["confidence"], reading["rows"], reading["unread"]) == (confidence, read, lost)


def test_one_bad_page_is_seen_among_many_good_ones() -> None:
    swims = [swim for page in range(1, 10) for swim in _places(*range(1, 50), page=page, event_number=str(page))]
    lines = [PageLines(page, [], [_line(_LOST)] * (40 if page == 4 else 0)) for page in range(1, 10)]
    reading = report_on(Sheet(None, None, None, "hytek", 9, swims, lines=lines))
    assert (reading["confidence"], reading["pages_high"]) == ("check", 8)
    assert [(page["page"], page["rows"], page["unread"]) for page in reading["pages_to_check"]] == [(4, 49, 40)]
    assert reading["unread_lines"][0] == {"page": 4, "text": _LOST}


@pytest.mark.parametrize(
    "swims",
    [
        _places(1, 1, 3, 4),
        _places(1, 2, 2, 2, 5),
        _places(1, 2, 2, 3),
        _places(8, 9, 10),
        _places(1, 2, 3, 1, 2),
        [*_places(*range(1, 9), section="A - Final"), *_places(*range(9, 17), section="B - Final")],
        [*_places(*range(1, 9), section="A - Final"), *_places(*range(1, 9), section="B - Final")],
        [*_places(1, 2), _swim(None), _swim(3), *_places(1, 2, event_number="2")],
        [_swim(1, kind="relay_leg", leg=leg, name=name) for leg, name in enumerate(("Li, A", "Li, B", "Li, C"), 1)],
        [*_places(1, 2, 3), *_places(4, 5, round="prelim")],
        [*_places(15, 16), *_places(17, 18, round="prelim")],
    ],
    ids=(
        "tie for first|tie of three|dense|excerpt|anew at 1|B behind A|B anew|no place|legs"
        "|preliminaries below finals|preliminaries below an excerpt"
    ).split("|"),
)
def test_places_that_are_in_order(swims: list[Swim]) -> None:
    renamed = [
        swim if swim.kind == "relay_leg" else replace(swim, name=f"{swim.name} {chr(97 + index)}")
        for index, swim in enumerate(swims)
    ]
    assert _codes(_report(renamed)) == {}


@pytest.mark.parametrize(
    ("swims", "missing"),
    [
        (_places(1, 2, 4), 1),
        (_places(1, 2, 2, 6), 2),
        (_places(1, 2, 3, 2, 3), 1),
        ([*_places(1, 2), *_places(3, 4, event_number="2")], 2),
        ([*_places(1, 2, 3), *_places(1, 2, 3, 5, round="prelim")], 1),
        ([*_places(1, 2), _swim(6, name="Lind, Ada", round="prelim")], 3),
    ],
    ids=["one", "behind a tie", "no winner", "start of an event", "complete preliminaries", "more than the finalists"],
)
def test_places_that_are_missing(swims: list[Swim], missing: int) -> None:
    assert _codes(_report(swims)) == {"PLACES_MISSING": missing}


def test_list_of_one_clubs_results_has_no_places_missing() -> None:
    places = {"1": (3, 17), "2": (9,), "3": (1, 2), "4": (5, 25)}
    own = [swim for number, found in places.items() for swim in _places(*found, event_number=number)]
    assert _codes(_report(own)) == {}
    assert _codes(_report([*own, _swim(3, event_number="3", team="SC Delphin")])) == {"PLACES_MISSING": 8 + 23 + 13}


def test_para_classes_and_people_called_legend_are_no_odd_names() -> None:
    names = ["Brink, Tessa S6", "Lind, Ada E S3 SB4 SM4", "Legend, Jon", "O'Scratch, Al"]
    assert _codes(_report([_swim(place, name=name) for place, name in enumerate(names, 1)])) == {}


@pytest.mark.parametrize(
    "text",
    [
        "1 Brink, Tessa 12 SV Nord 30.11",
        "*13 Brink, Tessa SV Nord 6:39,75",
        "--- Brink, Tessa 12 SV Nord DQ",
        "DNS BRINK Tessa GER",
        "23 2 7 BRINK Tessa 283 LBN 0.71 4:02.64 18.81",
        "33.Brink Tessa 2009 1:04,83",
        "DSQBrink Tessa 09 SV Nord141:04.83",
        "— Brink, Tessa NS",
    ],
)
def test_lines_that_look_like_results(text: str) -> None:
    assert looks_like_result(_line(text))


@pytest.mark.parametrize(
    "text",
    [
        "1. Brink, Tessa 2009 SV Nord 197",
        "50m: 28.02 100m: 58.11",
        "28.02 58.11 (30.09)",
        "1 BRINK",
        "Heat 1 of 6, 10:00",
        "World record 23.61 Brink Tessa",
        "1) Brink, Tessa 12 2) Lind, Ada 13",
        "3 5 12.10 13.10",
        "DNS Did Not Start",
        "DQ 1:49.36 (29.40)",
    ],
)
def test_lines_that_do_not(text: str) -> None:
    assert not looks_like_result(_line(text))


def test_unknown_and_empty_readings_are_never_high() -> None:
    assert _report([], layout="unknown")["confidence"] == "low"
    assert _report([], _line("Results"))["confidence"] == "check"
    assert _report([], _line("1. SV Nord 197", "ranking"))["confidence"] == "high"
    assert report_on(Sheet(None, None, None, "start_list", 1))["confidence"] == "high"


@given(rows=st.integers(5, 90), data=st.data())
def test_a_reading_that_lost_rows_is_never_high(rows: int, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(1, rows), min_size=rows // 50 + 1, max_size=rows))
    swims = [swim for swim in _places(*range(1, rows + 1)) if swim.place not in lost]
    unread = [_line(f"{place} Brink, Tessa 12 SV Nord 30.11") for place in lost]
    assert _report(swims, *unread)["confidence"] != "high"
    last = max((swim.place or 0 for swim in swims), default=0)
    inside = sum(place < last for place in lost)
    first = min((swim.place or 0 for swim in swims), default=1) - 1  # what may have been left out of an excerpt
    assert _codes(_report(swims)).get("PLACES_MISSING", 0) == inside - first


def test_a_printed_place_that_was_not_read_is_a_doubt() -> None:
    line = _line("3 1 4 Brink, a 30.00", "row")
    swim = replace(_swim(None, status="OK", time="30.00"), box=line.box)
    assert _codes(_report([swim], line)) == {"PLACES_NOT_READ": 1}
    for other in ({"place": 3}, {"exhibition": True}, {"status": "DQ", "time": None}):
        assert _codes(_report([replace(swim, **other)], line)).get("PLACES_NOT_READ") is None
    assert _codes(_report([swim], _line("--- Brink, a 30.00", "row"))) == {}


def test_pages_that_are_left_out_of_a_file_are_no_gap_but_rows_in_the_middle_of_one_are() -> None:
    before, other = _places(1, 2, 3), {"event_number": "9", "page": 2}
    assert _codes(_report([*before, *_places(8, 9, 10, **other)])) == {}
    assert _codes(_report([*before, _swim(4, page=2), *_places(8, 9, 10, **other)])) == {"PLACES_MISSING": 7}
    assert _codes(_report([*before, *_places(8, 9, 10, page=2)])) == {"PLACES_MISSING": 4}


def test_lost_lines_of_a_drawn_sheet_are_all_reported(tmp_path: Path) -> None:
    random_maestro(random.Random(3), tmp_path / "sheet.pdf")
    sheet = read_sheet(str(tmp_path / "sheet.pdf"))
    rows = [line for page in sheet.lines for line in page.lines if line.meaning == "row" and looks_like_result(line)]
    assert rows
    for line in rows:
        line.meaning = ""
    reading = report_on(sheet)
    assert reading["unread"] == len(rows)
    assert reading["confidence"] == "low"


def test_cost_grows_with_the_sheet() -> None:
    def cost(rows: int) -> float:
        swims = [
            swim for page in range(rows // 50) for swim in _places(*range(1, 51), page=page, event_number=str(page))
        ]
        sheet = Sheet(None, None, None, "hytek", 1, swims, lines=[PageLines(1, [], [_line(_LOST)] * rows)])
        began = time.process_time()
        report_on(sheet)
        return time.process_time() - began

    small, large = (min(cost(rows) for _ in range(3)) for rows in (2500, 10_000))
    assert large < 10 * small
