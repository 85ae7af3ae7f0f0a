"""The pipeline `data-report` as a client uses it: tables in, reports and a summary out."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

from tests.conftest import Api
from tests.reports.tables import PEOPLE, bomb, profile_of, report_on, sparse, workbook


async def test_good_and_bad_files_end_partial_each_with_its_own_code(api: Api) -> None:
    far = workbook({"s": [["a"]]})
    files = [
        ("people.csv", PEOPLE),
        ("empty.csv", b"\n"),
        ("none.csv", b""),
        ("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256))),
        ("prose.txt", b"Dear sir, this is a letter.\nIt has lines,\nand no columns at all, as you see.\n"),
        ("bomb.xlsx", bomb()),
        ("sparse.xlsx", sparse()),
        ("cut.xlsx", far[: len(far) // 2]),
        ("broken.json", b'[{"a": 1}, {"a": '),
        ("more.tsv", b"id\tname\tcity\nx1\tBob\tOslo\n"),
    ]
    assert 300_000 < len(files[5][1]) < 500_000
    batch, found = await report_on(api, files)
    assert batch["status"] == "partial"
    assert (batch["total_files"], batch["successful_files"], batch["failed_files"]) == (10, 2, 8)
    assert batch["processing_time_ms"] > 0
    messages = [file["error_message"] for file in found]
    assert {file["file_name"]: file["error_code"] for file in found} == {
        "people.csv": None,
        "empty.csv": "EMPTY_FILE",
        "none.csv": "EMPTY_FILE",
        "picture.csv": "NOT_A_TABLE",
        "prose.txt": "NOT_A_TABLE",
        "bomb.xlsx": "RESOURCE_LIMIT",
        "sparse.xlsx": "RESOURCE_LIMIT",
        "cut.xlsx": "FILE_UNREADABLE",
        "broken.json": "FILE_UNREADABLE",
        "more.tsv": None,
    }, messages
    assert [file["processing_order"] for file in found] == list(range(1, 11))
    assert all(file["error_message"] for file in found if file["processing_status"] == "failed")
    assert [bool(file["report_id"]) for file in found] == [file["processing_status"] == "success" for file in found]
    summary = batch["summary_data"]
    assert (summary["total_rows"], summary["total_columns"], summary["formats"]) == (4, 4, {"csv": 1, "tsv": 1})
    assert summary["shared_columns"] == ["id", "name"]
    assert [column["name"] for column in summary["differing_columns"]] == ["age", "city"]
    (conflict,) = summary["type_conflicts"]
    assert conflict == {"name": "id", "types": {"integer": ["people.csv"], "text": ["more.tsv"]}}
    assert summary["errors"] == {"EMPTY_FILE": 2, "NOT_A_TABLE": 2, "RESOURCE_LIMIT": 2, "FILE_UNREADABLE": 2}
    assert summary["worst_files"][0]["file_name"] == "empty.csv"


async def test_every_digit_of_a_number_comes_through_the_api(api: Api) -> None:
    rows = [f"{10**30 + n},{2**63 + n},1.{n:030}" for n in range(1, 4)]
    profile = await profile_of(api, "long.csv", "\n".join(["huge,long,fine", *rows]).encode())
    huge, long, fine = profile["columns"]
    assert (huge["min"], huge["max"], huge["distinct"]) == (10**30 + 1, 10**30 + 3, 3)
    assert (long["min"], long["sum"]) == (2**63 + 1, 3 * 2**63 + 6)
    assert (huge["exact"]["max"], long["exact"]["p50"]) == (str(10**30 + 3), str(2**63 + 2))
    assert (fine["max"], fine["exact"]["max"]) == (1.0, f"1.{3:030}")


async def test_a_report_says_what_each_column_holds(api: Api) -> None:
    profile = await profile_of(api, "people.csv", PEOPLE)
    assert (profile["rows"], profile["records"], profile["widths"]) == (3, 4, {"3": 4})
    assert (profile["encoding"], profile["delimiter"], profile["header"]) == ("utf-8", ",", True)
    number, name, age = profile["columns"]
    assert (number["type"], number["min"], number["max"], number["distinct"]) == ("integer", 1, 3, 3)
    assert name["top_values"][0] == {"value": "Ada", "count": 2, "share": 0.666667}
    assert (age["nulls"], age["mean"], age["quantiles"]["p50"]) == (1, 40.5, 40.5)
    assert sum(entry["count"] for entry in age["histogram"]) == 2


async def test_the_results_are_in_the_zip_and_the_report_outlives_its_batch(api: Api) -> None:
    batch, (file,) = await report_on(api, [("people.csv", PEOPLE)], keep_reports_days="2")
    archive = zipfile.ZipFile(io.BytesIO((await api.get(batch["links"]["download"])).content))
    assert [name.rpartition("/")[2] for name in archive.namelist()] == ["report.html", "report.json"]
    assert json.loads(archive.read(archive.namelist()[1]))["rows"] == 3
    assert (await api.delete(batch["links"]["batch"])).status_code == 204
    assert (await api.get(batch["links"]["self"])).status_code == 404
    report = (await api.get(f"/api/reports/{file['report_id']}")).json()
    assert (report["batch_id"], report["job_id"], report["row_count"]) == (None, None, 3)
    assert report["expires_at"] > batch["expires_at"]
    assert (await api.delete(f"/api/reports/{file['report_id']}")).status_code == 204
    assert (await api.get(f"/api/reports/{file['report_id']}")).status_code == 404


async def test_workbooks_are_read_by_their_largest_sheet_or_the_one_asked_for(api: Api) -> None:
    book = workbook({"About": [["Made by hand"]], "Data": [["id", "when"], [1, "2026-01-02"], [2, "2026-01-03"]]})
    profile = await profile_of(api, "book.xlsx", book)
    assert (profile["sheet"], profile["rows"], [sheet["name"] for sheet in profile["sheets"]]) == (
        "Data",
        2,
        ["About", "Data"],
    )
    assert [column["type"] for column in profile["columns"]] == ["integer", "date"]
    _, (file,) = await report_on(api, [("book.xlsx", book)], sheet="Missing")
    assert file["error_code"] == "SHEET_NOT_FOUND"


async def test_compressed_tables_are_unpacked(api: Api) -> None:
    profile = await profile_of(api, "people.csv.gz", gzip.compress(PEOPLE))
    assert (profile["rows"], profile["compressed"], profile["format"]) == (3, True, "csv")


async def test_dates_that_can_be_read_in_two_ways_are_decided_by_the_batch_or_by_a_person(api: Api) -> None:
    open_file = b"id,sold\n1,03/04/2024\n2,05/06/2024\n"
    sure_file = b"id,sold\n1,25/12/2024\n2,01/02/2024\n"
    batch, files = await report_on(api, [("open.csv", open_file), ("sure.csv", sure_file)])
    (sold,) = batch["summary_data"]["date_orders"]
    assert (sold["decided"], sold["orders"]) == ("dmy", {"ambiguous": ["open.csv"], "dmy": ["sure.csv"]})
    column = (await api.get(f"/api/reports/{files[0]['report_id']}")).json()["data"]["columns"][1]
    assert {reading["date_order"]: reading["min"] for reading in column["readings"]} == {
        "mdy": "2024-03-04",
        "dmy": "2024-04-03",
    }
    profile = await profile_of(api, "open.csv", open_file, date_order="dmy")
    assert (profile["columns"][1]["min"], profile["confidence"]) == ("2024-04-03", "high")
