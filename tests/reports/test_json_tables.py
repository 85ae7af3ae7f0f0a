"""JSON in the shapes that people export it in, as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.reports.table_errors import TableError
from tests.reports.test_delimited import profile

NESTED = [{"id": 1, "at": {"x": 1.5, "y": [1, 2]}}, {"id": 2, "at": {"x": None}, "more": "é"}]


@pytest.mark.parametrize(
    ("document", "names", "rows"),
    [
        (NESTED, ["id", "at.x", "at.y", "more"], 2),
        ({"type": "list", "data": NESTED}, ["id", "at.x", "at.y", "more"], 2),
        ({"a": [1, 2, 3], "b": ["x", "y", "z"]}, ["a", "b"], 3),
        ({"p": {"a": 1}, "q": {"a": 2}}, ["key", "a"], 2),
        ({"a": 1, "b": "x"}, ["a", "b"], 1),
        ([["id", "name"], [1, "Ada"], [2, "Bob"]], ["id", "name"], 2),
        ([3, 4, None], ["value"], 3),
    ],
)
def test_every_shape_is_a_table(tmp_path: Path, document: Any, names: list[str], rows: int) -> None:
    for encoding in ("utf-8", "utf-16"):
        found = profile(tmp_path, json.dumps(document, ensure_ascii=False).encode(encoding), "a.json")
        assert ([column["name"] for column in found["columns"]], found["rows"]) == (names, rows)


def test_an_array_larger_than_the_window_is_read_piece_by_piece(tmp_path: Path) -> None:
    rows = [{"n": n, "text": "x" * 5000} for n in range(200)]
    found = profile(tmp_path, json.dumps(rows, indent=1).encode(), "a.json")
    assert (found["rows"], found["columns"][0]["max"]) == (200, 199)


def test_lines_that_are_no_json_are_told_and_the_others_read(tmp_path: Path) -> None:
    content = b'{"a": 1, "b": "x"}\n\n{"a": 2\n{"a": 3}\nnull and void\n'
    for name in ("a.jsonl", "a.json", "a"):
        found = profile(tmp_path, content, name)
        assert (found["format"], found["rows"]) == ("jsonl", 2)
        assert (found["problems"]["broken_lines"], found["problems"]["broken_line_numbers"]) == (2, [3, 5])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[]", "EMPTY_FILE"),
        (b"{}", "EMPTY_FILE"),
        (b'"text"', "EMPTY_FILE"),
        (b"[" * 100_000, "FILE_UNREADABLE"),
        (b'[{"a": 1}\n{"a": ', "FILE_UNREADABLE"),
        (b'{"a": ', "FILE_UNREADABLE"),
    ],
)
def test_json_without_records_says_so(tmp_path: Path, content: bytes, code: str) -> None:
    with pytest.raises(TableError) as caught:
        profile(tmp_path, content, "a.json")
    assert caught.value.code == code
