"""Text tables as people send them: how they are written, and what in them is broken."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from app.reports.profiling import profile_file
from app.reports.table_errors import TableError

ROWS = [["id", "naïve name", "née"], ["1", "Zoë, or “Zo”", "Müller"], ["2", "Ådne", "line one\nline two"]]


def profile(folder: Path, content: bytes, name: str = "table.csv", **choices: Any) -> dict[str, Any]:
    """The profile of a file with this content, with nothing but itself and a fresh scratch folder."""
    path, scratch = folder / "stored", folder / f"scratch-{len(list(folder.iterdir()))}"
    path.write_bytes(content)
    scratch.mkdir()
    return profile_file(str(path), name, str(scratch), choices)


def written(delimiter: str, newline: str = "\n", rows: list[list[str]] = ROWS) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize(
    ("encoding", "delimiter", "newline", "said"),
    [
        ("utf-8", ",", "\n", "utf-8"),
        ("utf-8-sig", ";", "\r\n", "utf-8-sig"),
        ("utf-16", "\t", "\r\n", "utf-16"),
        ("utf-16-le", ",", "\n", "utf-16-le"),
        ("utf-16-be", "|", "\n", "utf-16-be"),
        ("utf-32", ",", "\n", "utf-32"),
        ("cp1252", ";", "\r\n", "cp1252"),
        ("utf-8", "|", "\r", "utf-8"),
        ("utf-8", "^", "\n", "utf-8"),
    ],
)
def test_every_way_to_write_a_table_gives_the_same_table(
    tmp_path: Path, encoding: str, delimiter: str, newline: str, said: str
) -> None:
    found = profile(tmp_path, written(delimiter, newline).encode(encoding))
    assert (found["encoding"], found["delimiter"], found["header"]) == (said, delimiter, True)
    assert (found["rows"], found["records"], found["widths"]) == (2, 3, {"3": 3})
    assert found["newline"] == {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}[newline]
    assert [column["name"] for column in found["columns"]] == ROWS[0]
    values = {entry["value"] for entry in found["columns"][1]["top_values"]}
    assert values == {"Zoë, or “Zo”", "Ådne"}
    assert not any(count for name, count in found["problems"].items() if isinstance(count, int))


def test_other_scripts_are_told_by_the_letters(tmp_path: Path) -> None:
    lines = ["имя,город,примечание", *(f"Алексей{n},Москва,обычный человек из нашего города" for n in range(9))]
    found = profile(tmp_path, "\n".join(lines).encode("cp1251"))
    assert found["columns"][1]["top_values"][0]["value"] == "Москва"


def test_a_stray_byte_in_plain_text_is_damage(tmp_path: Path) -> None:
    content = b"a,b\n" + b"1,plain\n" * 50 + b"2,\x81\n"
    found = profile(tmp_path, content)
    assert (found["encoding"], found["rows"], found["problems"]["encoding_problem_lines"]) == ("utf-8", 51, [52])


def test_broken_rows_are_told_by_line_and_the_rest_is_read(tmp_path: Path) -> None:
    content = b'a,b,c\n1,"two\nlines",3\n1,2\n1,2,3,4\n\n1,2,3,\n\xff,2,3\n1,\x00,3\n1,2,3\n'
    found = profile(tmp_path, content + "née,ü,é\n".encode())
    problems = found["problems"]
    assert (found["rows"], found["records"], found["encoding"]) == (8, 10, "utf-8")
    assert [(row["line"], row["fields"], row["kind"]) for row in problems["ragged"]] == [
        (4, 2, "too short"),
        (5, 4, "too long"),
    ]
    assert (problems["trailing_delimiters"], problems["blank_lines"]) == (1, 1)
    assert (problems["encoding_problems"], problems["encoding_problem_lines"]) == (1, [8])
    assert (problems["nul_bytes"], problems["nul_byte_lines"]) == (1, [9])


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_quote_that_never_closes_costs_its_own_line(tmp_path: Path, end: str) -> None:
    rows = [f"{n},ok,{n}" for n in range(1, 9)]
    rows[3] = '4,"never closed,4'
    found = profile(tmp_path, ("a,b,c\n" + "\n".join(rows) + end).encode())
    assert found["rows"] == 8
    assert (found["problems"]["unclosed_quotes"], found["problems"]["unclosed_quote_lines"]) == (1, [5])
    assert found["columns"][2]["max"] == 8


@pytest.mark.parametrize(
    ("content", "names", "rows"),
    [
        (b"1,2.5,x\n2,3.5,y\n", ["column_1", "column_2", "column_3"], 2),
        (b"name\nAda\nGrace\n", ["name"], 2),
        (b"10:30:00\n11:15:20\n", ["column_1"], 2),
        (b"1,5;2,5\n3,5;4,5\n", ["column_1", "column_2"], 2),
        (b"a,a,,a\n1,2,3,4\n", ["a", "a_2", "column_3", "a_3"], 1),
        (b"a,b\n", ["a", "b"], 0),
        (b"country,2001,2002\nFR,1,2\nDE,3,4\n", ["country", "2001", "2002"], 2),
        (b"# made by hand\n# in 2026\na,b\n1,2\n3,4\n", ["a", "b"], 2),
        (b"Quarterly report,,\n\nname,sold,left\nAda,1,2\nBob,3,4\n", ["name", "sold", "left"], 2),
        (b"sep=;\na;b\n1,5;2\n2,5;3\n", ["a", "b"], 2),
        (b'a;b\n"1,5";x\n"2,5";y\n', ["a", "b"], 2),
        (b"a,b\n'x, y',1\n'z, w',2\n", ["a", "b"], 2),
        (b'a,b\n"say \\"hi\\", you",1\n"x",2\n', ["a", "b"], 2),
    ],
)
def test_the_header_and_what_stands_above_it(tmp_path: Path, content: bytes, names: list[str], rows: int) -> None:
    found = profile(tmp_path, content)
    assert [column["name"] for column in found["columns"]] == names
    assert found["rows"] == rows
    assert found["problems"]["ragged_rows"] == 0


def test_the_header_can_be_decided_by_the_caller(tmp_path: Path) -> None:
    content = b"Ada,Oslo\nBob,Rome\n"
    assert profile(tmp_path, content, header="no")["rows"] == 2
    assert profile(tmp_path, content, header="yes")["rows"] == 1


def test_types_are_those_of_the_values(tmp_path: Path) -> None:
    lines = ["zip,price,share,day,us,at,ok,mixed,none"]
    lines += [
        f'0{n}123,"1,{n}00",{n}.5%,{n}.2.2026,12/{20 + n}/2026,2026-01-0{n}T10:00:00Z,yes,{n},' for n in range(1, 8)
    ]
    lines += ["01000,N/A,,,,,no,unknown,"] * 1
    found = profile(tmp_path, "\n".join(lines).encode())
    types = {column["name"]: column["type"] for column in found["columns"]}
    assert types == {
        "zip": "text",
        "price": "integer",
        "share": "number",
        "day": "date",
        "us": "date",
        "at": "timestamp",
        "ok": "boolean",
        "mixed": "text",
        "none": "empty",
    }
    price = found["columns"][1]
    assert (price["min"], price["max"], price["nulls"], price["null_words"]) == (1100, 1700, 1, 1)
    assert found["columns"][4]["max"] == "2026-12-27"


def test_duplicate_rows_are_counted_and_placed(tmp_path: Path) -> None:
    found = profile(tmp_path, b"a,b\n1,2\n3,4\n1,2\n1,2\n")
    assert found["problems"]["duplicate_rows"] == 2
    assert found["problems"]["duplicates"] == [{"row": 1, "repeats": 2}]


def test_large_fields_and_wide_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.reports.profiling.MOST_COLUMNS", 5)
    huge = profile(tmp_path, b'a,b\n1,"' + b"x" * 3_000_000 + b'"\n2,y\n')
    assert huge["columns"][1]["max_length"] == 3_000_000
    with pytest.raises(TableError, match="RESOURCE_LIMIT"):
        profile(tmp_path, b'a,b\n"' + b"x" * 17_000_000 + b'",2\n')
    names = ",".join(f"c{n}" for n in range(1200))
    wide = profile(tmp_path, f"{names}\n{','.join(['1'] * 1200)}\n".encode())
    assert (wide["column_count"], wide["columns_described"], wide["rows"]) == (1200, 5, 1)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b" \n\t\n", "EMPTY_FILE"),
        ("a.csv", b"\x00" * 500, "EMPTY_FILE"),
        ("a.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "NOT_A_TABLE"),
        ("a.csv", b"<!DOCTYPE html><html><body>404</body></html>", "NOT_A_TABLE"),
        ("a.csv", bytes(range(256)) * 20, "NOT_A_TABLE"),
        ("a.csv", b"just some words without end", "NOT_A_TABLE"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00broken", "FILE_UNREADABLE"),
        ("a.parquet", b"PAR1" + b"x" * 100 + b"PAR1", "FILE_UNREADABLE"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "FILE_UNREADABLE"),
        ("a.zip", b"PK\x05\x06" + bytes(18), "NOT_A_TABLE"),
    ],
)
def test_what_is_no_table_says_so(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    with pytest.raises(TableError) as caught:
        profile(tmp_path, content, name)
    assert caught.value.code == code
