"""Parquet files with types of every kind, as tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports.table_errors import TableError
from tests.reports.test_delimited import profile

ODD = """
    select i as id, ('00000000-0000-0000-0000-00000000000' || i)::uuid as u, to_days(i::integer) as span,
        '\\xAA'::blob as bytes,
        {'a': i, 'b': 1.10::decimal(9, 2)} as pair, [i, 2] as list, map {'k': i} as map, '{"a": 1}'::json as document,
        '01:00:00+02'::timetz as zoned_time, '2024-01-01 00:00:00.123456789'::timestamp_ns as precise,
        12345678901234567890.5::decimal(38, 2) as exact, 18446744073709551615::ubigint as large, 0.1::float as short,
        '2024-01-01 10:00:00+00'::timestamptz as zoned, null::varchar as nothing
    from range(3) t(i)
"""


def written(folder: Path, query: str, options: str = "") -> bytes:
    path = folder / "written.parquet"
    duckdb.connect().execute(f"copy ({query}) to '{path}' (format parquet{options})")
    return path.read_bytes()


def columns(found: dict[str, Any]) -> dict[str, Any]:
    return {column["name"]: column for column in found["columns"]}


def test_one_odd_column_does_not_refuse_the_file(tmp_path: Path) -> None:
    found = profile(tmp_path, written(tmp_path, ODD), "odd.parquet")
    by_name = columns(found)
    assert (found["rows"], found["column_count"]) == (3, 15)
    assert {name: by_name[name]["type"] for name in ("id", "u", "span", "pair", "list", "zoned")} == {
        "id": "integer",
        "u": "text",
        "span": "text",
        "pair": "text",
        "list": "text",
        "zoned": "timestamp",
    }
    assert (by_name["list"]["min"], by_name["map"]["max"]) == ("[0,2]", '{"k":2}')
    assert (by_name["u"]["distinct"], by_name["pair"]["min"]) == (3, "{'a': 0, 'b': 1.10}")
    assert (by_name["large"]["max"], by_name["short"]["max"]) == (18446744073709551615, 0.1)
    (told,) = found["notes"]
    assert (told["code"], told["count"]) == ("TYPE_AS_TEXT", 7)
    assert told["examples"][:2] == ["u: UUID", "span: INTERVAL"]


def test_names_are_those_of_the_file(tmp_path: Path) -> None:
    found = profile(
        tmp_path, written(tmp_path, 'select 1 as "Name", {\'x\': 1} as s, 2 as "na me", 3 as "a ""b"'), "a.parquet"
    )
    assert list(columns(found)) == ["Name", "s", "na me", 'a "b']


def test_several_row_groups_and_none(tmp_path: Path) -> None:
    found = profile(
        tmp_path, written(tmp_path, "select * from range(10000) t(n)", ", row_group_size 2048"), "a.parquet"
    )
    assert (found["rows"], found["row_groups"] > 1, columns(found)["n"]["max"]) == (10000, True, 9999)
    found = profile(tmp_path, written(tmp_path, "select 1 as n, 'x' as t where false"), "a.parquet")
    assert (found["rows"], list(columns(found)), [each["code"] for each in found["notes"]]) == (
        0,
        ["n", "t"],
        ["NO_ROWS"],
    )


def test_infinity_is_missing_and_said(tmp_path: Path) -> None:
    query = "select unnest(['nan', 'inf', '1.5'])::double as n, unnest(['infinity', '2024-01-01', null])::date as d"
    found = profile(tmp_path, written(tmp_path, query), "a.parquet")
    (told,) = found["notes"]
    assert (told["code"], told["count"], told["examples"]) == ("NOT_FINITE", 3, ["n (2)", "d (1)"])
    assert [(column["min"], column["nulls"]) for column in found["columns"]] == [(1.5, 2), ("2024-01-01", 2)]


def test_a_broken_column_is_left_empty_and_a_broken_file_refused(tmp_path: Path) -> None:
    content = written(tmp_path, "select i as n, 'value ' || i as t from range(5) r(i)", ", compression uncompressed")
    at = content.index(b"value 0")
    found = profile(tmp_path, content[: at - 4] + b"\xff" * 8 + content[at + 4 :], "a.parquet")
    assert (found["rows"], found["confidence"], columns(found)["n"]["max"]) == (5, "low", 4)
    assert [(each["code"], each["examples"]) for each in found["notes"]] == [("COLUMN_UNREADABLE", ["t: VARCHAR"])]
    for broken, code in ((content[:-20], "FILE_UNREADABLE"), (b"PARE" + content[4:-4] + b"PARE", "FILE_ENCRYPTED")):
        with pytest.raises(TableError) as caught:
            profile(tmp_path, broken, "a.parquet")
        assert caught.value.code == code
        assert "Error" not in str(caught.value)


@pytest.mark.parametrize("crs", ["", ', "crs": "EPSG:4326"'])
def test_shapes_are_text_whatever_the_metadata_say(tmp_path: Path, crs: str) -> None:
    geo = '{"version": "1.0.0", "primary_column": "place", "columns": {"place": {"encoding": "WKB"' + crs + "}}}"
    point = "unhex('0101000000' || '000000000000F83F' || '0000000000000040')"
    content = written(tmp_path, f"select {point} as place, '\\xFF'::blob as geom", f", kv_metadata {{geo: '{geo}'}}")
    found = profile(tmp_path, content, "a.parquet")
    assert [column["min"] for column in found["columns"]] == ["POINT (1.5 2)", "\\xFF"]
    assert found["notes"][0]["examples"] == ["place: WKB", "geom: WKB"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.decimals(-(10**20), 10**20, places=10), st.dates()),
        min_size=1,
        max_size=12,
    )
)
def test_known_values_come_back_as_they_are(tmp_path: Path, rows: list[tuple[int, Decimal, date]]) -> None:
    folder = tmp_path / f"case-{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    values = ", ".join(f"('{n}'::bigint, '{exact:f}'::decimal(38, 10), '{day}'::date)" for n, exact, day in rows)
    found = profile(folder, written(folder, f"select * from (values {values}) t(n, exact, day)"), "a.parquet")
    for column, expected in zip(found["columns"], zip(*rows, strict=True), strict=True):
        assert column["distinct"] == len(set(expected))
        for member, wanted in (("min", min(expected)), ("max", max(expected))):
            read = column.get("exact", {}).get(member, column[member])  # where a double would round it
            assert (date.fromisoformat(read) if isinstance(wanted, date) else Decimal(str(read))) == wanted
