"""What columns hold: exact numbers, the ways numbers and dates are written, majorities and what is said of doubts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.reports.test_delimited import profile


def column_of(
    folder: Path, values: list[str], name: str = "x", others: dict[str, list[str]] | None = None, **choices: Any
) -> dict[str, Any]:
    """The column of these values, in a table with tabs between it and the others."""
    columns = {name: values, "word": ["word"] * len(values)} | (others or {})
    rows = ["\t".join(columns), *("\t".join(row) for row in zip(*columns.values(), strict=True))]
    return dict(profile(folder, "\n".join(rows).encode(), "table.tsv", **choices)["columns"][0])


def codes(column: dict[str, Any]) -> list[str]:
    return [each["code"] for each in column.get("notes", [])]


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (["(1,234.50)", "2,000.00", "(15.25)"], -1234.5, 2000),
        (["1.234,50-", "12,75", "3,50"], -1234.5, 12.75),
        (["1 234,56", "12\u202f500,00", "980,10"], 980.1, 12500),
        (["1'234.50", "12'000.75", "3.50"], 3.5, 12000.75),
        (["1.234,56 €", "12,50 €", "0,99 €"], 0.99, 1234.56),
        (["CHF 12.-", "CHF 1'250.50", "CHF 3.20"], 3.2, 1250.5),
        (["$1,234.50", "-$5.25", "$(7.50)"], -7.5, 1234.5),
        (["R$ 1.234,56", "R$ 5,25", "R$ 0,10"], 0.1, 1234.56),
        (["19,98,12,341", "14,58,545", "7"], 7, 199812341),
        (["12.5%", "3%", "100 %"], 3, 100),
        (["\u22125.5", "3.25", "0.5"], -5.5, 3.25),
        (["1.5e3", "2E-05", "7.0"], 2e-05, 1500),
    ],
)
def test_numbers_as_people_write_them(tmp_path: Path, values: list[str], low: float, high: float) -> None:
    column = column_of(tmp_path, values)
    assert (column["type"] in ("number", "integer"), column["min"], column["max"]) == (True, low, high)
    assert not codes(column)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (["3/14/2023 5:07 PM", "12/31/2023 12:00 AM"], "2023-03-14T17:07:00", "2023-12-31T00:00:00"),
        (["12/31/2023, 12:05:07\u202fPM", "1/2/2023, 1:00:00\u202fAM"], "2023-01-02T01:00:00", "2023-12-31T12:05:07"),
        (
            ["2024-03-10 23:30:00,123", "2024-03-10 23:30:01,456"],
            "2024-03-10T23:30:00.123000",
            "2024-03-10T23:30:01.456000",
        ),
        (["April 8, 2023", "April 15, 2023"], "2023-04-08", "2023-04-15"),
        (["8. März 2023", "24. Dezember 2022"], "2022-12-24", "2023-03-08"),
        (["1er mars 2023", "14 août 2023"], "2023-03-01", "2023-08-14"),
        (["8 de marzo de 2023", "1 de enero de 2024"], "2023-03-08", "2024-01-01"),
        (["3 октября 2023", "4 мая 2023"], "2023-05-04", "2023-10-03"),
        (["08-Mar-2024", "10-OCT-2023"], "2023-10-10", "2024-03-08"),
        (["Friday, March 8, 2024", "Monday, May 6, 2024"], "2024-03-08", "2024-05-06"),
        (["2024-W05-1", "2024-W01-7"], "2024-01-07", "2024-01-29"),
        (["14.03.2023 17:05", "1.2.2023 9:00"], "2023-02-01T09:00:00", "2023-03-14T17:05:00"),
        (
            ["2024-03-10T23:30:00+02:00", "2024-03-11T01:00:00+02:00"],
            "2024-03-10T23:30:00+02:00",
            "2024-03-11T01:00:00+02:00",
        ),
        (
            ["10/Oct/2000:13:55:36 -0700", "11/Oct/2000:13:55:36 -0700"],
            "2000-10-10T13:55:36-07:00",
            "2000-10-11T13:55:36-07:00",
        ),
        (["2024-01-01", "2024-01-02", "2024-01-02 08:30:00"], "2024-01-01T00:00:00", "2024-01-02T08:30:00"),
        (["Sun Mar 10 10:00:00 2024", "Mon Mar  4 10:00:00 2024"], "2024-03-04T10:00:00", "2024-03-10T10:00:00"),
        (
            ["Sun Mar 10 2024 10:00:00 GMT+0100 (CET)", "Mon Mar 11 2024 10:00:00 GMT+0100 (CET)"],
            "2024-03-10T10:00:00+01:00",
            "2024-03-11T10:00:00+01:00",
        ),
        (
            ["2024-03-10 10:00:00.123456788", "0000-00-00", "2024-03-10 10:00:00.123456789"],
            "2024-03-10T10:00:00.123456788",
            "2024-03-10T10:00:00.123456789",
        ),
        (["5:07 PM", "12:01 AM"], "00:01:00", "17:07:00"),
    ],
)
def test_dates_and_times_as_people_write_them(tmp_path: Path, values: list[str], low: str, high: str) -> None:
    column = column_of(tmp_path, values)
    assert (column["min"], column["max"]) == (low, high)
    assert column["type"] in ("date", "timestamp", "time")
    assert not codes(column)


def test_integers_of_any_length_are_exact(tmp_path: Path) -> None:
    values = [str(1234567890123456789 + n) for n in range(4)]
    column = column_of(tmp_path, values)
    assert (column["type"], column["distinct"], column["min"], column["max"]) == (
        "integer",
        4,
        *(int(values[n]) for n in (0, 3)),
    )
    assert column["exact"]["max"] == values[3]
    assert codes(column) == ["LONG_INTEGERS"]
    column = column_of(tmp_path, [f"{n}{'0' * 37}" for n in (1, 2, 3)])
    assert (column["type"], column["max"]) == ("integer", 3 * 10**37)
    column = column_of(tmp_path, [f"{n}{'0' * 50}" for n in (1, 2, 3)])
    assert (column["type"], column["distinct"], codes(column)) == ("text", 3, ["INTEGERS_TOO_LONG"])


def test_decimals_are_exact(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["0.1", "0.2", "12345678901234567890.123456789"])
    assert column["exact"]["max"] == "12345678901234567890.123456789"
    assert column["exact"]["sum"] == "12345678901234567890.423456789"
    column = column_of(tmp_path, ["0.1", "0.2", "0.3"])
    assert (column["sum"], column["mean"], column["quantiles"]["p50"]) == (0.6, 0.2, 0.2)
    assert column_of(tmp_path, ["1", "2", "3", "4"])["quantiles"]["p50"] == 2.5


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("version", ["3.1", "3.10", "3.9", "3.100"], "VERSION_NUMBERS"),
        ("country", ["NO", "NO", "NO"], "ONE_TRUTH_VALUE"),
        ("card", ["4111111111111111", "5500005555555559", "4012888888881881"], "CARD_NUMBERS"),
        ("phone", ["+4915112345678", "+4915112345679", "+12125551234"], None),
        ("code", ["219E01", "219E02", "1E5"], None),
        ("zip", ["01234", "90210", "10001"], None),
        ("address", ["192.168.100.200", "192.168.100.201", "192.168.100.202"], None),
    ],
)
def test_what_only_looks_like_a_number_is_text(tmp_path: Path, name: str, values: list[str], code: str | None) -> None:
    column = column_of(tmp_path, values, name)
    assert (column["type"], column["distinct"]) == ("text", len(set(values)))
    assert codes(column) == ([code] if code else [])


def test_the_whole_file_tells_the_decimal_sign(tmp_path: Path) -> None:
    values = ["1,250", "2,500", "1,125"]
    for prices, low in ((["12,50", "7,99", "3,49"], 1.125), (["12.50", "7.99", "3.49"], 1125)):
        column = column_of(tmp_path, values, others={"price": prices})
        assert (column["min"], codes(column)) == (low, [])
    column = column_of(tmp_path, values)
    assert (column["min"], codes(column)) == (1125, ["AMBIGUOUS_DECIMAL"])
    assert [(reading["decimal"], reading["min"]) for reading in column["readings"]] == [
        ("point", 1125),
        ("comma", 1.125),
    ]
    column = column_of(tmp_path, values, decimal="comma")
    assert (column["min"], codes(column)) == (1.125, [])
    many = [*values, *(f"{number},{number:03d}" for number in range(1, 12))]
    column = column_of(tmp_path, many, others={"some": ["7", "812", *["1,004"] * (len(many) - 2)]})
    assert (column["min"], codes(column)) == (1001, [])  # whole numbers stand beside them, and none is over 999


def test_the_whole_file_tells_the_order_of_dates(tmp_path: Path) -> None:
    values = ["03/04/2024", "05/06/2024"]
    for others, low in ((["25/12/2024", "01/02/2024"], "2024-04-03"), (["12/25/2024", "01/02/2024"], "2024-03-04")):
        column = column_of(tmp_path, values, others={"day": others})
        assert (column["min"], codes(column)) == (low, [])
    column = column_of(tmp_path, values)
    assert (column["min"], codes(column)) == ("2024-03-04", ["AMBIGUOUS_DATES"])
    assert column["date_order"] == "ambiguous"
    assert [(reading["date_order"], reading["min"]) for reading in column["readings"]] == [
        ("mdy", "2024-03-04"),
        ("dmy", "2024-04-03"),
    ]
    column = column_of(tmp_path, values, date_order="dmy")
    assert (column["min"], codes(column)) == ("2024-04-03", [])


def test_nearly_all_values_give_the_type_and_the_others_are_told_by_line(tmp_path: Path) -> None:
    column = column_of(tmp_path, [*(str(n) for n in range(40)), "twelve"])
    (note,) = column["notes"]
    assert (column["type"], column["max"], column["misfits"], column["nulls"]) == ("integer", 39, 1, 0)
    assert (note["code"], note["count"], note["lines"], note["examples"]) == ("OTHER_VALUES", 1, [42], ["twelve"])
    column = column_of(tmp_path, [*(str(n) for n in range(9)), "twelve"])
    assert (column["type"], column["mostly"]["type"], codes(column)) == ("text", "integer", ["MOSTLY"])
    column = column_of(tmp_path, [*(str(n) for n in range(100, 140)), "01234"])
    assert (column["type"], codes(column)) == ("text", ["LEADING_ZEROS"])
    column = column_of(tmp_path, ["3", "4", "twelve", "five"])
    assert (column["type"], codes(column)) == ("text", [])


def test_offsets_from_utc_are_kept_and_counted(tmp_path: Path) -> None:
    column = column_of(tmp_path, ["2024-03-10T12:00:00+02:00", "2024-03-10T11:30:00Z", "2024-03-10T12:30:00+02:00"])
    assert (column["min"], column["max"]) == ("2024-03-10T10:00:00+00:00", "2024-03-10T11:30:00+00:00")
    assert column["utc_offsets"] == [{"offset": "+02:00", "count": 2}, {"offset": "+00:00", "count": 1}]
    assert codes(column) == ["MIXED_OFFSETS"]


def test_doubts_about_units_years_and_zeros_are_said(tmp_path: Path) -> None:
    assert codes(column_of(tmp_path, ["5 €", "$7", "8 €"])) == ["MIXED_UNITS"]
    assert column_of(tmp_path, ["5 €", "7 €"])["unit"] == "€"
    assert codes(column_of(tmp_path, ["£1,234", "£99"])) == []
    assert codes(column_of(tmp_path, ["1.23457E+12", "9.87654E+11"])) == ["SHORTENED_NUMBERS"]
    assert codes(column_of(tmp_path, ["20240131", "20240201"])) == ["DATES_AS_NUMBERS"]
    assert codes(column_of(tmp_path, ["2125551234", "2125551235"], "phone")) == ["IDENTIFIERS"]
    column = column_of(tmp_path, ["25/12/2023", "12/25/2023", "01/02/2023"])
    assert (column["type"], codes(column)) == ("text", ["MIXED_DATE_ORDERS"])
    column = column_of(tmp_path, ["14.03.69", "14.03.68"])
    assert (column["min"], column["max"], codes(column)) == ("1969-03-14", "2068-03-14", ["TWO_DIGIT_YEARS"])
    column = column_of(tmp_path, ["12.5", "12.50", "7.25", "8.10", "9.99"])
    assert (column["type"], column["distinct"], codes(column)) == ("number", 4, ["TRAILING_ZEROS"])


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    rows = [f'{n},"two\nlines"' for n in range(40)]
    rows[30] = 'thirty,"one line"'
    found = profile(tmp_path, "\n".join(["# a title", "n,text", "", *rows]).encode())
    column = found["columns"][0]
    assert (column["type"], column["notes"][0]["lines"]) == ("integer", [4 + 30 * 2])
