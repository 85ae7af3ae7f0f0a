"""What the files of a batch come to together: confidence and notes, what contradicts, and what stands out."""

from __future__ import annotations

from typing import Any

import pytest

from app.reports import note_groups, notes
from app.reports.note_groups import MOST_NAMED, grouped_notes
from app.reports.overview import overview_of
from app.reports.summary import summarise
from tests.conftest import Api
from tests.reports.tables import report_on

Column = dict[str, Any]


def job(sequence: int, columns: list[Column], **result: Any) -> dict[str, Any]:
    facts = {"rows": 10, "column_count": len(columns), "file_size": 100, "format": "csv", "encoding": "utf-8"}
    whole = {"problems": {}, "confidence": "high", "notes": [], "columns": columns} | facts | result
    ended = {"status": "completed", "error_code": None, "error_message": None}
    return {"sequence": sequence, "filename": f"{sequence}.csv", "result": whole, **ended}


def day(name: str, order: str) -> Column:
    return {"name": name, "type": "date", "date_order": order}


def test_confidence_and_notes_are_counted_by_file() -> None:
    doubt = {"code": "A", "confidence": "low", "message": "Odd.", "count": 7}
    found = summarise([job(1, []), job(2, [], confidence="low", notes=[doubt]), job(3, [], confidence="check")])
    assert found["confidence"] == {"high": 1, "check": 1, "low": 1}
    assert (found["files_to_check"], found["notes"]) == ([2, 3], {"A": 1})
    assert [(file["processing_order"], file["notes"]) for file in found["worst_files"]] == [(2, ["A"]), (3, [])]


def test_an_ambiguous_date_is_decided_by_another_file_or_column_and_a_conflict_is_none() -> None:
    jobs = [
        job(1, [day("sold", "ambiguous"), day("paid", "ambiguous"), day("sent", "dmy")]),
        job(2, [day("sold", "dmy"), day("sent", "mdy")]),
    ]
    assert summarise(jobs)["date_orders"] == [
        {"name": "sold", "orders": {"ambiguous": ["1.csv"], "dmy": ["2.csv"]}, "conflict": False, "decided": "dmy"},
        {"name": "paid", "orders": {"ambiguous": ["1.csv"]}, "conflict": False, "decided": None},
        {"name": "sent", "orders": {"dmy": ["1.csv"], "mdy": ["2.csv"]}, "conflict": True, "decided": None},
    ]
    (paid,) = summarise([job(1, [day("paid", "ambiguous"), day("sent", "dmy")])])["date_orders"]
    assert paid["decided"] == "dmy"
    assert summarise([job(1, [day("sent", "dmy")]), job(2, [day("sent", "dmy")])])["date_orders"] == []


def test_types_and_units_that_differ_are_conflicts() -> None:
    jobs = [
        job(1, [{"name": "share", "type": "number", "unit": "%"}, {"name": "id", "type": "integer"}]),
        job(2, [{"name": "share", "type": "number"}, {"name": "id", "type": "text"}]),
        job(3, [{"name": "share", "type": "empty"}, {"name": "id", "type": "empty"}]),
    ]
    found = summarise(jobs)
    assert found["unit_conflicts"] == [{"name": "share", "units": {"%": ["1.csv"], "": ["2.csv"]}}]
    assert found["type_conflicts"] == [{"name": "id", "types": {"integer": ["1.csv"], "text": ["2.csv"]}}]


def test_outliers_are_far_from_what_is_usual_among_enough_files() -> None:
    def table(sequence: int, mean: float, missing: float = 0.0, rows: int = 10) -> dict[str, Any]:
        return job(sequence, [{"name": "price", "type": "number", "mean": mean, "null_share": missing}], rows=rows)

    usual = [table(n, 10 + n / 100) for n in range(6)]
    found = summarise([*usual, table(6, 12_500.0), table(7, 10.0, missing=0.4), table(8, 10.0, rows=4000)])["outliers"]
    assert {(one["file_name"], one["column"], one["measure"], one["value"]) for one in found} == {
        ("6.csv", "price", "mean", 12_500.0),
        ("7.csv", "price", "null_share", 0.4),
        ("8.csv", None, "rows", 4000),
    }
    assert summarise(usual)["outliers"] == []
    assert summarise([table(1, 1.0), table(2, 1000.0)])["outliers"] == []


def test_columns_of_one_name_in_one_file_count_once() -> None:
    twice = [{"name": "a", "type": "text"}, {"name": "a", "type": "text"}]
    found = summarise([job(1, twice), job(2, twice[:1])])
    assert (found["shared_columns"], found["differing_columns"]) == (["a"], [])


def test_notes_of_many_columns_are_one_with_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(note_groups, "CODES", {"A": "check", "B": "low"})
    assert note_groups.CODES is not notes.CODES
    one = {"code": "A", "message": "First.", "count": 2, "lines": [3], "parameter": "decimal", "choices": ["comma"]}
    columns = [{"name": f"c{n}", "notes": [one | {"lines": [n]}]} for n in range(2000)]
    own = {"code": "B", "message": "Whole.", "count": 1}
    low, check = grouped_notes({"notes": [own], "columns": columns})
    assert low == {"code": "B", "confidence": "low", "message": "Whole.", "count": 1}
    assert (check["count"], check["columns"], len(check["in_columns"])) == (4000, 2000, MOST_NAMED)
    assert (check["parameter"], check["choices"], len(check["lines"])) == ("decimal", ["comma"], notes.MOST_LINES)


async def test_the_shared_page_of_a_batch_says_what_it_comes_to(api: Api) -> None:
    rows = b"".join(b"%d,2.5\n" % n for n in range(40))
    tables = [
        ("a.csv", b"id,price\n" + rows),
        ("b.csv", b"id,price\n" + rows.replace(b"2.5", b"cheap")),
        ("c.csv", b""),
    ]
    batch, _ = await report_on(api, tables)
    link = (await api.post(f"/api/batches/{batch['id']}/result-codes")).json()
    page = (await api.get(f"/r/{link['code']}")).text
    for said in (
        "Worst files",
        "EMPTY_FILE: The file has no content.",
        "number: a.csv",
        "text: b.csv",
        "<dt>Rows</dt>",
    ):
        assert said in page, said


def test_a_summary_in_words_has_what_contradicts_and_what_stands_out() -> None:
    jobs = [job(n, [day("sold", "dmy"), {"name": "price", "type": "number", "mean": 10.0}]) for n in range(6)]
    jobs.append(job(7, [day("sold", "mdy"), {"name": "price", "type": "number", "mean": 1e6}], confidence="low"))
    found = overview_of(summarise(jobs))
    assert ("Hardly read", "1") in found.facts
    tables = {table.title: table.rows for table in found.tables}
    assert tables["Conflicts"] == [
        ("sold", "order of dates", "dmy: 0.csv, 1.csv, 2.csv, 3.csv, 4.csv, …; mdy: 7.csv"),
    ]
    assert tables["Outliers"] == [("7.csv", "price", "mean", "1e+06", "10")]
