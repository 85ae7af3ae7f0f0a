"""Tables of which every figure is known, written by other programs, profile to exactly those figures."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports.profiling import profile_file

EAST = timezone(timedelta(hours=5, minutes=30))
WORDS = st.text(st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo"]), min_size=6, max_size=12)
DAYS = st.dates(date(1900, 1, 1), date(2199, 12, 31))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31))
COLUMNS = {
    "big": st.integers(-(10**30), 10**30),
    "small": st.integers(-1000, 1000),
    "exact": st.decimals(Decimal(-(10**12)), Decimal(10**12), places=6),
    "day": DAYS,
    "moment": MOMENTS,
    "east": MOMENTS.map(lambda moment: moment.replace(tzinfo=EAST)),
    "word": WORDS,
}
Rows = list[tuple[Any, ...]]
ROWS = st.lists(st.tuples(*(values | st.none() for values in COLUMNS.values())), min_size=1, max_size=30)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def profile_of(path: Path) -> dict[str, Any]:
    """As the API gives it: through JSON."""
    with tempfile.TemporaryDirectory() as folder:
        found = profile_file(str(path), path.name, folder)
    return dict(json.loads(json.dumps(found)))


def figure(column: dict[str, Any], name: str) -> Fraction:
    """A number of the report with all its digits."""
    value = column.get("exact", {}).get(name)
    if value is None:
        value = repr(column["quantiles"][name] if name.startswith("p") else column[name])
    return Fraction(value)


def quantile(values: Sequence[Fraction], share: Fraction) -> Fraction:
    place = share * (len(values) - 1)
    low, rest = values[int(place)], place - int(place)
    return low + rest * (values[min(int(place) + 1, len(values) - 1)] - low)


def check_numbers(column: dict[str, Any], values: Sequence[int | Decimal]) -> None:
    exact = sorted(map(Fraction, values))
    assert column["type"] == ("integer" if all(isinstance(value, int) for value in values) else "number")
    assert figure(column, "min") == exact[0]
    assert figure(column, "max") == exact[-1]
    assert figure(column, "sum") == sum(exact)
    assert column["mean"] == float(sum(exact) / len(exact))
    for name, share in (
        ("p5", Fraction(1, 20)),
        ("p25", Fraction(1, 4)),
        ("p50", Fraction(1, 2)),
        ("p95", Fraction(19, 20)),
    ):
        assert figure(column, name) == quantile(exact, share)
    assert (column["zeros"], column["negatives"]) == (exact.count(Fraction(0)), sum(value < 0 for value in exact))
    counts = Counter(exact)
    for entry in column["top_values"]:
        assert counts[Fraction(entry.get("exact", repr(entry["value"])))] == entry["count"]


def check(column: dict[str, Any], values: Sequence[Any]) -> None:
    """Compare a column with what it is known to hold."""
    known = [value for value in values if value is not None]
    assert (column["nulls"], column["distinct"]) == (len(values) - len(known), len(set(known)))
    if not known:
        return
    if isinstance(known[0], int | Decimal):
        check_numbers(column, known)
        return
    shown = [value.isoformat() if isinstance(value, date) else value for value in known]
    low, high = min(known), max(known)
    assert (column["min"], column["max"]) == tuple(
        bound.isoformat() if isinstance(bound, date) else bound for bound in (low, high)
    )
    assert all(shown.count(entry["value"]) == entry["count"] for entry in column["top_values"])


@FEW
@given(ROWS)
def test_csv_of_duckdb(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        connection = duckdb.connect()
        connection.execute(
            "create table known (big hugeint, small integer, exact decimal(20, 6), day date, moment timestamp,"
            " east varchar, word varchar)"
        )
        texts = [(*row[:5], row[5] and row[5].isoformat(), row[6]) for row in rows]
        connection.executemany("insert into known values (?, ?, ?, ?, ?, ?, ?)", texts)
        connection.execute(f"copy known to '{path}' (header)")
        found = profile_of(path)
    assert found["rows"] == len(rows)
    for place, column in enumerate(found["columns"]):
        if any(row[place] is not None for row in rows):
            check(column, [row[place] for row in rows])


@FEW
@given(ROWS)
def test_parquet_of_arrow(rows: Rows) -> None:
    types = [pa.decimal128(38, 0), pa.int64(), pa.decimal128(20, 6), pa.date32(), pa.timestamp("us")]
    types += [pa.timestamp("us", tz="UTC"), pa.string()]
    values = [[row[place] for row in rows] for place in range(len(types))]
    values[0] = [None if each is None else Decimal(each) for each in values[0]]
    values[5] = [each and each.astimezone(UTC) for each in values[5]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        arrays = [pa.array(own, kind) for own, kind in zip(values, types, strict=True)]
        pq.write_table(pa.table(arrays, names=[*COLUMNS]), path)
        found = profile_of(path)
    for column, own in zip(found["columns"], values, strict=True):
        if any(each is not None for each in own):
            check(column, own)


@FEW
@given(st.lists(st.tuples(st.integers(-(10**14), 10**14), DAYS, WORDS, st.booleans()), min_size=1, max_size=30))
def test_workbook_of_openpyxl(rows: Rows) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.xlsx"
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.append(["number", "day", "word", "flag"])
        for row in rows:
            sheet.append(row)
        book.save(path)
        found = profile_of(path)
    number, day, word, flag = found["columns"]
    check(number, [row[0] for row in rows])
    check(day, [row[1] for row in rows])
    check(word, [row[2] for row in rows])
    assert (flag["type"], flag["distinct"]) == ("boolean", len({row[3] for row in rows}))


@pytest.mark.parametrize("digits", [17, 19, 25, 37])
def test_long_numbers_in_every_format(tmp_path: Path, digits: int) -> None:
    values = [10**digits + n * n for n in range(60)]
    (tmp_path / "a.csv").write_text("\n".join(["n,word", *(f"{value},word" for value in values)]))
    (tmp_path / "a.json").write_text(json.dumps([{"n": value, "word": "word"} for value in values]))
    arrow = pa.table({"n": pa.array([Decimal(value) for value in values], pa.decimal128(38, 0))})
    pq.write_table(arrow, tmp_path / "a.parquet")
    for name in ("a.csv", "a.json", "a.parquet"):
        column = profile_of(tmp_path / name)["columns"][0]
        exact = sorted(map(Fraction, values))
        assert [figure(column, figure_name) for figure_name in ("min", "max", "p50")] == [
            exact[0],
            exact[-1],
            quantile(exact, Fraction(1, 2)),
        ]
        assert column["distinct"] == 60


PIECES = st.sampled_from(
    [
        *"0123456789",
        *".,-+/: '()%€$",
        "1.",
        "T",
        "Z",
        "AM",
        "pm",
        "E",
        "e+",
        "2024",
        "12",
        "31",
        "March",
        "märz",
        "GMT",
        "+02:00",
    ]
)
ODD = st.lists(st.lists(PIECES, max_size=9).map("".join), min_size=1, max_size=12)
LIKE_DATES = st.from_regex(
    r"[0-3]?\d([-/.])[01]?\d\1(\d{4}|\d{2})( \d{1,2}:\d\d(:\d\d([.,]\d{1,9})?)?( ?[AP]M)?( ?([+-]\d\d:?\d\d|Z|GMT))?)?",
    fullmatch=True,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ODD | st.lists(LIKE_DATES, min_size=1, max_size=12))
def test_nothing_that_a_column_holds_breaks_it(values: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.tsv"
        path.write_text("\n".join(["x\tword", *(f"{value}\tword" for value in values)]))
        column = profile_of(path)["columns"][0]
    assert column["nulls"] + column.get("misfits", 0) <= len(values)
