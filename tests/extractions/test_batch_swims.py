"""All swims of a batch in one table: over all its sheets, with the best time of each event."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.auth.people import caller, key_of
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.test_pipeline import drawn, extract


@pytest.fixture(scope="module")
async def batch(api: Api) -> dict[str, Any]:
    """Four sheets of one swimmer, one of them twice."""
    files = [(path.name, path.read_bytes()) for path in sorted(SAMPLES.glob("*.pdf")) if "Scanned" not in path.name]
    return await extract(api, "Maya Lindqvist", [*files, ("again.pdf", files[0][1])])


async def table(api: Api, batch: dict[str, Any], **query: str) -> dict[str, Any]:
    reply = await api.get(f"/api/batches/{batch['id']}/swims", params=query)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


async def test_rows_carry_their_sheet_day_and_event_in_one_form(api: Api, batch: dict[str, Any]) -> None:
    found = await table(api, batch)
    expected = [
        (job["sequence"], swim["event"], swim["time"]) for job in batch["jobs"][:-1] for swim in job["result"]["swims"]
    ]
    assert [(row["sequence"], row["event"], row["time"]) for row in found["swims"]] == expected
    assert (found["total"], found["complete"], found["repeated_sheets"]) == (len(expected), True, 1)
    row = found["swims"][0]
    assert row["job_id"] == batch["jobs"][0]["id"]
    assert row["filename"] == batch["jobs"][0]["filename"]
    assert row["date"] == "2026-11-01"
    said = tuple(row[name] for name in ("event_key", "distance", "stroke", "course", "sex"))
    assert said == ("100 FR SCY", 100, "FR", "SCY", "F")


async def test_each_event_has_its_best_time_and_a_progression(api: Api, batch: dict[str, Any]) -> None:
    found = await table(api, batch)
    own = [row for row in found["swims"] if row["kind"] == "individual" and row["status"] == "OK"]
    assert {event["event_key"] for event in found["events"]} == {row["event_key"] for row in own}
    for event in found["events"]:
        rows = [row for row in own if row["event_key"] == event["event_key"]]
        assert event["best"]["seconds"] == min(row["seconds"] for row in rows)
        assert [point["date"] for point in event["progression"]] == sorted(row["date"] for row in rows)
        (marked,) = [row for row in found["swims"] if row["is_best"] and row["event_key"] == event["event_key"]]
        assert marked["time"] == event["best"]["time"]


async def test_one_event_by_its_key_or_its_title(api: Api, batch: dict[str, Any]) -> None:
    by_key = await table(api, batch, event="100 fr scy")
    assert {row["event_key"] for row in by_key["swims"]} == {"100 FR SCY"}
    assert [event["event_key"] for event in by_key["events"]] == ["100 FR SCY"]
    title = by_key["swims"][0]["event"]
    assert {row["event"] for row in (await table(api, batch, event=title))["swims"]} == {title}
    assert (await table(api, batch, event="1500 FR LCM"))["swims"] == []


async def test_files_hold_the_same_rows(api: Api, batch: dict[str, Any]) -> None:
    shown = (await table(api, batch))["swims"]
    path = f"/api/batches/{batch['id']}/swims"
    reply = await api.get(path, params={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert [(row["sequence"], row["event_key"], row["time"], row["is_best"]) for row in rows] == [
        (str(row["sequence"]), row["event_key"] or "", row["time"] or "", str(row["is_best"])) for row in shown
    ]
    workbook = await api.get(path, params={"format": "xlsx"})
    sheet = zipfile.ZipFile(io.BytesIO(workbook.content)).read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == len(shown) + 1
    assert (await api.get(path, params={"format": "xml"})).status_code == 422
    assert (await api.get(path, params={"event": "a\x00"})).status_code == 422


async def test_a_batch_without_swims_and_one_of_another_organisation(api: Api, batch: dict[str, Any]) -> None:
    reply = await api.post("/api/batches", json={"pipeline": "no-op", "items": [{"record": {}}]})
    empty = await table(api, {"id": reply.json()["batch_id"]})
    assert (empty["swims"], empty["events"], empty["total"]) == ([], [], 0)
    async with caller(api, key=await key_of(api, "others")) as stranger:
        assert (await stranger.get(f"/api/batches/{batch['id']}/swims")).status_code == 404


async def test_a_cell_is_no_formula(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Lindqvist, Maya", "1:51.62"))
    named = await extract(api, "Maya Lindqvist", [("=1+1.pdf", sheet)])
    reply = await api.get(f"/api/batches/{named['id']}/swims", params={"format": "csv"})
    assert "'=1+1.pdf" in reply.text
