"""Tables of more columns than are read together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.reports.columns.shortened import shorten
from app.reports.profiling import profile_file

WIDTH, ROWS = 150, 60


def table(*, quoted: bool) -> list[str]:
    """A header and rows: numbers in three columns of four, and texts with what has to be quoted in the fourth."""
    text = '"a, ""b"" {}"' if quoted else "ab {}"
    cells = (
        lambda row, place: str(row * place),
        lambda row, place: f"{row}.{place:03}",
        lambda row, _: text.format(row),
    )
    body = [",".join(cells[place % 3](row, place) for place in range(WIDTH)) for row in range(ROWS)]
    return [",".join(f"column {place}" for place in range(WIDTH)), *body]


def profile(folder: Path, content: str) -> dict[str, Any]:
    path = folder / "wide.csv"
    path.write_text(content)
    scratch = folder / "scratch"
    scratch.mkdir()
    return profile_file(str(path), path.name, str(scratch))


def check(found: dict[str, Any], text: str) -> None:
    assert found["column_count"] == found["columns_described"] == WIDTH
    for place, column in enumerate(found["columns"]):
        assert column["name"] == f"column {place}"
        if place % 3 == 0:
            assert (column["type"], column["min"], column["max"]) == ("integer", 0, (ROWS - 1) * place)
        elif place % 3 == 1:
            assert (column["type"], column["max"]) == ("number", float(f"{ROWS - 1}.{place:03}"))
        else:
            assert (column["type"], column["min"]) == ("text", text.format(0))


@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_wide_table_is_described_to_its_last_column(tmp_path: Path, newline: str, quoted: bool) -> None:
    lines = table(quoted=quoted)
    found = profile(tmp_path, newline.join([*lines, lines[7]]))
    check(found, 'a, "b" {}' if quoted else "ab {}")
    assert (found["rows"], found["problems"]["duplicate_rows"]) == (ROWS + 1, 1)
    assert found["problems"]["duplicates"] == [{"row": 7, "repeats": 1}]


def test_a_wide_table_with_odd_rows_is_mended(tmp_path: Path) -> None:
    lines = table(quoted=True)
    lines[30:30] = ["1,2,3", ""]
    found = profile(tmp_path, "\n".join(lines))
    assert (found["rows"], found["problems"]["ragged_rows"], found["problems"]["blank_lines"]) == (ROWS + 1, 1, 1)
    assert found["columns"][WIDTH - 3]["nulls"] == 1
    assert found["columns"][WIDTH - 3]["max"] == (ROWS - 1) * (WIDTH - 3)


def test_wide_json(tmp_path: Path) -> None:
    records = [{f"m{place}": row * place for place in range(WIDTH)} for row in range(ROWS)]
    (tmp_path / "wide.json").write_text(json.dumps(records))
    (tmp_path / "scratch").mkdir()
    found = profile_file(str(tmp_path / "wide.json"), "wide.json", str(tmp_path / "scratch"))
    assert [column["max"] for column in found["columns"]] == [(ROWS - 1) * place for place in range(WIDTH)]


def test_a_report_has_a_size_that_can_be_read() -> None:
    columns = [{"name": f"c{place}", "type": "text", "nulls": 0, "top_values": ["x" * 500]} for place in range(10)]
    assert shorten(columns, 3_000) == 5
    assert [len(column) for column in columns] == [4] * 5 + [3] * 5
