"""JSON in the shapes that people export it in, as tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.reports.readers.json.reading import read_json
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
        ({"id": {"0": 1, "1": 2}, "name": {"0": "a", "1": "b"}}, ["id", "name"], 2),
        ({"price": {"2024-01-01": 1, "2024-01-02": 2, "2024-01-03": 3}}, ["key", "price"], 3),
        ({"0": {"id": 1, "name": "a"}, "1": {"id": 2, "name": "b"}}, ["id", "name"], 2),
        ({"columns": ["id", "name"], "index": [0, 1], "data": [[1, "a"], [2, "b"]]}, ["id", "name"], 2),
        ({"columns": ["id", "name"], "index": ["x", "y"], "data": [[1, "a"], [2, "b"]]}, ["id", "name", "index"], 2),
        ({"schema": {"fields": [{"name": "id"}] * 9}, "data": [{"id": 1}, {"id": 2}]}, ["id"], 2),
        ({"columns": [{"name": "id"}, {"name": "at"}], "rows": [[1, "x"], [2, "y"]]}, ["id", "at"], 2),
        ({"fields": ["id", "at"], "data": [[1, "x"], [2, "y"]]}, ["id", "at"], 2),
        ({"meta": {"view": {"columns": [{"name": "sid"}, {"name": "n"}]}}, "data": [["a", 1]]}, ["sid", "n"], 1),
        ({"meta": [{"name": "id"}, {"name": "s"}], "data": [[1, "a"]], "rows": 1}, ["id", "s"], 1),
        ({"schema": {"fields": [{"name": "a"}]}, "rows": [{"f": [{"v": "1"}]}, {"f": [{"v": None}]}]}, ["a"], 2),
        ({"hits": {"hits": [{"_id": "x", "_source": {"a": 1}}]}}, ["_id", "_source.a"], 1),
        ({"@odata.context": "$m", "value": [{"a": 1}]}, ["a"], 1),
        ({"data": {"users": {"edges": [{"node": {"id": 1}}]}}}, ["node.id"], 1),
        (
            {"type": "FeatureCollection", "features": [{"properties": {"p": 1}, "geometry": None}]},
            ["properties.p", "geometry"],
            1,
        ),
        ({"hourly": {"time": [1, 2], "t": [3, 4]}, "units": {"t": "C"}}, ["time", "t"], 2),
        ([{"page": 1, "pages": 9}, [{"a": 1}, {"a": 2}]], ["a"], 2),
        ([{"a.b": 1, "a": {"b": 2}}], ["a.b", "a.b_2"], 1),
        ([{"g": None}, {"g": {"x": 1}}], ["g.x"], 2),
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


@pytest.mark.parametrize(
    ("text", "rows", "documents"),
    [
        ('{\n "id": 1\n}\n{\n "id": 2\n}\n', 2, 2),
        ('[{"id": 1}]\n[{"id": 2}, {"id": 3}]', 3, 2),
        ('[\n{"id": 1}\n]\n[\n{"id": 2}\n]', 2, 2),
        ('\x1e{"id": 1}\n\x1e{"id": 2}\n', 2, 0),
        ('{"id": 1},\n{"id": 2}', 2, 0),
        ('window.data = [{"id": 1}, {"id": 2}];', 2, 0),
        ('/* x */ callback({"rows": [{"id": 1}, {"id": 2}]});', 2, 0),
    ],
)
def test_documents_one_after_another_are_one_table(tmp_path: Path, text: str, rows: int, documents: int) -> None:
    found = profile(tmp_path, text.encode(), "a.json")
    counts = [each["count"] for each in found["notes"] if each["code"] == "SEVERAL_DOCUMENTS"]
    assert (found["rows"], found["columns"][0]["name"]) == (rows, "id")
    assert counts == ([documents] if documents else [])


def test_members_that_stand_twice_are_told_with_their_line_and_what_is_lost(tmp_path: Path) -> None:
    found = profile(tmp_path, b'[{"id": 1, "tag": "a", "tag": "b"},\n{"id": 2, "x": {"y": 1.50, "y": 2}}]', "a.json")
    (told,) = found["notes"]
    assert (told["code"], told["count"], told["lines"]) == ("DUPLICATE_MEMBERS", 2, [1, 2])
    assert told["examples"] == ['tag: "a"', "y: 1.50"]


def test_numbers_are_kept_as_they_are_written(tmp_path: Path) -> None:
    rows = b'[{"n": 1.10, "x": [1.10, 12345678901234567890.123]}, {"n": 123456789012345678901234567890, "x": NaN}]'
    path = tmp_path / "a.json"
    path.write_bytes(rows)
    table = read_json(path, tmp_path, "json")
    written = (tmp_path / "wide-0" / "part-0.csv").read_text()
    assert written == '"1.10","[1.10, 12345678901234567890.123]"\n"123456789012345678901234567890",""\n'
    assert table.known == {0: "number"}
    assert [each["code"] for each in table.notes] == ["NOT_FINITE"]


def test_the_file_says_which_columns_are_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": "007", "b": 7, "c": true, "d": "x"}, {"a": "8", "b": null, "c": false, "d": 1}]')
    assert read_json(path, tmp_path, "json").known == {0: "text", 1: "number", 2: "boolean"}


def test_of_several_lists_one_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    document = {"users": [{"a": 1}, {"a": 2}], "orders": [{"o": 1}, {"o": 2}, {"o": 3}]}
    found = profile(tmp_path, json.dumps(document).encode(), "a.json")
    (told,) = found["notes"]
    assert (found["path"], found["rows"], told["code"]) == ("orders", 3, "SEVERAL_LISTS")
    assert (told["examples"], told["parameter"], told["choices"]) == (["users (2)"], "sheet", ["orders", "users"])
    assert profile(tmp_path, json.dumps(document).encode(), "a.json", sheet="users")["rows"] == 2


def test_a_long_list_inside_of_a_document_is_read_piece_by_piece(tmp_path: Path) -> None:
    document = {"meta": {"n": [1, 2]}, "data": {"items": [{"n": n, "text": "x" * 500} for n in range(2000)]}, "z": 1}
    for indent in (None, 1):
        found = profile(tmp_path, json.dumps(document, indent=indent).encode(), "a.json")
        assert (found["path"], found["rows"], found["columns"][0]["max"]) == ("data.items", 2000, 1999)


def test_members_that_come_late_are_columns(tmp_path: Path) -> None:
    lines = [json.dumps({"a": n}) for n in range(1000)] + [json.dumps({"b": {f"m{n}": n for n in range(40)}})]
    found = profile(tmp_path, "\n".join([*lines, '{"a": 5, "c": "x"}']).encode(), "a.jsonl")
    assert (found["rows"], found["column_count"], found["columns"][41]["min"]) == (1002, 42, "x")
    assert [column["nulls"] for column in found["columns"][:2]] == [1, 1001]


def test_members_too_many_to_be_columns_stay_text(tmp_path: Path) -> None:
    rows = [{"id": n, "by": {f"k{n}-{m}": m for m in range(60)}} for n in range(100)]
    found = profile(tmp_path, json.dumps(rows).encode(), "a.json")
    assert (found["rows"], [column["name"] for column in found["columns"]]) == (100, ["id", "by"])
    assert [each["code"] for each in found["notes"]] == ["NESTED_AS_TEXT"]


def test_json_under_the_name_of_a_table_is_json(tmp_path: Path) -> None:
    assert profile(tmp_path, b'[{"a": 1}, {"a": 2}]', "a.csv")["format"] == "json"
    assert profile(tmp_path, b'{"a": 1},x\n{"a": 2},y\n', "a.csv")["format"] == "csv"
    with pytest.raises(TableError, match="HTML"):
        profile(tmp_path, b"<html><body>502</body></html>", "a.json")


@pytest.mark.parametrize(
    ("content", "line"), [(b'{"a": [1, 2}', 1), (b'[{"a": 1},\n{"a" 2}]', 2), (b'[{"a": 1},\n{"a": "x', 2)]
)
def test_broken_json_is_refused_with_its_line_and_in_our_words(tmp_path: Path, content: bytes, line: int) -> None:
    with pytest.raises(
        TableError, match=rf"FILE_UNREADABLE: The JSON is (broken on|cut off in what begins on) line {line}\."
    ):
        profile(tmp_path, content, "a.json")
