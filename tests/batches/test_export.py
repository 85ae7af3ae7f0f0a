"""A batch as a table: every job, every plain member of a result, and nothing that a spreadsheet would run."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
import re
import time
import zipfile
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from app.batches.export import FIELDS
from app.kit.spreadsheets import MAX_XLSX_TEXT, write_xlsx
from tests.auth.people import caller, key_of
from tests.batch_helpers import submit
from tests.conftest import Api
from tests.files.bodies import query
from tests.patience import patient

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://evil.example")', "＝1+1"]
FORMATS = ["csv", "json", "xlsx"]


async def export(api: Api, batch_id: str, wanted: str) -> httpx.Response:
    reply = await api.get(f"/api/batches/{batch_id}/export", params={"format": wanted})
    assert reply.status_code == 200, reply.text
    assert int(reply.headers["Content-Length"]) == len(reply.content)
    return reply


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_xlsx(content: bytes) -> list[list[Any]]:
    """The cells of the only sheet, row by row; fails on a formula."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
    assert sheet.findall(f".//{MAIN}f") == []
    return [_row(row) for row in sheet.iter(f"{MAIN}row")]


def _row(row: ElementTree.Element) -> list[Any]:
    """Its cells up to the last one that is filled: empty ones are not in the file."""
    cells = {column_of(cell.get("r", "")): _cell(cell) for cell in row.findall(f"{MAIN}c")}
    return [cells.get(place) for place in range(1, max(cells, default=0) + 1)]


def column_of(reference: str) -> int:
    """1 for A7, 27 for AA7."""
    letters = reference.rstrip("0123456789")
    return sum((ord(letter) - 64) * 26**power for power, letter in enumerate(reversed(letters)))


