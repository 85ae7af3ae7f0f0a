"""Reports in two and three columns."""

from __future__ import annotations

from pathlib import Path

from app.extractions.sheet import read_sheet
from tests.extractions.sheets import THREE_COLUMNS, TWO_COLUMNS, Drawing


def test_two_columns_are_read_one_after_the_other(tmp_path: Path) -> None:
    drawing = Drawing(measures=TWO_COLUMNS).page()
    drawing.line("Event 3 Women 100 Yard Backstroke").headers(seeds=False, points=False)
    drawing.row("1", "Rothwell, Vivien E", "JR", "GTCH", final="54.00", points="16").cells("25.77", "28.23")
    drawing.row("2", "Wright, Phoebe", "SR", "GTCH", final="54.60", points="6").cells("26.54", "28.06")
    # The other column goes on with rows before its first heading, without a table header of its own.
    drawing.column(309.6)
    drawing.row("3", "Hart, Jenna K", "SO", "ARMY", final="55.50", points="5").cells("26.90", "28.60")
    drawing.row("---", "Lord, Avery J", "", "ARMY", final="SCR")
    drawing.line("Event 4 Men 100 Yard Backstroke").headers(seeds=False, points=False)
    drawing.row("1", "Crush, Johnny R", "SO", "ARMY", final="47.79", points="16").cells("22.77", "25.02")
    swims = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert [(s.event_number, s.place, s.name, s.age, s.team, s.time, s.status, s.points, s.splits) for s in swims] == [
        ("3", 1, "Rothwell, Vivien E", "JR", "GTCH", "54.00", "OK", "16", ["25.77", "28.23"]),
        ("3", 2, "Wright, Phoebe", "SR", "GTCH", "54.60", "OK", "6", ["26.54", "28.06"]),
        ("3", 3, "Hart, Jenna K", "SO", "ARMY", "55.50", "OK", "5", ["26.90", "28.60"]),
        ("3", None, "Lord, Avery J", None, "ARMY", None, "SCR", None, []),
        ("4", 1, "Crush, Johnny R", "SO", "ARMY", "47.79", "OK", "16", ["22.77", "25.02"]),
    ]


def test_page_whose_second_column_has_no_heading(tmp_path: Path) -> None:
    drawing = Drawing(measures=TWO_COLUMNS).page()
    drawing.line("Event 1 Women 50 Yard Freestyle").headers(points=False).row(
        "1", "Roe, Jane", "JR", "GTCH", final="22.66"
    )
    drawing.column(309.6).line("Event 2 Men 50 Yard Freestyle").headers(points=False)
    drawing.row("1", "Doe, John", "JR", "ARMY", final="19.79")
    drawing.page().line("(Event 2 Men 50 Yard Freestyle)").headers(points=False)
    for place in range(2, 8):
        drawing.row(str(place), f"Left, Number{'abcdefgh'[place]}", "SO", "ARMY", seed="NT", final=f"20.{place}0")
    drawing.column(309.6)
    for place in range(8, 12):
        drawing.row(
            str(place), f"Right, Number{'abcdefghijkl'[place]}", "SO", "GTCH", seed="20.00", final=f"21.{place:02}"
        )
    swims = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert [swim.place for swim in swims] == [1, 1, *range(2, 12)]
    assert {swim.event_number for swim in swims[1:]} == {"2"}
    assert [(s.name, s.time, s.seed_or_prelim) for s in swims[8:9]] == [("Right, Numberi", "21.08", "20.00")]


def test_three_columns_with_relay_swimmers_without_numbers(tmp_path: Path) -> None:
    drawing = Drawing(measures=THREE_COLUMNS).page()
    drawing.line("Event 1 Women 200 Yard Medley Relay").relay_headers(seeds=False)
    drawing.relay("1", "Indiana University", "A", final="1:39.00", points="32")
    drawing.cells("King, Lilly JR", "Lee, Ann SO", start=18, step=75).cells(
        "Roe, Jane FR", "Doe, Sue SR", start=18, step=75
    )
    drawing.cells("25.00", "27.00", "23.00", "24.00", start=18, step=35)
    drawing.column(212.0).line("Event 2 Women 500 Yard Freestyle").headers(seeds=False, points=False)
    drawing.row("1", "King, Lilly", "JR", "Indiana Uni", final="4:40.00", points="20")
    drawing.column(406.0).row("2", "Lee, Ann", "SO", "Indiana Uni", final="4:41.00", points="17")
    drawing.line("Event 3 Women 200 Yard IM").headers(seeds=False, points=False)
    drawing.row("1", "Roe, Jane", "FR", "Purdue", final="2:01.00", points="20")
    swims = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert [(s.event_number, s.leg, s.name, s.age, s.time) for s in swims] == [
        ("1", 1, "King, Lilly", "JR", "1:39.00"),
        ("1", 2, "Lee, Ann", "SO", "1:39.00"),
        ("1", 3, "Roe, Jane", "FR", "1:39.00"),
        ("1", 4, "Doe, Sue", "SR", "1:39.00"),
        ("2", None, "King, Lilly", "JR", "4:40.00"),
        ("2", None, "Lee, Ann", "SO", "4:41.00"),
        ("3", None, "Roe, Jane", "FR", "2:01.00"),
    ]


def test_text_that_runs_over_the_edge_stays_in_its_column(tmp_path: Path) -> None:
    drawing = Drawing(measures=TWO_COLUMNS).page().line("Event 1 Women 50 Yard Freestyle")
    drawing.line(
        "NCAA: N 20.37 3/16/2023 Maximiliana Longlastname-Evenlonger, University of Virginia Swimming Club"
    ).headers()
    drawing.row("1", "Roe, Jane", "JR", "GTCH", final="22.66")
    drawing.column(309.6).headers(points=False)
    drawing.row("2", "Doe, Sue", "JR", "ARMY", final="22.79").line("Event 2 Men 50 Yard Freestyle")
    drawing.row("1", "Doe, John", "JR", "ARMY", final="19.79")
    swims = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert [(s.event_number, s.name, s.time) for s in swims] == [
        ("1", "Roe, Jane", "22.66"),
        ("1", "Doe, Sue", "22.79"),
        ("2", "Doe, John", "19.79"),
    ]


def test_heading_in_the_middle_of_one_column_does_not_part_the_page(tmp_path: Path) -> None:
    drawing = (
        Drawing().page().line("Event 5 Women 100 Yard Backstroke").headers(prelims=True).line("A - Final", indent=270)
    )
    drawing.row("1", "King, Lilly", "JR", "Indiana", seed="53.00", final="52.00", points="20")
    drawing.page().line("(Event 5 Women 100 Yard Backstroke)", indent=260).headers(prelims=True)
    for place in range(2, 9):
        drawing.row(str(place), f"Lee, Ann{'abcdefghi'[place]}", "JR", "Iowa", seed="54.00", final=f"53.{place}0")
    swims = read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims
    assert [(swim.place, swim.seed_or_prelim) for swim in swims] == [(1, "53.00"), *((n, "54.00") for n in range(2, 9))]
