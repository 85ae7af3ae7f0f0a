"""Files made to exhaust the reader: each fails alone, with the code that says so."""

from __future__ import annotations

import zlib
from pathlib import Path

from tests.conftest import Api
from tests.extractions.bombs import MIB, a_pdf, deflated
from tests.extractions.test_pipeline import drawn, extract


async def test_bombs_fail_alone(api: Api, tmp_path: Path) -> None:
    good = drawn(tmp_path, ("Lindqvist, Maya", "1:57.77"))
    files = [
        ("content.pdf", a_pdf(deflated(1000))),
        ("pages.pdf", a_pdf(zlib.compress(b"BT /F 10 Tf 18 700 Td (Event 1) Tj ET"), pages=100_000)),
        ("good.pdf", good),
    ]
    assert all(len(content) < 8 * MIB for _, content in files)
    batch = await extract(api, "Maya Lindqvist", files)
    jobs = {job["filename"]: job for job in batch["jobs"]}
    assert {name: job["error_code"] for name, job in jobs.items()} == {
        "content.pdf": "RESOURCE_LIMIT",
        "pages.pdf": "RESOURCE_LIMIT",
        "good.pdf": None,
    }
    assert len(jobs["good.pdf"]["result"]["swims"]) == 1
    assert jobs["pages.pdf"]["error_message"] == "The PDF has 100,000 pages; at most 2,000 are read."
