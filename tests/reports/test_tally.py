"""A text that DuckDB reads by itself comes to what our own reading of every record makes of it."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.columns.store import Store, load
from app.reports.engine import connect, rows_of
from app.reports.readers.delimited import read_delimited
from app.reports.readers.table import Table

CELLS = (
    "a",
    "12",
    "",
    " ",
    '"q"',
    '"q,r"',
    '"say ""so"""',
    '""',
    'b"c',
    ' "z"',
    '"z" ',
    '"',
    "#c",
    "é",
    "\u00a0",
    "NULL",
)
LINES = st.lists(st.sampled_from(CELLS), min_size=2, max_size=4).map(",".join)
TEXTS = st.tuples(
    st.lists(st.one_of(LINES, st.lists(st.sampled_from(CELLS), min_size=3, max_size=3).map(",".join)), max_size=8),
    st.sampled_from(("\n", "\r\n")),
    st.booleans(),
).map(lambda parts: parts[1].join(["id,name,note", "1,Ada,first", "2,Bob,second", *parts[0]]) + parts[1] * parts[2])


def content(loaded: tuple[Table, Store]) -> dict[str, Any]:
    table, store = loaded
    rows = [[cell or "" for cell in row] for row in rows_of(store, "select * exclude rowid from data order by rowid")]
    return {"rows": rows, "count": table.rows, "facts": table.facts, "problems": table.problems, "notes": table.notes}


def both(text: str) -> tuple[dict[str, Any], dict[str, Any], bool]:
    """What was read by itself (or was not, and then by our rules), and by our rules; and whether it was."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "table.csv"
        path.write_text(text, "utf-8", newline="")
        with connect(folder, path) as connection:
            table = read_delimited(path, "csv", folder)
            if table.tally is None or table.spare is None:
                return {}, {}, False
            loaded = load(connection, table)
            found = content(loaded)
            copied = table.spare()
            ours = copied.spare() if copied.spare else copied
            return found, content(load(connection, ours)), loaded[0] is table


def test_a_table_may_be_written_by_two_threads_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\n".join([",".join("abcdefghijklmnop"), *(",".join([str(row)] * 16) for row in range(100))]))
    with connect(tmp_path, path) as connection:
        _, store = load(connection, read_delimited(path, "csv", tmp_path))
        ((columns,),) = rows_of(store, "select count(*) from duckdb_columns() where table_name = 'kept_data0'")
        ((limit,),) = rows_of(store, "select current_setting('memory_limit')")
        assert columns * 16 <= float(limit.removesuffix(" MiB"))
        assert rows_of(store, "select rowid, c0 from data") == [(row, str(row)) for row in range(100)]


@pytest.mark.parametrize(("short_rows", "count"), [(0, 40), (20_000, 80)])
def test_rows_of_very_long_texts_fit_into_the_memory(tmp_path: Path, short_rows: int, count: int) -> None:
    path = tmp_path / "table.csv"
    texts = [random.Random(seed).randbytes(30_000).hex() for seed in range(20)]
    lines = [",".join(texts[(row + place) % 20] for place in range(7)) for row in range(230)]
    short = ["a,b,c,d,e,f,g"] * short_rows
    path.write_text("\n".join(["one,two,three,four,five,six,seven", *lines, *short]))
    with connect(tmp_path, path) as connection:
        _, store = load(connection, read_delimited(path, "csv", tmp_path))
        assert store.rows == 230 + short_rows
        assert len(store.examples(count)) >= count


@given(TEXTS)
def test_both_readings_are_the_same(text: str) -> None:
    found, expected, _ = both(text)
    assert found == expected


@pytest.mark.parametrize("quoted", ["plain", '"a, b"', '"say ""so"""', "Größe"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_good_text_is_not_read_twice(quoted: str, newline: str) -> None:
    text = newline.join(["id,name,note", *(f"{number},Ada,{quoted}" for number in range(50))])
    found, expected, straight = both(text)
    assert straight
    assert found == expected


@pytest.mark.parametrize(
    "line",
    ['7,Ada, "x"', '7,Ada,"x" ', "7,Ada,x,", "7,Ada", "", "id,name,note", "7,\ufeffAda,x", "7,A\rB,x"],
)
def test_what_a_sum_cannot_vouch_for_is_read_by_our_rules(line: str) -> None:
    text = "\n".join(["id,name,note", *(f"{number},Ada,first" for number in range(50)), line, "8,Ada,last"])
    found, expected, straight = both(text)
    assert not straight
    assert found == expected
