"""The pipeline `pdf-extraction` as a client uses it: sheets in, one swimmer's swims out."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF

from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.sheets import Drawing

Files = list[tuple[str, bytes]]


async def extract(api: Api, swimmer: str, files: Files, **fields: str) -> dict[str, Any]:
    """Submit sheets and wait for the end; the batch with its events."""
    data = {"pipeline": "pdf-extraction", "swimmer_name": swimmer, **fields}
    parts = [("files", (name, content, "application/pdf")) for name, content in files]
    reply = await api.post("/api/jobs/batch", data=data, files=parts)
    assert reply.status_code == 201, reply.text
    batch_id = reply.json()["batch_id"]
    events = await follow(api, batch_id)
    return await get_batch(api, batch_id) | {"events": events}


def drawn(tmp_path: Path, *rows: tuple[str, str], event: str = "Event 12  Women 200 Yard Freestyle") -> bytes:
    """A sheet with rows of name and time."""
    drawing = Drawing().page().line(event).headers()
    for place, (name, final) in enumerate(rows, 1):
        drawing.row(str(place), name, "16", "Lakeside", seed="2:05.00", final=final)
    path = tmp_path / f"{len(rows)}-{rows[0][1].replace(':', '')}.pdf"
    drawing.save(path)
    return path.read_bytes()


def of_one_name(tmp_path: Path) -> bytes:
    """A sheet with two swimmers of one name, 16 and 13 years old."""
    drawing = Drawing().page().line("Event 12  Women 200 Yard Freestyle").headers()
    drawing.row("1", "Lindqvist, Maya", "16", "Lakeside", seed="2:05.00", final="1:51.62")
    drawing.row("2", "Lindqvist, Maya", "13", "Harbour City", seed="2:05.00", final="1:55.00")
    drawing.save(tmp_path / "two.pdf")
    return (tmp_path / "two.pdf").read_bytes()


def encrypted() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica")
    pdf.cell(text="secret")
    pdf.set_encryption(owner_password="owner", user_password="user")
    return bytes(pdf.output())


async def test_a_sheet_goes_through_the_four_stages_and_gives_the_swims(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Okafor, Ada", "1:50.11"), ("Lindqvist, Maya", "1:51.62"))
    batch = await extract(api, "Maya Lindqvist", [("Lakeside.pdf", sheet)])
    job = batch["jobs"][0]
    assert [(step["name"], step["status"]) for step in job["steps"]] == [
        ("downloading", "completed"),
        ("uploading_to_ai", "skipped"),
        ("extracting", "completed"),
        ("caching", "completed"),
    ]
    stages = [event["stage"] for event in batch["events"] if event["job_id"]]
    assert list(dict.fromkeys(stages)) == ["downloading", "uploading_to_ai", "extracting", "caching", "done"]
    (swim,) = job["result"]["swims"]
    assert (swim["event"], swim["place"], swim["time"]) == ("Women 200 Yard Freestyle", 2, "1:51.62")
    assert job["progress_message"] == "1 swim on 1 page"
    assert batch["summary_data"]["swims"] == 1
    assert batch["expires_at"] > batch["created_at"]


async def test_near_names_are_offered_when_none_matches(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Lindqvist, Maja", "1:51.62"), ("Okafor, Ada", "1:52.00"))
    job = (await extract(api, "Maya Lindqvist", [("a.pdf", sheet)]))["jobs"][0]
    assert job["status"] == "completed"
    assert job["result"]["swims"] == []
    assert job["result"]["near_names"] == ["Lindqvist, Maja"]
    (near,) = job["result"]["near"]
    assert (near["team"], near["age"], near["events"]) == ("Lakeside", "16", ["Women 200 Yard Freestyle"])
    assert job["result"]["not_found"] == "NOT_ON_SHEET"


async def test_two_people_of_one_name_are_told_apart_or_left_alone(api: Api, tmp_path: Path) -> None:
    files = [("two.pdf", of_one_name(tmp_path))]
    result = (await extract(api, "Maya Lindqvist", files))["jobs"][0]["result"]
    assert (result["match"], result["not_found"], result["swims"]) == ("ambiguous", "AMBIGUOUS_NAME", [])
    assert "club or a year of birth" in result["reason"]
    assert [(near["team"], near["age"]) for near in result["near"]] == [("Lakeside", "16"), ("Harbour City", "13")]
    for more, time in (({"club": "harbour"}, "1:55.00"), ({"birth_year": "2010"}, "1:51.62")):
        result = (await extract(api, "Maya Lindqvist", files, **more))["jobs"][0]["result"]
        assert ([swim["time"] for swim in result["swims"]], result["not_found"]) == ([time], None)


async def test_the_same_sheet_twice_counts_once(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Lindqvist, Maya", "1:39.62"))
    other = drawn(tmp_path, ("Lindqvist, Maya", "1:38.62"))
    summary = (await extract(api, "Maya Lindqvist", [("a.pdf", sheet), ("b.pdf", sheet), ("c.pdf", other)]))[
        "summary_data"
    ]
    counted = ("sheets", "repeated_sheets", "sheets_read", "sheets_with_swimmer", "swims")
    assert [summary[name] for name in counted] == [3, 1, 2, 2, 2]


async def test_the_same_sheet_again_is_cached_under_any_name_and_for_any_swimmer(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Okafor, Ada", "1:40.01"), ("Lindqvist, Maya", "1:41.02"), ("Keane, Orla", "1:43.00"))
    first = await extract(api, "Ada Okafor", [("a.pdf", sheet)])
    again = await extract(api, "Orla Keane", [("b.pdf", sheet)])
    assert (first["counters"]["cached"], again["counters"]["cached"]) == (0, 1)
    job = again["jobs"][0]
    assert job["cached"]
    assert [swim["time"] for swim in job["result"]["swims"]] == ["1:43.00"]
    assert {step["name"]: step["status"] for step in job["steps"]}["caching"] == "skipped"


async def test_bad_sheets_fail_alone_each_with_its_own_code(api: Api, tmp_path: Path) -> None:
    good = drawn(tmp_path, ("Lindqvist, Maya", "1:59.99"))
    files = [
        ("good.pdf", good),
        ("broken.pdf", good[: len(good) // 3]),
        ("empty.pdf", b""),
        ("text.pdf", b"this is not a PDF"),
        ("encrypted.pdf", encrypted()),
        ("scan.pdf", (SAMPLES / "2026-11-18 Scanned page.pdf").read_bytes()),
        ("good again.pdf", drawn(tmp_path, ("Lindqvist, Maya", "1:58.88"))),
    ]
    batch = await extract(api, "Maya Lindqvist", files)
    codes = {job["filename"]: job["error_code"] for job in batch["jobs"]}
    assert codes == {
        "good.pdf": None,
        "broken.pdf": "PDF_UNREADABLE",
        "empty.pdf": "PDF_UNREADABLE",
        "text.pdf": "PDF_UNREADABLE",
        "encrypted.pdf": "PDF_ENCRYPTED",
        "scan.pdf": "NO_TEXT_LAYER",
        "good again.pdf": None,
    }
    assert batch["status"] == "partial"
    assert all(job["retry_count"] == 0 for job in batch["jobs"])


async def test_the_zip_holds_a_folder_for_each_completed_job(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Lindqvist, Maya", "1:44.44"))
    batch = await extract(api, "Lindqvist, Maya", [("../Lakeside: finals.pdf", sheet), ("bad.pdf", b"no")])
    reply = await api.get(f"/api/batches/{batch['id']}/download")
    archive = zipfile.ZipFile(io.BytesIO(reply.content))
    assert archive.testzip() is None
    assert archive.namelist() == ["001 Lakeside_ finals/sheet.json", "001 Lakeside_ finals/swims.csv"]
    assert len(json.loads(archive.read("001 Lakeside_ finals/sheet.json"))["swims"]) == 1
    rows = list(csv.DictReader(io.StringIO(archive.read("001 Lakeside_ finals/swims.csv").decode("utf-8-sig"))))
    assert rows[0]["time"] == "1:44.44"
    job = (await api.get(f"/api/jobs/{batch['jobs'][0]['id']}")).json()["job"]
    swims = await api.get(next(output["url"] for output in job["outputs"] if output["name"] == "swims.csv"))
    assert swims.content == archive.read("001 Lakeside_ finals/swims.csv")


async def test_the_swimmer_is_required(api: Api, tmp_path: Path) -> None:
    parts = [("files", ("a.pdf", b"x", "application/pdf"))]
    reply = await api.post("/api/jobs/batch", data={"pipeline": "pdf-extraction"}, files=parts)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["loc"] == ["body", "params", "swimmer_name"]


async def test_a_url_on_a_private_address_fails_its_job_at_once(api: Api) -> None:
    fields = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist", "urls": f"{api.base_url}/healthz"}
    reply = await api.post("/api/jobs/batch", data=fields, files=[("files", ("", b""))])
    assert reply.status_code == 201, reply.text
    await follow(api, reply.json()["batch_id"])
    job = (await get_batch(api, reply.json()["batch_id"]))["jobs"][0]
    assert (job["status"], job["error_code"], job["retry_count"]) == ("failed", "ADDRESS_NOT_ALLOWED", 0)


async def test_the_samples_of_the_demo_read_as_they_should(api: Api) -> None:
    files = [(path.name, path.read_bytes()) for path in sorted(SAMPLES.glob("*.pdf"))]
    batch = await extract(api, "Maya Lindqvist", files)
    assert [job["status"] for job in batch["jobs"]] == ["completed"] * 4 + ["failed"]
    assert batch["summary_data"]["sheets_with_swimmer"] == 4


@pytest.mark.parametrize("stem", ["Texas-Florida-Indiana_115a1f", "gt_v_army_results_2col"])
async def test_real_sheets_give_every_swim_of_the_truth_and_no_other(api: Api, real_data: Path, stem: str) -> None:
    sheet = (real_data / "pdf" / f"{stem}.pdf").read_bytes()
    truth = json.loads((real_data / "pdf" / "truth" / f"{stem}.truth.json").read_text())
    fields = ("kind", "event_number", "event", "time", "status", "place", "points", "exhibition", "page")
    for swimmer, expected in truth["swimmers"].items():
        job = (await extract(api, swimmer, [(f"{stem}.pdf", sheet)]))["jobs"][0]
        found = [{name: swim[name] for name in fields} for swim in job["result"]["swims"]]
        assert found == [{name: swim[name] for name in fields} for swim in expected]


async def test_a_real_list_of_top_times_yields_no_swims_and_says_so(api: Api, real_data: Path) -> None:
    sheet = (real_data / "pdf" / "RIT_TopTimes_FS2021_313c1d.pdf").read_bytes()
    job = (await extract(api, "Anyone", [("top.pdf", sheet)]))["jobs"][0]
    assert job["status"] == "completed"
    assert job["result"]["swims_on_sheet"] == 0
    assert "top times" in job["result"]["reason"]
