"""How sure a reading is, wherever somebody looks: the job, its CSV, the batch, the events, the API, a share link."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from app.extractions.reading import is_reading, pages_text
from tests.conftest import Api
from tests.extractions.sheets import Drawing
from tests.extractions.test_pipeline import extract

ROWS = 10


def doubtful(path: Path, *teamless: int, title: str = "Lakeside Invitational") -> bytes:
    """A sheet with a page for each number: so many of the ten rows of the page have no team."""
    drawing = Drawing(title=(f"{title} - 11/13/2026", "Results"))
    for page, without in enumerate(teamless, 1):
        drawing.page().line(f"Event {page}  Women {page * 100} Yard Freestyle").headers()
        drawing.row("1", "Lindqvist, Maya", "16", "Lakeside", seed="50.00", final="49.00")
        for place in range(2, ROWS + 1):
            team = "" if place <= without + 1 else "Northgate"
            drawing.row(
                str(place), f"Okafor, {'ABCDEFGHIJ'[place - 1]}da", "15", team, seed="55.00", final=f"{48 + place}.50"
            )
    drawing.save(path)
    return path.read_bytes()


def unread(path: Path) -> bytes:
    """Four results in a layout that nobody knows."""
    drawing = Drawing(title=("Village gala", "Results"), printed="Printed ")
    drawing.page()
    for place, name in enumerate(("Lindqvist Maya", "Okafor Ada", "Keane Orla", "Novak Petra"), 1):
        drawing.line(f"{place} {name} Lakeside 0:4{place}.10")
    drawing.save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sheets")
    return {
        "high": doubtful(folder / "high.pdf", 0),
        "check": doubtful(folder / "check.pdf", 1),
        "low": unread(folder / "low.pdf"),
    }


@pytest.fixture
async def batch(api: Api, sheets: dict[str, bytes]) -> dict[str, Any]:
    return await extract(api, "Maya Lindqvist", [(f"{name}.pdf", sheet) for name, sheet in sheets.items()])


async def test_each_confidence_is_in_the_result(batch: dict[str, Any]) -> None:
    high, check, low = (job["result"] for job in batch["jobs"])
    assert [one["confidence"] for one in (high, check, low)] == ["high", "check", "low"]
    assert (high["warnings"], high["reading"]["unread"]) == ([], 0)
    (warning,) = check["warnings"]
    assert (warning["code"], warning["page"], warning["count"]) == ("ROWS_WITHOUT_TEAM", 1, 1)
    assert {(one["code"], one["page"], one["count"]) for one in low["warnings"]} >= {("LINES_NOT_READ", 1, 4)}
    assert [
        line["text"].split()[1] for line in low["reading"]["unread_lines"]
    ] == "Lindqvist Okafor Keane Novak".split()


async def test_a_low_reading_does_not_say_that_somebody_is_not_there(api: Api, tmp_path: Path) -> None:
    sheet = doubtful(tmp_path / "low.pdf", 4)
    (job,) = (await extract(api, "Irina Petrov", [("low.pdf", sheet)]))["jobs"]
    assert job["result"]["confidence"] == "low"
    assert job["result"]["reason"] == (
        "Much of this sheet was not read with certainty, so Irina Petrov may be on this sheet: check page 1."
    )
    assert "is not on" not in job["progress_message"]


async def test_the_batch_sums_up_and_names_the_jobs_to_look_at(batch: dict[str, Any]) -> None:
    summary = batch["summary_data"]
    assert summary["confidence"] == {"high": 1, "check": 1, "low": 1}
    assert (summary["lines_not_read"], summary["jobs_to_check"]) == (4, [2, 3])


async def test_the_events_say_what_was_not_read(batch: dict[str, Any]) -> None:
    said = {event["sequence"]: event["message"] for event in batch["events"] if event["type"] == "job.completed"}
    assert said[1] == "1 swim on 1 page"
    assert said[2] == "1 swim on 1 page; to be checked"
    assert "4 lines were not read (page 1)" in said[3]


async def test_the_tables_have_a_column(api: Api, batch: dict[str, Any]) -> None:
    ids = [job["id"] for job in batch["jobs"]]
    contents = [(await api.get(f"/api/jobs/{job_id}/outputs/swims.csv")).content for job_id in ids]
    rows = [list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")))) for content in contents]
    assert [[row["confidence"] for row in one] for one in rows] == [["high"], ["check"], []]
    code = (await api.post(f"/api/batches/{batch['id']}/result-codes")).json()["code"]
    shared = (await api.get(f"/api/results/{code}?format=csv")).content.decode("utf-8-sig")
    assert [row["confidence"] for row in csv.DictReader(io.StringIO(shared))] == ["high", "check"]
    page = (await api.get(f"/r/{code}")).text
    assert page.count("<dt>Confidence</dt>") == 3
    assert "Confidence</th>" not in page
    exported = (await api.get(f"/api/batches/{batch['id']}/export", params={"format": "csv"})).content
    assert "result.confidence" in exported.decode("utf-8-sig").splitlines()[0]


async def test_extractions_are_filtered_by_confidence(api: Api, batch: dict[str, Any]) -> None:
    for confidence in ("high", "check", "low"):
        params = {"batch_id": batch["id"], "confidence": confidence}
        (only,) = (await api.get("/api/extractions", params=params)).json()["extractions"]
        assert (only["confidence"], only["filename"]) == (confidence, f"{confidence}.pdf")
        (one,) = [job for job in batch["jobs"] if job["filename"] == only["filename"]]
        assert one["extraction_id"] == only["id"]
    reply = await api.get("/api/extractions", params={"confidence": "sure"})
    assert (reply.status_code, reply.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize(
    ("pages", "text"),
    [([2], "page 2"), ([2, 5], "pages 2 and 5"), ([1, 2, 3], "pages 1, 2 and 3"),
     (range(1, 11), "pages 1, 2, 3, 4, 5, 6, 7, 8 and 2 more")],
)  # fmt: skip
def test_pages_as_words(pages: list[int], text: str) -> None:
    assert pages_text(list(pages)) == text


@pytest.mark.parametrize(
    "change",
    [{"confidence": "sure"}, {"unread": "4"}, {"warnings": [7]}, {"unread_lines": [{"page": "1", "text": ""}]},
     {"more": 1}],
)  # fmt: skip
def test_what_is_no_report(change: dict[str, Any]) -> None:
    report = {"confidence": "high", "rows": 1, "unread": 0, "pages_high": 1}
    report |= {"pages_to_check": [], "warnings": [], "unread_lines": []}
    assert is_reading(report)
    assert not is_reading(report | change)
