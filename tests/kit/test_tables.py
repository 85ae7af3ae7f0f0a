"""Tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from app.kit.tables import csv_bytes, safe_cell


@pytest.mark.parametrize(
    "text", ["=1+1", '=HYPERLINK("http://evil.example")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=", "-"]
)
def test_text_that_would_run_becomes_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["plain", "a=1", "", " =1", "1:48.62", 7, -7, -1.5, None, True, "'=1"])
def test_everything_else_stays(value: Any) -> None:
    assert safe_cell(value) is value


def test_table_is_read_back_as_it_was() -> None:
    rows = [
        {"name": 'Lindqvist, "Maya"', "time": "1:48.62", "place": 1},
        {"name": "Größe\r\n上海", "time": None, "place": 0},
        {"name": "=cmd", "place": -3, "more": "not a column"},
    ]
    data = csv_bytes(["place", "name", "time"], rows)
    assert data.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))) == [
        ["place", "name", "time"],
        ["1", 'Lindqvist, "Maya"', "1:48.62"],
        ["0", "Größe\r\n上海", ""],
        ["-3", "'=cmd", ""],
    ]


def test_table_without_rows_has_its_head() -> None:
    assert csv_bytes(["a", "b"], []) == b"\xef\xbb\xbfa,b\r\n"
