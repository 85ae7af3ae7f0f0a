"""The views of extraction batches, with rows as a client makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.batch_helpers import follow, submit
from tests.batch_views import view
from tests.conftest import Api
from tests.extractions.test_pipeline import drawn, extract

PROCESSING_BATCHES = """id swimmer_name total_pdfs completed_pdfs failed_pdfs status created_at started_at completed_at
expires_at client_ip last_event_id notification_email notification_sent_at""".split()
BATCH_JOBS = """id batch_id sequence source_type source_url filename file_checksum status stage progress_message
extraction_id result_code error_message error_code retry_count cached created_at started_at completed_at""".split()
OF_BATCH = "batch_id = :id order by sequence"


async def test_a_batch_its_jobs_files_and_results(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Lindqvist, Maya", "1:51.62"))
    files = [("a.pdf", sheet), ("b.pdf", b"%PDF-1.4 broken"), ("c.pdf", sheet)]
    batch = await extract(api, "Maya Lindqvist", files, notification_email="coach@example.org", max_parallel="1")
    (row,) = await view(api, "processing_batches", "id = :id", id=batch["id"])
    assert list(row)[: len(PROCESSING_BATCHES)] == PROCESSING_BATCHES
    counts = [row[name] for name in ("total_pdfs", "completed_pdfs", "failed_pdfs")]
    assert (row["swimmer_name"], row["status"], counts) == ("Maya Lindqvist", "partial", [3, 2, 1])
    assert row["notification_email"] == "coach@example.org"
    assert row["last_event_id"] == batch["last_event_id"]

    jobs = await view(api, "batch_jobs", OF_BATCH, id=batch["id"])
    assert list(jobs[0])[: len(BATCH_JOBS)] == BATCH_JOBS
    assert [(job["filename"], job["status"], job["cached"]) for job in jobs] == [
        ("a.pdf", "completed", False),
        ("b.pdf", "failed", False),
        ("c.pdf", "completed", True),
    ]
    assert jobs[1]["error_code"] == batch["jobs"][1]["error_code"]
    assert [job["extraction_id"] is None for job in jobs] == [False, True, False]

    (result,) = await view(api, "extraction_results", "id = :id", id=jobs[0]["extraction_id"])
    assert (result["batch_id"], result["job_id"]) == (jobs[0]["batch_id"], jobs[0]["id"])
    assert (result["result_count"], result["results"][0]["time"]) == (1, "1:51.62")
    (file,) = await view(api, "pdf_files", "id = :id", id=result["pdf_file_id"])
    assert (file["filename"], file["file_checksum"]) == ("a.pdf", jobs[0]["file_checksum"])
    assert file["file_size"] == len(sheet)


async def test_words_before_the_end_and_what_is_no_extraction(api: Api) -> None:
    url = "https://sheets.example/a.pdf"
    body = {
        "pipeline": "pdf-extraction",
        "items": [{"url": url}],
        "start": False,
        "params": {"swimmer_name": "Ada Okafor"},
    }
    draft = (await api.post("/api/batches", json=body)).json()["batch_id"]
    (row,) = await view(api, "processing_batches", "id = :id", id=draft)
    assert (row["status"], row["swimmer_name"], row["total_pdfs"]) == ("pending", "Ada Okafor", 1)
    (job,) = await view(api, "batch_jobs", OF_BATCH, id=draft)
    assert (job["status"], job["source_type"], job["source_url"], job["stage"]) == ("pending", "url", url, "queued")
    other = await submit(api, "no-op", [{}])
    await follow(api, other)
    for name, column in (("processing_batches", "id"), ("batch_jobs", "batch_id")):
        assert await view(api, name, f"{column} = :id", id=other) == []


async def test_one_of_several_pipelines_counts_its_own_jobs(api: Api, tmp_path: Path) -> None:
    sheet = drawn(tmp_path, ("Okafor, Ada", "1:50.11"))
    data: dict[str, Any] = {
        "pipelines": ["originals", "pdf-extraction"],
        "params": '{"pdf-extraction": {"swimmer_name": "Ada Okafor"}}',
    }
    parts = [("files", (name, content, "application/pdf")) for name, content in (("a.pdf", sheet), ("b.pdf", b"no"))]
    batch_id = (await api.post("/api/jobs/batch", data=data, files=parts)).json()["batch_id"]
    await follow(api, batch_id)
    (row,) = await view(api, "processing_batches", "id = :id", id=batch_id)
    counts = [row[name] for name in ("total_pdfs", "completed_pdfs", "failed_pdfs")]
    assert (row["swimmer_name"], counts) == ("Ada Okafor", [2, 1, 1])
    assert len(await view(api, "batch_jobs", OF_BATCH, id=batch_id)) == 2
