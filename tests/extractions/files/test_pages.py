"""Result pages saved as HTML: words get places as on paper, and the layouts of printed sheets read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.extractions.files import html
from app.extractions.files.html.blocks import lines_of_page
from app.extractions.sheet import read_sheet
from app.extractions.sheet_errors import FILE_UNREADABLE, SheetError
from app.extractions.swims import Sheet, Swim
from tests.extractions.files import html_writer
from tests.extractions.files.meets import random_meet
from tests.extractions.files.truth import comparable

SEEDS = [seed for seed in range(12) if html_writer.truth_of(random_meet(seed, prelims=False))]


def plain(sheet: Sheet) -> list[Swim]:
    return [replace(swim, box=None, page=1) for swim in sheet.swims]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("shape", ["pre", "page for each event", "tables"])
def test_all_rows_with_all_fields(shape: str, seed: int) -> None:
    meet = random_meet(seed, prelims=False)
    if shape == "tables":
        pages = html_writer.write_tables(meet)
    else:
        pages = html_writer.write_pre(meet, one_page_each=shape != "pre")
    sheet = html.read(pages)
    assert comparable(plain(sheet)) == comparable(html_writer.truth_of(meet))
    assert (sheet.layout, sheet.meet, sheet.pages) == ("hytek", meet.name, len(pages))
    assert sheet.reading is not None
    assert sheet.reading["confidence"] == "high"


@pytest.mark.parametrize("declared", ["charset=windows-1252", "charset=ISO-8859-1", "charset=utf-8", ""])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_encodings_declared_rightly_wrongly_or_not_at_all(tmp_path: Path, encoding: str, declared: str) -> None:
    meet = random_meet(2, prelims=False)
    (page,) = html_writer.write_pre(meet)
    text = page.decode("cp1252").replace("<head>", f"<head><meta {declared}>")
    path = tmp_path / "page"
    path.write_bytes(text.encode(encoding))
    if encoding == "utf-8" and "utf" not in declared and declared:
        return  # a page that says Windows and is UTF-8 reads as browsers show it
    assert comparable(plain(read_sheet(str(path), "results.htm"))) == comparable(html_writer.truth_of(meet))


def test_what_is_not_shown_is_left_out() -> None:
    for noise in html_writer.NOISE:
        assert "Ghost" not in str(lines_of_page(f"<html><body>{noise}<p>1 Onda, Emi</body></html>")), noise
        assert "Onda," in str(lines_of_page(f"<html><body>{noise}<p>1 Onda, Emi</body></html>")), noise


def test_tables_keep_their_columns() -> None:
    page = "<table><tr><th>Pl<th>Name<th>Time<tr><td>1<td>Onda, Emi<td>59.99<tr><td>12<td>Ng, Bo<td>1:02.34</table>"
    assert lines_of_page(page) == [
        [(0, "Pl"), (5, "Name"), (20, "Time")],
        [(1, "1"), (5, "Onda,"), (11, "Emi"), (19, "59.99")],
        [(0, "12"), (5, "Ng,"), (9, "Bo"), (17, "1:02.34")],
    ]


def test_cells_that_reach_over_rows_and_tables_that_divide_the_page() -> None:
    page = "<table><tr><td rowspan=2>A<td>b</td></tr><tr><td>c</td></tr></table>"
    assert lines_of_page(page) == [[(0, "A"), (4, "b")], [(4, "c")]]
    page = "<table><tr><td>menu</td><td><table><tr><td>1<td>x</table></td></tr></table>"
    assert lines_of_page(page) == [[(0, "menu")], [(3, "1"), (7, "x")]] or lines_of_page(page) == [
        [(0, "menu")],
        [(0, "1"), (4, "x")],
    ]


@pytest.mark.parametrize(
    "page", [b"<html><frameset><frame src=a.htm></frameset></html>", b"<html><body>Please sign in.</body></html>"]
)
def test_page_without_results_is_refused(page: bytes) -> None:
    with pytest.raises(SheetError) as error:
        html.read([page])
    assert error.value.code == FILE_UNREADABLE


def test_german_protocol_in_a_table_is_read_by_its_layout() -> None:
    page = """<html><head><meta charset=utf-8></head><body><h1>12. Sommerpokal des SV Nord</h1>
    <p>Abschnitt 1 - Samstag 06.09.2026<h2>Wettkampf 3 - 100m Freistil weiblich</h2>
    <table><tr><th>Platz<th>Name<th>Jg.<th>Verein<th>Endzeit<th>Punkte<tr><td colspan=6>Jahrgang 2010
    <tr><td>1.<td>Onda, Emi<td>2010<td>SV Nord 1898<td>01:02,34<td>456
    <tr><td>2.<td>Brink, Zoë<td>2010<td>SG Stadt am See<td>01:03,34<td>412
    <tr><td colspan=6>disqualifiziert<tr><td><td>Lind, Ada<td>2010<td>SC Delphin<td></table></body></html>"""
    sheet = html.read([page.encode()])
    rows = [(swim.section, swim.place, swim.name, swim.team, swim.time, swim.status) for swim in sheet.swims]
    assert (sheet.layout, rows) == (
        "easywk",
        [
            ("Jahrgang 2010", 1, "Onda, Emi", "SV Nord 1898", "1:02.34", "OK"),
            ("Jahrgang 2010", 2, "Brink, Zoë", "SG Stadt am See", "1:03.34", "OK"),
            ("Jahrgang 2010", None, "Lind, Ada", "SC Delphin", None, "DQ"),
        ],
    )
