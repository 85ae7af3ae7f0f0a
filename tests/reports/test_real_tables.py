"""Real tables, against what other tools say of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.reports.profiling import profile_file
from app.reports.table_errors import TableError

MARKS = {"latin-1": "latin-1", "utf-8": "utf-8-sig", "utf-8-sig": "utf-8-sig"}
"""Our name of an encoding, and the codec by which the other tool read the file: it tries `utf-8-sig` for all."""
TEXT = ("bad", "exonerations-20150828", "FY09_EDU_Recipients_by_State", "ks_1033_data", "mac_newlines", "null_byte")
TEXT += ("seattle-weather", "test_header_newline", "test_latin1", "test_utf8_bom")


def read(real_data: Path, folder: Path, name: str) -> tuple[dict[str, object], dict[str, object]]:
    truth = json.loads((real_data / "TABULAR_TRUTH.json").read_text())[f"tabular/{name}"]
    return profile_file(str(real_data / "tabular" / name), name, str(folder)), truth


@pytest.mark.parametrize("stem", TEXT)
def test_text_tables(real_data: Path, tmp_path: Path, stem: str) -> None:
    found, truth = read(real_data, tmp_path, f"{stem}.csv")
    assert MARKS[str(found["encoding"])] == truth["decodes_as"]
    for ours, theirs in (("bom", "bom"), ("delimiter", "delimiter"), ("records", "records_incl_header")):
        assert found[ours] == truth[theirs]
    assert found["widths"] == truth["widths"]
    assert found["problems"]["nul_bytes"] == truth["nul_bytes"]  # type: ignore[index]
    names = [column["name"] for column in found["columns"][:6]]  # type: ignore[index]
    assert names == [" ".join(name.split()) for name in truth["header"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["cars.json", "testjson_nested.json"])
def test_json(real_data: Path, tmp_path: Path, name: str) -> None:
    found, truth = read(real_data, tmp_path, name)
    assert ["list", found["records"]] == truth["json"]


def test_parquet_and_workbook_and_nothing(real_data: Path, tmp_path: Path) -> None:
    found, truth = read(real_data, tmp_path, "v0.7.1.parquet")
    assert [found["rows"], found["column_count"]] == truth["parquet"]
    (tmp_path / "second").mkdir()
    found, truth = read(real_data, tmp_path / "second", "ne_1033_data.xlsx")
    assert [found["sheet"]] == list(truth["sheets"])  # type: ignore[call-overload]
    assert (found["rows"], found["column_count"]) == (1036, 14)
    with pytest.raises(TableError, match="EMPTY_FILE"):
        read(real_data, tmp_path, "empty.csv")
