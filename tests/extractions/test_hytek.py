"""Result reports in one column: rows, rounds, marks, states."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from app.extractions.swims import Sheet, Swim
from tests.extractions.sheets import ONE_COLUMN, Drawing


def _read(drawing: Drawing, tmp_path: Path) -> Sheet:
    return read_sheet(drawing.save(tmp_path / "sheet.pdf"))


def _only(sheet: Sheet) -> Swim:
    assert len(sheet.swims) == 1
    return sheet.swims[0]


def _event(title: str = "Event 12 Women 200 Yard IM") -> Drawing:
    return Drawing().page().line(title)


def test_row_fills_every_field(tmp_path: Path) -> None:
    drawing = _event().cells("1:54.31 A", start=100).cells("1:59.94 B", start=100).headers()
    drawing.row(
        "3", "King, Lilly A", "JR", "Indiana University", seed="2:00.10", final="1:59.46", mark="B", points="13.50"
    )
    drawing.cells("r:+0.70", "27.62", "59.46 (31.84)", "1:30.02 (30.56)", "1:59.46 (29.44)", step=60)
    sheet = _read(drawing, tmp_path)
    assert (sheet.meet, sheet.dates, sheet.course) == ("Lakeside Invitational", "11/13/2026 to 11/15/2026", "SCY")
    assert (sheet.layout, sheet.pages, sheet.reason) == ("hytek", 1, None)
    assert _only(sheet) == Swim(
        name="King, Lilly A",
        kind="individual",
        event_number="12",
        event="Women 200 Yard IM",
        round="final",
        place=3,
        time="1:59.46",
        status="OK",
        seed_or_prelim="2:00.10",
        points="13.50",
        exhibition=False,
        team="Indiana University",
        relay=None,
        leg=None,
        page=1,
        note=None,
        standard="B",
        age="JR",
        section=None,
        splits=["27.62", "59.46", "1:30.02", "1:59.46"],
    )


def test_prelims_and_finals_are_two_rounds(tmp_path: Path) -> None:
    drawing = _event().headers(prelims=True).line("A - Final", indent=200)
    drawing.row("1", "King, Lilly", "JR", "Indiana", seed="1:57.00", final="1:55.00", mark="A", points="20")
    drawing.line("B - Final", indent=200)
    drawing.row("9", "Lee, Ann", "SO", "Iowa", seed="1:58.00", final="1:57.50", points="9")
    drawing.line("Preliminaries", indent=200).headers(final="Prelim Time")
    drawing.row("1", "Lee, Ann", "SO", "Iowa", seed="1:59.00", final="1:58.00", mark="q")
    drawing.row("2", "King, Lilly", "JR", "Indiana", seed="1:56.00", final="1:57.00q")
    drawing.row("30", "Roe, Jane", "FR", "Purdue", seed="NT", final="2:08.00")
    swims = _read(drawing, tmp_path).swims
    assert [(s.name, s.round, s.section, s.place, s.time, s.seed_or_prelim, s.standard) for s in swims] == [
        ("King, Lilly", "final", "A - Final", 1, "1:55.00", "1:57.00", "A"),
        ("Lee, Ann", "final", "B - Final", 9, "1:57.50", "1:58.00", None),
        ("Lee, Ann", "prelim", "Preliminaries", 1, "1:58.00", "1:59.00", None),
        ("King, Lilly", "prelim", "Preliminaries", 2, "1:57.00", "1:56.00", None),
        ("Roe, Jane", "prelim", "Preliminaries", 30, "2:08.00", "NT", None),
    ]


def test_prelim_swim_printed_in_ranking_and_prelims_counts_once(tmp_path: Path) -> None:
    drawing = _event().headers(prelims=True)
    drawing.row("1", "King, Lilly", "JR", "Indiana", seed="1:57.00", final="1:55.00", points="20")
    drawing.row("25", "Roe, Jane", "FR", "Purdue", seed="2:08.00")
    drawing.line("Preliminaries", indent=200).headers(final="Prelim Time")
    drawing.row("25", "Roe, Jane", "FR", "Purdue", seed="2:07.00", final="2:08.00")
    swims = _read(drawing, tmp_path).swims
    assert [(s.name, s.round, s.place, s.time) for s in swims] == [
        ("King, Lilly", "final", 1, "1:55.00"),
        ("Roe, Jane", "prelim", 25, "2:08.00"),
    ]


def test_section_and_event_go_on_after_a_page_break(tmp_path: Path) -> None:
    drawing = _event().headers(prelims=True).line("B - Final", indent=200)
    drawing.row("9", "Lee, Ann", "SO", "Iowa", seed="1:58.00", final="DQ")
    drawing.page().line("B - Final ... (Event 12 Women 200 Yard IM)", indent=120).headers(prelims=True)
    drawing.line("Shoulders past vertical toward breast - back", indent=40)
    drawing.row("10", "Roe, Jane", "FR", "Purdue", seed="1:59.00", final="1:58.50", points="7")
    first, second = _read(drawing, tmp_path).swims
    assert (first.status, first.page, first.note) == ("DQ", 1, "Shoulders past vertical toward breast - back")
    assert (second.event_number, second.section, second.page) == ("12", "B - Final", 2)


def test_next_section_can_start_with_a_page(tmp_path: Path) -> None:
    drawing = _event().headers(prelims=True).line("A - Final", indent=200)
    drawing.row("8", "Lee, Ann", "SO", "Iowa", seed="1:58.00", final="1:58.10")
    drawing.page().line("B - Final ... (Event 12 Women 200 Yard IM)", indent=120).headers(prelims=True)
    drawing.row("9", "Roe, Jane", "FR", "Purdue", seed="1:59.00", final="1:58.50")
    assert [swim.section for swim in _read(drawing, tmp_path).swims] == ["A - Final", "B - Final"]


def test_times_may_stand_right_of_their_head(tmp_path: Path) -> None:
    drawing = _event()
    measures = drawing.measures
    drawing.measures = replace(measures, final=measures.final - 45, seed=measures.seed - 45)
    drawing.headers(points=False)
    drawing.measures = measures
    drawing.row("1", "King, Lilly", "21", "Indiana", seed="1:58.00", final="1:57.00", points="20")
    drawing.row("---", "Lee, Ann", "20", "Iowa", seed="1:58.00", final="NS")
    swims = _read(drawing, tmp_path).swims
    assert [(s.time, s.status, s.seed_or_prelim, s.points) for s in swims] == [
        ("1:57.00", "OK", "1:58.00", "20"),
        (None, "NS", "1:58.00", None),
    ]


def test_swim_off_may_be_an_event_of_its_own(tmp_path: Path) -> None:
    drawing = (
        _event("Event 901 Women 100 Yard Backstroke Swim-off")
        .headers()
        .row("1", "King, Lilly", "JR", "Iowa", final="57.00")
    )
    assert _only(_read(drawing, tmp_path)).round == "swim_off"


def test_number_of_a_member_stands_before_the_name_with_and_without_a_place(tmp_path: Path) -> None:
    drawing = Drawing(replace(ONE_COLUMN, id=30, name=78, age=210, team=216)).page()
    drawing.line("Event 3 Girls 14 Year Olds 100 SC Meter Backstroke").headers()
    drawing.row("12", "Ryan, G", "14", "Area 51 SC", seed="1:08.00", final="1:07.00", id="1234567")
    drawing.row("", "Roe, A J", "14", "Co Leeds", seed="1:08.00", final="NS", id="1234")
    found = [(s.place, s.name, s.age, s.team, s.time, s.status) for s in _read(drawing, tmp_path).swims]
    assert found == [
        (12, "Ryan, G", "14", "Area 51 SC", "1:07.00", "OK"),
        (None, "Roe, A J", "14", "Co Leeds", None, "NS"),
    ]


def test_columns_of_the_host_do_not_hide_the_table(tmp_path: Path) -> None:
    drawing = _event("Event 7 Mixed 15 & Over 100 LC Meter Freestyle Multi-Class").cells(
        "MC", "Class", start=480, step=24
    )
    drawing.y -= 1.25 * drawing.measures.size
    drawing.headers(points=False).row("1", "Smith, Leanne E S3", "30", "Kauri", seed="1:40.00", final="1:39.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.name, swim.time, swim.seed_or_prelim) == ("Smith, Leanne E S3", "1:39.00", "1:40.00")


def test_swim_off_and_semifinal_are_rounds_of_their_own(tmp_path: Path) -> None:
    drawing = _event().headers().line("Swim-off", indent=200)
    drawing.row("1", "King, Lilly", "JR", "Indiana", final="1:57.00")
    drawing.line("Semi-Finals", indent=200)
    drawing.row("1", "Lee, Ann", "JR", "Indiana", final="1:58.00")
    assert [swim.round for swim in _read(drawing, tmp_path).swims] == ["swim_off", "semifinal"]


@pytest.mark.parametrize(
    ("printed", "time", "exhibition", "note"),
    [
        ("x1:51.39", "1:51.39", True, None),
        ("X58.20", "58.20", True, None),
        ("J142.65", "142.65", False, "printed J142.65"),
        ("59.10@", "59.10", False, None),
        ("9:50.81", "9:50.81", False, None),
        ("1:02:03.45", "1:02:03.45", False, None),
    ],
)
def test_marks_before_and_after_a_time(
    tmp_path: Path, printed: str, time: str, exhibition: bool, note: str | None
) -> None:
    drawing = _event().headers().row("4", "King, Lilly", "21", "Indiana", seed="NT", final=printed)
    swim = _only(_read(drawing, tmp_path))
    assert (swim.time, swim.exhibition, swim.note, swim.standard) == (time, exhibition, note, None)


@pytest.mark.parametrize("state", ["NS", "SCR", "DQ", "DFS", "DNF"])
def test_state_takes_the_place_of_the_time(tmp_path: Path, state: str) -> None:
    drawing = _event().headers().row("---", "King, Lilly", "21", "Indiana", seed="1:58.00", final=state)
    swim = _only(_read(drawing, tmp_path))
    assert (swim.status, swim.time, swim.place, swim.seed_or_prelim) == (state, None, None, "1:58.00")


def test_time_beside_dq_and_reason_make_the_note(tmp_path: Path) -> None:
    drawing = _event().headers().row("---", "King, Lilly", "21", "Indiana", seed="1:58.00", final="DQ 1:59.34")
    drawing.line("Alternating kick", indent=40).cells("28.00", "31.00", "30.00", "30.34")
    drawing.row("---", "Lee, Ann", "20", "Iowa", seed="1:58.00", final="NS")
    first, second = _read(drawing, tmp_path).swims
    assert (first.status, first.time, first.seed_or_prelim) == ("DQ", None, "1:58.00")
    assert first.note == "Alternating kick; DQ 1:59.34"
    assert first.splits == ["28.00", "31.00", "30.00", "30.34"]
    assert second.note is None


def test_declared_false_start_without_any_time_is_kept(tmp_path: Path) -> None:
    drawing = _event().headers().row("---", "King, Lilly", "JR", "Indiana").line("Declared false start", indent=40)
    swim = _only(_read(drawing, tmp_path))
    assert (swim.status, swim.time, swim.note) == ("DFS", None, "Declared false start")


def test_tie_and_points_in_pieces(tmp_path: Path) -> None:
    drawing = _event().headers()
    drawing.row("*13", "King, Lilly", "JR", "Indiana", seed="1:58.00", final="1:57.00", points="13 . 50")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.place, swim.points) == (13, "13.50")


def test_fina_points_are_not_the_points_of_the_meet(tmp_path: Path) -> None:
    drawing = _event("Event 3 Women 100 LC Meter Freestyle").headers(points=False)
    drawing.y -= 1.25 * drawing.measures.size
    drawing.cells("FINA", "Points", start=480, step=40)
    drawing.row("1", "King, Lilly", "21", "Indiana", seed="58.00", final="57.00", points="20")
    drawing.y -= 1.25 * drawing.measures.size
    drawing.cells("712", start=482)
    sheet = _read(drawing, tmp_path)
    assert (_only(sheet).points, sheet.course) == ("20", "LCM")


def test_qualifiers_with_a_standard_or_with_points(tmp_path: Path) -> None:
    drawing = _event("Event 101 Boys 13-14 200 LC Meter IM").cells("2:47.17 13-14 MTS MTS", start=100)
    drawing.headers(final="Prelim Time", points=False).line("Preliminaries", indent=200)
    drawing.row("1", "WU, Dylan Jiaxu", "14", "Pacific Swimming Club", seed="2:19.50", final="2:18.62", mark="qMTS")
    drawing.row("*2", "Low, Nigel", "14", "Chinese Swimming Club S'Pore", seed="2:22.87", final="2:20.09", mark="q430")
    drawing.row("*2", "Tan, Yi", "14", "Aquatech", seed="2:23.00", final="2:20.09", mark="qA")
    swims = _read(drawing, tmp_path).swims
    assert [(s.round, s.place, s.time, s.standard, s.points) for s in swims] == [
        ("prelim", 1, "2:18.62", "MTS", None),
        ("prelim", 2, "2:20.09", None, "430"),
        ("prelim", 2, "2:20.09", None, None),
    ]


def test_exhibition_can_be_disqualified(tmp_path: Path) -> None:
    drawing = _event().headers().row("---", "Xu, Ruiqi", "8", "Swimfast", seed="NT", final="XDQ")
    drawing.line("SW 7.4c Hands brought back beyond the hip line during stroke - breast", indent=40)
    swim = _only(_read(drawing, tmp_path))
    assert (swim.status, swim.exhibition) == ("DQ", True)
    assert swim.note == "SW 7.4c Hands brought back beyond the hip line during stroke - breast"


def test_report_without_ages_keeps_numbers_in_the_club(tmp_path: Path) -> None:
    drawing = _event().line("Name", indent=30)
    drawing.y -= 1.25 * drawing.measures.size
    drawing.cells("Team", start=192)
    drawing.y -= 1.25 * drawing.measures.size
    drawing.cells("Seed Time", start=335)
    drawing.y -= 1.25 * drawing.measures.size
    drawing.cells("Finals Time", start=412)
    drawing.row("1", "Ona, Kate", "", "Seven 7 Pirates Team", seed="1:58.00", final="1:57.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.name, swim.age, swim.team) == ("Ona, Kate", None, "Seven 7 Pirates Team")


def test_missing_age_leaves_name_and_team_apart(tmp_path: Path) -> None:
    drawing = _event("Event 15 Women 1 mtr Diving").headers(seeds=False, final="Finals Score", points=False)
    drawing.row("8", "Agundez Mora, Jesus", "", "University of Florida", final="369.38", points="11")
    drawing.row("9", "Doe, Jim", "SO", "Texas, University of", final="NP   311.15")
    first, second = _read(drawing, tmp_path).swims
    assert (first.name, first.age, first.team) == ("Agundez Mora, Jesus", None, "University of Florida")
    assert (first.time, first.points, first.seed_or_prelim) == ("369.38", "11", None)
    assert (second.team, second.time, second.seed_or_prelim) == ("Texas, University of", "311.15", "NP")


def test_name_longer_than_its_cell_keeps_all_its_words(tmp_path: Path) -> None:
    name = "Papadopoulou-Konstantinidou, Anastasia Maria E"
    drawing = _event().headers().row("1", name, "SO", "Texas", seed="NT", final="1:57.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.name, swim.age, swim.team) == (name, "SO", "Texas")


@pytest.mark.parametrize(
    ("name", "age", "team"),
    [
        ("Whittall, Anthony", "FR", "SCAR-SC"),
        ("Whittall, Anthony G", "SO", "SCAR-SC"),
        ("Whittall, Anthony", "21", "SCAR-SC"),
        ("Whittall, Anthony", "SR", "South Carolina"),
    ],
)
def test_cells_that_touch_come_apart(tmp_path: Path, name: str, age: str, team: str) -> None:
    drawing = _event().headers(points=False).touching_row("1", name, age, team, final="1:57.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.name, swim.age, swim.team, swim.time) == (name, age, team, "1:57.00")


@pytest.mark.parametrize(
    "team", ["Swimming New South Wales-NS", "Club NS Halifax", "Halifax NS", "Area 51 SC", "Team 4"]
)
def test_club_that_looks_like_a_result(tmp_path: Path, team: str) -> None:
    drawing = _event().headers().row("2", "King, Lilly", "21", team, seed="1:58.00", final="1:57.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.team, swim.status, swim.time, swim.seed_or_prelim) == (team, "OK", "1:57.00", "1:58.00")


def test_masters_events_have_no_number_and_may_have_no_heads(tmp_path: Path) -> None:
    drawing = _event("Women 25-29 50 Yard Freestyle").headers(points=False)
    drawing.row("1", "Schmidt, Rachel", "25", "Rochester Area Masters Swimmin-4", seed="27.71", final="28.26")
    drawing.line("Women 30-34 50 Yard Freestyle")
    drawing.row("1", "Fien, Leah", "31", "Fairport Area Swim Team Master-4", seed="29.82", final="30.05")
    drawing.page().line("(Women 30-34 50 Yard Freestyle)")
    drawing.row("2", "Brown, Molly", "33", "Binghamton Univ Masters-4", seed="NT", final="31.00")
    swims = _read(drawing, tmp_path).swims
    assert [(s.event_number, s.event, s.name, s.page) for s in swims] == [
        (None, "Women 25-29 50 Yard Freestyle", "Schmidt, Rachel", 1),
        (None, "Women 30-34 50 Yard Freestyle", "Fien, Leah", 1),
        (None, "Women 30-34 50 Yard Freestyle", "Brown, Molly", 2),
    ]


@pytest.mark.parametrize(
    ("title", "number", "event"),
    [
        ("Event 12A Girls 8 & Under 25 Yard Freestyle", "12A", "Girls 8 & Under 25 Yard Freestyle"),
        ("#5 Boys 13 Year Olds 200 SC Meter Free", "5", "Boys 13 Year Olds 200 SC Meter Free"),
        (
            "Event 101 Mixed 15 & Over 100 LC Meter IM Multi-Class S6",
            "101",
            "Mixed 15 & Over 100 LC Meter IM Multi-Class S6",
        ),
        ("Event 9 Women 100 Yard Freestyle Time Trial", "9", "Women 100 Yard Freestyle Time Trial"),
        ("Event 30 Men Platform Diving", "30", "Men Platform Diving"),
    ],
)
def test_forms_of_event_headings(tmp_path: Path, title: str, number: str, event: str) -> None:
    drawing = _event(title).headers().row("1", "King, Lilly", "21", "Indiana", seed="NT", final="57.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.event_number, swim.event) == (number, event)


def test_records_and_scores_are_no_swims(tmp_path: Path) -> None:
    drawing = (
        _event().line("MR: M 1:52.10 2/20/2024 Jane Doe, Texas").line("NCAA: N 1:48.37 3/16/2023 Kate Roe", indent=20)
    )
    drawing.line("Virginia", indent=120).cells("2:01.20 A NCAA Qualifying", start=100).headers()
    drawing.row("1", "King, Lilly", "21", "Indiana", seed="NT", final="1:51.00", mark="M")
    drawing.line("Women - Team Rankings - Through Event 12", indent=150)
    drawing.row("1", "Texas, University of", "", "", final="455.50").row("2", "Indiana", "", "", final="331.00")
    swim = _only(_read(drawing, tmp_path))
    assert (swim.time, swim.standard) == ("1:51.00", None)


@pytest.mark.parametrize(
    ("title", "meet", "dates"),
    [
        (("Winter Open - 19-Feb-20 to 22-Feb-20", "Results"), "Winter Open", "19-Feb-20 to 22-Feb-20"),
        (("Dual Meet", "Round 2 A vs B", "Results - Round 2"), "Dual Meet, Round 2 A vs B", "11/15/2026"),
        (("Spring Cup - 13/6/2026", "Sanction # 12-34", "Results"), "Spring Cup", "13/6/2026"),
        (("55th Juniors - 14 Mar 2025 to 16 Mar 2025", "Results"), "55th Juniors", "14 Mar 2025 to 16 Mar 2025"),
    ],
)
def test_meet_and_dates_from_the_page_head(tmp_path: Path, title: tuple[str, ...], meet: str, dates: str) -> None:
    drawing = Drawing(title=title).page().line("Event 1 Men 50 SC Meter Butterfly").headers()
    drawing.row("1", "Lee, Tom", "30", "Iowa", seed="NT", final="24.00")
    sheet = _read(drawing, tmp_path)
    assert (sheet.meet, sheet.dates, sheet.course) == (meet, dates, "SCM")


def test_pages_without_any_head_have_the_columns_of_every_report(tmp_path: Path) -> None:
    drawing = Drawing().page().line("(Event 7  Women 100 Yard Breaststroke)")
    drawing.row("4", "King, Lilly", "21", "Indiana University", seed="NT", final="59.46", points="15")
    (swim,) = _read(drawing, tmp_path).swims
    assert (swim.name, swim.age, swim.team) == ("King, Lilly", "21", "Indiana University")
    assert (swim.seed_or_prelim, swim.time, swim.points) == ("NT", "59.46", "15")


def test_a_list_of_entries_without_any_head_gives_no_swims(tmp_path: Path) -> None:
    drawing = Drawing(title=("Lakeside Invitational - 11/13/2026", "Meet Program")).page()
    drawing.line("Event 7  Women 100 Yard Breaststroke")
    drawing.row("4", "King, Lilly", "21", "Indiana University", seed="59.46")
    assert _read(drawing, tmp_path).swims == []


def test_a_blank_row_is_the_swim_of_its_twin_on_another_page(tmp_path: Path) -> None:
    drawing = _event("Event 7  Women 100 Yard Breaststroke").headers(seeds=False)
    drawing.line("Preliminaries").row("17", "Lee, Ann", "SO", "Purdue", final="1:02.10")
    drawing.row("---", "King, Lilly", "JR", "Indiana")
    drawing.page().line("Preliminaries ... (Event 7  Women 100 Yard Breaststroke)").headers()
    drawing.row("17", "Lee, Ann", "SO", "Purdue", seed="1:01.00", final="1:02.10")
    drawing.row("---", "King, Lilly", "JR", "Indiana", seed="1:00.00", final="DFS")
    swims = _read(drawing, tmp_path).swims
    assert [(s.name, s.status, s.seed_or_prelim, s.page) for s in swims] == [
        ("Lee, Ann", "OK", "1:01.00", 2),
        ("King, Lilly", "DFS", "1:00.00", 2),
    ]


def test_licence_on_a_line_of_its_own_is_not_the_name_of_the_meet(tmp_path: Path) -> None:
    title = ("Licensed to Nordhafen Swimming - Office Copy", "Halloween Meet - 10/26/2026 to 10/28/2026", "Results")
    drawing = Drawing(title=title).page().line("Event 1 Women 200 Yard IM").headers()
    sheet = read_sheet(drawing.row("1", "Brink, Ada", "21", "Nordhafen", final="2:07.00").save(tmp_path / "sheet.pdf"))
    assert (sheet.meet, sheet.dates) == ("Halloween Meet", "10/26/2026 to 10/28/2026")
