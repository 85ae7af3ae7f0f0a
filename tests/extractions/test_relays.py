"""Relay teams and their swimmers."""

from __future__ import annotations

from pathlib import Path

from app.extractions.sheet import read_sheet
from app.extractions.swims import Swim
from tests.extractions.sheets import Drawing


def _read(drawing: Drawing, tmp_path: Path) -> list[Swim]:
    return read_sheet(drawing.save(tmp_path / "sheet.pdf")).swims


def _event() -> Drawing:
    return Drawing().page().line("Event 1 Women 400 Yard Medley Relay").relay_headers()


def test_every_swimmer_carries_the_result_of_the_team(tmp_path: Path) -> None:
    drawing = _event().relay("1", "Indiana University", "A", seed="NT", final="3:36.59", mark="B", points="32")
    drawing.cells("1) Morgan Scott 18", "2) r:+0.14 Lilly King 21", start=40, step=130)
    drawing.cells("3) r:+0.00 Christie Jensen 22", "4) r:NRT Shelby Koontz 20", start=40, step=130)
    drawing.cells("26.77", "55.26 (55.26)", "1:22.20 (26.94)", "1:53.92 (58.66)", step=70)
    swims = _read(drawing, tmp_path)
    assert [(s.leg, s.name, s.age) for s in swims] == [
        (1, "Morgan Scott", "18"),
        (2, "Lilly King", "21"),
        (3, "Christie Jensen", "22"),
        (4, "Shelby Koontz", "20"),
    ]
    common = {(s.kind, s.team, s.relay, s.place, s.time, s.standard, s.points, s.seed_or_prelim) for s in swims}
    assert common == {("relay_leg", "Indiana University", "A", 1, "3:36.59", "B", "32", "NT")}
    assert swims[0].splits == ["26.77", "55.26", "1:22.20", "1:53.92"]


def test_age_that_runs_into_the_next_number(tmp_path: Path) -> None:
    drawing = _event().relay("2", "Indiana University", "A", seed="NT", final="1:20.33")
    drawing.line(
        "1) Zachary Apple 21 2) r:+0.21 Bruno Blasovic 20 3) r:+0.23 Samy Hassan 214) r:+0.34 Gabriel Fantoni 20", 40
    )
    assert [(s.name, s.age) for s in _read(drawing, tmp_path)] == [
        ("Zachary Apple", "21"),
        ("Bruno Blasovic", "20"),
        ("Samy Hassan", "21"),
        ("Gabriel Fantoni", "20"),
    ]


def test_swimmers_printed_over_each_other_keep_their_names(tmp_path: Path) -> None:
    drawing = _event().relay("2", "Indiana University", "A", seed="NT", final="1:20.33")
    drawing.cells("1) Lau, Wan Xuan Celine Maria W10", "2) r:0.33 Schlager, Leon Alexander M9", step=110)
    drawing.cells("3) Joshua, Kiara W10", "4) Lim, Zhe Quan M11", step=110)
    assert [(s.name, s.age) for s in _read(drawing, tmp_path)] == [
        ("Lau, Wan Xuan Celine Maria", "10"),
        ("Schlager, Leon Alexander", "9"),
        ("Joshua, Kiara", "10"),
        ("Lim, Zhe Quan", "11"),
    ]


def test_disqualified_team(tmp_path: Path) -> None:
    drawing = _event().relay("---", "ARMY", "A", final="DQ 1:33.34").line("Early take-off swimmer #2", indent=47)
    drawing.cells("1) Wagner, Grace S SR", "2) Mescher, Tiana M JR", start=40, step=130)
    drawing.cells("23.83", "22.89", "22.65", "DQ (23.97)")
    swims = _read(drawing, tmp_path)
    assert [(s.name, s.status, s.time, s.place) for s in swims] == [
        ("Wagner, Grace S", "DQ", None, None),
        ("Mescher, Tiana M", "DQ", None, None),
    ]
    assert {swim.note for swim in swims} == {"Early take-off swimmer #2; DQ 1:33.34"}


def test_masters_relay_with_sex_before_the_age_and_missing_swimmers(tmp_path: Path) -> None:
    drawing = Drawing().page().line("Mixed 18+ 200 Yard Freestyle Relay").headers(points=False)
    drawing.relay("5", "Nickel City Splash Swim Team-4", "B", seed="NT", final="2:15.47")
    drawing.cells("1) Grey, Joe M63", "3) Thorne, Lauren E W20", start=40, step=130).cells(
        "30.99", "33.80", "42.16", "28.52"
    )
    assert [(s.event_number, s.team, s.relay, s.leg, s.name, s.age) for s in _read(drawing, tmp_path)] == [
        (None, "Nickel City Splash Swim Team-4", "B", 1, "Grey, Joe", "63"),
        (None, "Nickel City Splash Swim Team-4", "B", 3, "Thorne, Lauren E", "20"),
    ]


def test_team_that_names_nobody_is_a_row_of_its_own_and_takes_no_others_swimmers(tmp_path: Path) -> None:
    drawing = (
        _event().relay("1", "GTCH", "A", final="1:29.62").cells("1) Reis, Giovana SO", "2) Roe, Jane SR", step=130)
    )
    drawing.relay("---", "ARMY", "B", final="NS")
    drawing.line("Event 2 Men 200 Yard Freestyle Relay").relay_headers().relay("1", "ARMY", "A", final="1:18.27")
    drawing.cells("1) Crush, Johnny R SO", "2) Rankin, Kohen SR", step=130)
    swims = _read(drawing, tmp_path)
    assert [(s.event_number, s.team, s.status, s.name) for s in swims] == [
        ("1", "GTCH", "OK", "Reis, Giovana"),
        ("1", "GTCH", "OK", "Roe, Jane"),
        ("1", "ARMY", "NS", "ARMY"),
        ("2", "ARMY", "OK", "Crush, Johnny R"),
        ("2", "ARMY", "OK", "Rankin, Kohen"),
    ]


def test_swimmers_on_the_next_page_belong_to_the_team_before(tmp_path: Path) -> None:
    drawing = _event().relay("3", "GTCH", "A", final="3:40.00")
    drawing.page().line("(Event 1 Women 400 Yard Medley Relay)").relay_headers().cells(
        "1) Reis, Giovana SO", "2) Roe, Jane SR", step=130
    )
    assert [(s.name, s.team, s.place, s.page) for s in _read(drawing, tmp_path)] == [
        ("Reis, Giovana", "GTCH", 3, 1),
        ("Roe, Jane", "GTCH", 3, 1),
    ]
