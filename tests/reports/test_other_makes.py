"""SQLite databases, and files of makes that are not read here."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.reports.table_errors import TableError
from tests.reports.test_delimited import profile


def database(folder: Path) -> bytes:
    path = folder / "made.sqlite"
    with closing(sqlite3.connect(path)) as made:
        made.execute('create table "long one" (id integer, code text, share real, extra blob)')
        rows = [(n + 2**60, f"0{n}", n / 4, b"\xff" if n else None) for n in range(5)]
        made.executemany('insert into "long one" values (?, ?, ?, ?)', rows)
        made.execute("create table other (x)")
        made.execute("insert into other values (1)")
        made.commit()
    return path.read_bytes()


def test_the_longest_table_of_a_database_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    content = database(tmp_path)
    found = profile(tmp_path, content, "a.db")
    assert (found["format"], found["sheet"], found["rows"]) == ("sqlite", "long one", 5)
    assert [(column["name"], column["type"]) for column in found["columns"]] == [
        *[("id", "integer"), ("code", "text"), ("share", "number"), ("extra", "text")]
    ]
    assert found["columns"][0]["max"] == 2**60 + 4
    told = found["notes"][0]
    assert (told["code"], told["examples"], told["parameter"]) == ("SEVERAL_SHEETS", ["other (1)"], "sheet")
    assert profile(tmp_path, content, "a.db", sheet="other")["rows"] == 1
    for broken, choices, code in (
        (content[:5000], {}, "FILE_UNREADABLE"),
        (content, {"sheet": "z"}, "SHEET_NOT_FOUND"),
    ):
        with pytest.raises(TableError) as caught:
            profile(tmp_path, broken, "a.db", **choices)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.gsheet", b'{"url": "https://docs.google.com/x", "doc_id": "x"}', "Google Drive"),
        ("~$a.xlsx", b"\x05Clara" + b" " * 100, "while a workbook is open"),
        ("a.dbf", b"\x03\x18\x01\x1f" + bytes(60), "dBase"),
        ("a.dta", b"\x72\x02\x01\x00" + bytes(60), "Stata"),
        ("a.xls", b"\x09\x04\x06\x00" + bytes(60), "Excel 2, 3 or 4"),
        ("a.duckdb", bytes(8) + b"DUCK" + bytes(60), "DuckDB"),
        ("._a.csv", b"\x00\x05\x16\x07" + bytes(60), "macOS"),
    ],
)
def test_what_is_not_read_is_refused_by_its_name(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    with pytest.raises(TableError, match=f"^NOT_A_TABLE.*{said}"):
        profile(tmp_path, content, name)


def test_a_database_that_must_be_read_in_memory_has_a_limit_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, connect = database(tmp_path), sqlite3.connect

    def closed(name: str, **options: bool) -> sqlite3.Connection:
        """As where a child may not look into the folders above the file."""
        if options.get("uri"):
            raise sqlite3.OperationalError("unable to open database file")
        return connect(name)

    monkeypatch.setattr(sqlite3, "connect", closed)
    assert profile(tmp_path, content, "a.db")["rows"] == 5
    monkeypatch.setattr("app.reports.readers.sqlite.MOST_IN_MEMORY", 1024)
    with pytest.raises(TableError, match=r"The database has 0 MiB; .* root, one may have 0 MiB\.") as caught:
        profile(tmp_path, content, "a.db")
    assert caught.value.code == "RESOURCE_LIMIT"
