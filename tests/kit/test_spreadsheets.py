"""Tables for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from app.kit.spreadsheets import csv_bytes, csv_chunks, json_chunks, safe_cell


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


def test_names_of_columns_are_made_safe_as_well() -> None:
    assert csv_bytes(["=a", "b"], [{"=a": 1}]) == b"\xef\xbb\xbf'=a,b\r\n1,\r\n"


def test_long_table_comes_in_pieces() -> None:
    rows = [{"text": "x" * 1000} for _ in range(500)]
    pieces = list(csv_chunks(["text"], iter(rows)))
    assert b"".join(pieces) == csv_bytes(["text"], rows)
    assert max(map(len, pieces)) < 70_000


@pytest.mark.parametrize("count", [0, 1, 3])
def test_rows_as_json(count: int) -> None:
    rows = [{"n": n, "text": "上海"} for n in range(count)]
    assert json.loads(b"".join(json_chunks(iter(rows)))) == rows


def test_table_without_rows_has_its_head() -> None:
    assert csv_bytes(["a", "b"], []) == b"\xef\xbb\xbfa,b\r\n"
