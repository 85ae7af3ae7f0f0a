"""Menu files: each trap is a clear error with its line, or a repair that is reported."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import Unprocessable
from app.registrations.errors import FileNotReadable
from app.registrations.menus import FileReport, read_menu_file
from app.registrations.prices import PriceNotReadable, read_price
from tests.conftest import Api
from tests.registrations.menus import add_restaurant, dish, menu

HEAD = menu([]).strip()


def check(text: str | bytes) -> tuple[FileReport, list[dict[str, str]]]:
    """The report, and the rows of the clean file."""
    report, clean = read_menu_file(text.encode() if isinstance(text, str) else text)
    return report, list(csv.DictReader(io.StringIO(clean.decode(), newline="")))


@pytest.mark.parametrize("columns", [16, 17, 20])
def test_every_form_of_a_menu_is_read(columns: int) -> None:
    image = {16: {}, 17: {"imageURL": "https://i.example/a.png"}, 20: {"imageExternalURL": "https://i.example/a.png"}}
    report, rows = check(menu([dish(tags="vegan, hot", **image[columns]), dish('Fish "Hot"', "9.00")], columns=columns))
    assert (report.kind, report.columns, report.rows, report.items) == ("menu", columns, 2, 2)
    assert (report.categories, report.tagged, report.images) == (1, 1, 0 if columns == 16 else 1)
    assert (report.errors, report.repairs) == ([], [])
    assert [row["dishName"] for row in rows] == ["Soup", 'Fish "Hot"']


@pytest.mark.parametrize(
    ("row", "code", "repaired"),
    [
        (',M,,,,Mains,,,,Soup,"12,90",standard,,,,', "price_rewritten", {"dishPrice": "12.90"}),
        (",M,,,,Mains,,,,Soup,$24.00,standard,,,,", "price_rewritten", {"dishPrice": "24.00"}),
        (',M,,,,Mains,,,,Soup,"$1,024.50",standard,,,,', "price_rewritten", {"dishPrice": "1024.50"}),
        (",M,,,,Mains,,,,Soup,5,standard,null,,,", "null_word", {"dishDescription": ""}),
        (",M,,,,Mains,,,,Soup,5,standard,a,b,c", "row_too_short", {"printName": "c", "tags": ""}),
        (",M,,,,Mains,,,,Soup,5,standard,,,,x,,", "empty_cells_cut", {"tags": "x"}),
        (",M,,,,Mains,,,,Soup,5,COMBO,,,,", "dish_type_rewritten", {"dishType": "combo"}),
    ],
)
def test_what_can_be_put_right_is_and_is_told(row: str, code: str, repaired: dict[str, str]) -> None:
    report, rows = check(f"{HEAD}\n{row}\n")
    assert report.errors == []
    assert [(repair.code, repair.line) for repair in report.repairs] == [(code, 2)]
    assert {name: rows[0][name] for name in repaired} == repaired


@pytest.mark.parametrize(
    ("row", "code", "column"),
    [
        (",M,,,,Mains,,,,Soup,MP,standard,,,,", "price_not_readable", "dishPrice"),
        (",M,,,,Mains,,,,Soup,,standard,,,,", "price_not_readable", "dishPrice"),
        (",M,,,,Mains,,,,Soup,null,standard,,,,", "price_not_readable", "dishPrice"),
        (",M,,,,,,,,Soup,5,standard,,,,", "category_missing", "categoryName"),
        (",M,,,,Mains,,,,,5,standard,,,,", "dish_missing", "dishName"),
        (",M,,,,Mains,,,,Soup,5,a description,,,,", "dish_type_unknown", "dishType"),
        (",M,,,,Mains,,,,Soup,5,standard,tomato,basil,oil,,x,y", "too_many_cells", None),
    ],
)
def test_what_cannot_be_put_right_is_an_error_with_its_line(row: str, code: str, column: str | None) -> None:
    good = ',M,,,,Mains,,,,"Two\nlines",5,standard,,,,'
    report, rows = check(f"{HEAD}\n{good}\n{row}\n")
    assert [(error.code, error.line, error.column) for error in report.errors] == [(code, 4, column)]
    assert (report.rows, report.items, len(rows)) == (2, 1, 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (menu([dish()], delimiter=";"), "delimiter"),
        (menu([dish("Crème")]).encode("latin-1"), "encoding"),
        (menu([dish("Crème")]).encode("utf-16"), "encoding"),
        (json.dumps({"ok": True, "data": {"csv": menu()}}), "json_around_csv"),
        (json.dumps([dish()]), "json_as_table"),
        ("menuName,categoryName,dishName,dishPrice,dishDescription,tags\nM,Mains,Soup,1,,\n", "columns_added"),
    ],
)
def test_files_in_another_form_are_read_and_told(content: str | bytes, code: str) -> None:
    report, rows = check(content)
    assert (report.items, report.errors) == (1, [])
    assert code in [repair.code for repair in report.repairs]
    assert rows[0]["dishName"] in ("Soup", "Crème")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty_file"),
        (HEAD, "no_rows"),
        ('{"error": "not signed in"}', "json_not_csv"),
        ('{"menus": [{"name": "Lunch"}]}', "json_not_csv"),
        ("<!DOCTYPE html><p>502", "markup_not_csv"),
        ("name,age\nAna,7\n", "columns_missing"),
        (f'{HEAD}\n,M,,,,Mains,,,,"Soup,5,standard,,,,\n', "quotes_not_closed"),
        (f"{HEAD}\n\x00", "nul_character"),
        (b"PK\x03\x04 and so on", "workbook_not_csv"),
        (f"{HEAD},dishname\n", "column_twice"),
        ("[" * 100_000, "json_not_csv"),
    ],
)
def test_what_is_no_menu_is_refused_with_its_reason(content: str | bytes, reason: str) -> None:
    with pytest.raises(FileNotReadable) as refused:
        check(content)
    assert refused.value.extra["reason"] == reason


def test_option_sets_are_told_from_menus() -> None:
    head = "optionSetName,displayName,minimum,maximum,optionName,optionPrice,menuItems"
    report, rows = check(f'{head}\nSize,null,1,1,Large,"3,00",Soup\nSize,,1,1,Small,,Soup\n,,,,Lost,1,\n')
    assert (report.kind, report.rows, report.items, report.option_sets) == ("option_sets", 3, 2, 1)
    assert [row["optionPrice"] for row in rows] == ["3.00", ""]
    assert [error.code for error in report.errors] == ["option_set_missing"]
    assert {repair.code for repair in report.repairs} == {"null_word", "price_rewritten"}


@pytest.mark.parametrize(
    ("text", "price"), [("NZ$ 7", "7.00"), ("€1.234,50", "1234.50"), (".5", "0.50"), ("12.500", "12.50"), ("0", "0.00")]
)
def test_prices(text: str, price: str) -> None:
    assert read_price(text)[0] == price


@pytest.mark.parametrize(
    "text", ["1.234", "12/15", "from 9", "-3", "1,2,3", "٣", "1e3", "NaN", "9" * 40, "12,345.6789"]
)
def test_what_is_no_price_in_one_way_only(text: str) -> None:
    with pytest.raises(PriceNotReadable):
        read_price(text)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: f"{HEAD}\n{text}".encode())))
def test_no_bytes_break_the_reading(data: bytes) -> None:
    try:
        report, clean = read_menu_file(data)
    except Unprocessable:
        return
    assert report.items == len(list(csv.reader(io.StringIO(clean.decode(), newline="")))) - 1
    assert report.items == report.rows or report.errors


async def test_a_menu_with_errors_is_kept_only_when_asked(api: Api) -> None:
    one = await add_restaurant(api, "Menus")
    before = (await api.get(f"/api/restaurants/{one}")).json()
    bad = menu([dish(), dish("Fish", "MP")])
    path = f"/api/restaurants/{one}/menu"
    refused = await api.put(path, content=bad)
    assert (refused.status_code, refused.json()["code"]) == (422, "menu_not_clean")
    assert refused.json()["errors"][0] | {"message": ""} == {
        "line": 3,
        "column": "dishPrice",
        "code": "price_not_readable",
        "message": "",
        "value": "MP",
    }
    tried = await api.put(path, content=bad, params={"dry_run": True})
    assert (tried.status_code, tried.json()["kept"], tried.json()["file_id"]) == (200, "none", None)
    assert (await api.get(f"/api/restaurants/{one}")).json() == before
    kept = (await api.put(path, params={"keep_good_rows": True}, files={"file": ("lunch (2).csv", bad)})).json()
    assert (kept["kept"], kept["items"], kept["filename"]) == ("good_rows", 1, "lunch (2).csv")
    after = (await api.get(f"/api/restaurants/{one}")).json()
    assert (after["menu_file_id"], after["menu"]["items"]) == (kept["file_id"], 1)
    assert "Fish" not in (await api.get(f"/api/files/{kept['file_id']}/content")).text
    assert (await api.get(f"/api/files/{before['menu_file_id']}")).status_code == 404
    assert (await api.put(f"/api/restaurants/{uuid4()}/menu", content=bad)).status_code == 404
    large = await api.put(path, content=b"a" * (17 * 1024 * 1024))
    assert large.status_code == 413


def test_real_menus(real_data: Path) -> None:
    for path in sorted((real_data / "restaurants").glob("*.csv")):
        try:
            report, rows = check(path.read_bytes())
        except FileNotReadable:
            continue
        assert report.items == len(rows)
        assert report.items == report.rows or report.errors
        for finding in report.errors:
            assert finding.line
            assert finding.message