def _cell(cell: ElementTree.Element) -> Any:
    if cell.get("t") == "inlineStr":
        text = cell.findtext(f"{MAIN}is/{MAIN}t") or ""
        return re.sub(r"_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), text)
    value = cell.findtext(f"{MAIN}v")
    return value == "1" if cell.get("t") == "b" else None if value is None else json.loads(value)


def rows_of(content: bytes) -> list[dict[str, Any]]:
    head, *rows = read_xlsx(content)
    return [dict(itertools.zip_longest(head, row)) for row in rows]


async def finished(api: Api, results: list[Any], names: list[str] | None = None) -> str:
    """A batch whose jobs have completed with these results."""
    items = [{"record": {}} | ({"name": names[at]} if names else {}) for at in range(len(results))]
    created = await api.post(
        "/api/batches", json={"pipeline": "typed", "items": items, "start": False}, timeout=patient(60)
    )
    batch_id = str(created.json()["batch_id"])
    statement = """
    with ended as (
      update jobs j set status = 'completed', started_at = now() - interval '1500 milliseconds', completed_at = now(),
        stage = 'done', attempt = 2, result = r.result
      from jsonb_array_elements(cast(:results as jsonb)) with ordinality as r(result, place)
      where j.batch_id = :id and j.sequence = r.place returning j.id
    ) select count(*) from ended"""
    assert await query(api, statement, id=batch_id, results=json.dumps(results)) == len(results)
    return batch_id


async def test_csv(api: Api) -> None:
    batch_id = await finished(
        api, [{"a": 1, "nested": {"x": 1}}, {"b": 'te"xt', "list": [1]}, None], ["x", "y", "Größe"]
    )
    reply = await export(api, batch_id, "csv")
    name = await query(api, "select base_directory_name from batches where id = :id", id=batch_id)
    assert reply.headers["Content-Disposition"].startswith(f'attachment; filename="{name}.csv"')
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    first, second, third = read_csv(reply.content)
    assert list(first) == [*FIELDS, "result.a", "result.b"]
    assert (first["sequence"], first["filename"], first["status"], first["stage"]) == ("1", "x", "completed", "done")
    assert (first["attempts"], first["duration_ms"], first["source_type"]) == ("2", "1500", "record")
    assert (first["result.a"], first["result.b"], second["result.a"], second["result.b"]) == ("1", "", "", 'te"xt')
    assert (third["filename"], third["result.a"], third["error_code"], third["cached"]) == ("Größe", "", "", "False")
    default = await api.get(f"/api/batches/{batch_id}/export")
    assert default.content == reply.content


async def test_json_has_the_result_as_it_is(api: Api) -> None:
    results = [{"a": {"b": [1, None, "=1"]}, "big": 12345678901234567890123, "float": 1.5}, None, "text"]
    reply = await export(api, await finished(api, results), "json")
    assert reply.headers["Content-Type"] == "application/json"
    found = reply.json()
    assert [row["result"] for row in found] == results
    assert list(found[0]) == [*FIELDS, "result"]
    assert (found[0]["sequence"], found[0]["duration_ms"], found[0]["cached"]) == (1, 1500, False)


async def test_xlsx_keeps_types(api: Api) -> None:
    result = {
        "n": -3,
        "float": 1.25,
        "yes": True,
        "text": "007",
        "big": 12345678901234567890,
        "control": "a\x01b_x0041_",
    }
    reply = await export(api, await finished(api, [result]), "xlsx")
    assert reply.headers["Content-Type"].startswith("application/vnd.openxmlformats-officedocument.spreadsheetml")
    (row,) = rows_of(reply.content)
    expected = result | {"big": "12345678901234567890"}
    assert {name.removeprefix("result."): value for name, value in row.items() if "." in name} == expected
    assert (row["sequence"], row["cached"], row["duration_ms"], row["error_code"]) == (1, False, 1500, None)


@pytest.mark.parametrize("wanted", FORMATS)
async def test_no_cell_is_a_formula(api: Api, wanted: str) -> None:
    results = [{"value": text, text: "key"} for text in HOSTILE]
    batch_id = await finished(api, results)
    for at, text in enumerate(HOSTILE, 1):
        change = "filename = :text, error_message = :text, source_url = :text"
        statement = f"update jobs set {change} where batch_id = :id and sequence = :at returning 1"
        await query(api, statement, id=batch_id, text=text, at=at)
    content = (await export(api, batch_id, wanted)).content
    if wanted == "json":  # is not for spreadsheets: a text is a text
        rows = json.loads(content)
        assert [row["filename"] for row in rows] == HOSTILE
        assert [row["result"] for row in rows] == results
        return
    rows = read_csv(content) if wanted == "csv" else rows_of(content)
    for name in ("filename", "error_message", "source_url", "result.value"):
        assert [row[name] for row in rows] == [f"'{text}" for text in HOSTILE], name
    for row in rows:
        for cell in [*row, *row.values()]:
            assert not str(cell or "").startswith(tuple("=+-@\t\r\n＝")), cell


async def test_empty_batch(api: Api) -> None:
    batch_id = await submit(api, "typed", [], start=False)
    assert (await export(api, batch_id, "json")).json() == []
    assert (await export(api, batch_id, "csv")).text.split() == ["\ufeff" + ",".join(FIELDS)]
    assert read_xlsx((await export(api, batch_id, "xlsx")).content) == [list(FIELDS)]


@pytest.mark.parametrize("wanted", FORMATS)
async def test_ten_thousand_jobs_leave_the_loop_alone(api: Api, wanted: str) -> None:
    results = [{"n": n, "name": f"row {n}", "share": n / 7, "more": {"list": list(range(20))}} for n in range(10_000)]
    batch_id = await finished(api, results)
    task, longest = asyncio.create_task(export(api, batch_id, wanted)), 0.0
    while not task.done():
        before = time.thread_time()
        await asyncio.sleep(0.005)
        longest = max(longest, time.thread_time() - before)
    content = (await task).content
    assert longest < 0.5
    if wanted == "json":
        assert [row["result"] for row in json.loads(content)] == results
    else:
        rows: list[dict[str, Any]] = read_csv(content) if wanted == "csv" else rows_of(content)
        assert [int(row["result.n"]) for row in rows] == list(range(10_000))
        # A workbook keeps 16 digits.
        assert [float(row["result.share"]) for row in rows] == pytest.approx([n / 7 for n in range(10_000)], rel=1e-15)


async def test_slow_reader_holds_no_connection(api: Api) -> None:
    batch_id = await finished(api, [{"text": "x" * 4000} for _ in range(2000)])
    path = f"/api/batches/{batch_id}/export"
    async with api.stream("GET", path) as reply:
        state = "state like 'idle in transaction%' or (state = 'active' and pid <> pg_backend_pid())"
        busy = f"select count(*) from pg_stat_activity where datname = current_database() and ({state})"
        assert await query(api, busy) == 0
        assert len(await reply.aread()) > 8_000_000


async def test_longest_text_of_a_cell() -> None:
    for text in ("x" * 40_000, "🏊" * 20_000, "\r" * 40_000):
        file = io.BytesIO()
        write_xlsx(file, ["text"], [{"text": text}], sheet='"A" & <B>')
        cell = read_xlsx(file.getvalue())[1][0]
        assert MAX_XLSX_TEXT - 1 <= len(cell.encode("utf-16-le")) / 2 <= MAX_XLSX_TEXT


async def test_unknown_format_and_other_organisation(api: Api) -> None:
    batch_id = await submit(api, "typed", [{}])
    reply = await api.get(f"/api/batches/{batch_id}/export", params={"format": "pdf"})
    assert (reply.status_code, reply.json()["code"]) == (422, "validation_failed")
    async with caller(api, await key_of(api, "Second")) as second:
        for wanted in FORMATS:
            reply = await second.get(f"/api/batches/{batch_id}/export", params={"format": wanted})
            assert (reply.status_code, reply.json()["code"]) == (404, "batch_not_found")
