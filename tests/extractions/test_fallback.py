"""What the text leaves to the AI provider, which of the two readings is taken, and that neither is made twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pypdfium2 as pdfium

from app.extractions.sheet import take_pages
from tests.conftest import Api
from tests.extractions.ai_server import READING, SWIM, AiServer, Failure
from tests.extractions.draw_samples import SAMPLES
from tests.extractions.test_confidence import doubtful, unread
from tests.extractions.test_pipeline import extract

SCAN = SAMPLES / "2026-11-18 Scanned page.pdf"
AI = '{"fallback": "ai"}'


async def read(reader: Api, sheet: bytes, swimmer: str = "Maya Lindqvist") -> dict[str, Any]:
    """The only job of a batch with the fallback."""
    (job,) = (await extract(reader, swimmer, [("sheet.pdf", sheet)], params=AI))["jobs"]
    return dict(job)


async def test_sure_reading_is_not_sent(reader: Api, ai: AiServer, tmp_path: Path) -> None:
    sheet = doubtful(tmp_path / "sure.pdf", 0, 1)
    job = await read(reader, sheet)
    assert (job["result"]["source"], job["result"]["confidence"], ai.requests) == ("text", "check", [])
    assert "fallback" not in job["result"]
    assert not job["cached"]
    again = await read(reader, sheet, "Ada Okafor")
    assert (again["cached"], again["steps"][3]["status"]) == (True, "skipped")


async def test_unknown_layout_goes_to_the_provider(reader: Api, ai: AiServer, tmp_path: Path) -> None:
    sheet = unread(tmp_path / "gala.pdf")
    first = await read(reader, sheet)
    result = first["result"]
    assert (result["source"], result["confidence"], [swim["time"] for swim in result["swims"]]) == (
        "ai",
        "check",
        ["1:51.62"],
    )
    assert [(one["code"], one["page"], one["count"]) for one in result["warnings"]] == [("READ_BY_AI", None, 1)]
    assert (result["fallback"]["taken"], result["fallback"]["code"]) == ("ai", "UNKNOWN_LAYOUT")
    assert not first["cached"]
    again = await read(reader, sheet)
    assert (again["cached"], len(ai.requests)) == (True, 1)
    assert again["result"]["swims"] == result["swims"]
    other = await read(reader, sheet, "Petra Novak")
    assert (other["cached"], len(ai.requests)) == (False, 2)


async def test_scan_says_why(reader: Api, ai: AiServer) -> None:
    result = (await read(reader, SCAN.read_bytes()))["result"]
    assert (result["fallback"]["taken"], result["fallback"]["code"], result["confidence"]) == (
        "ai",
        "NO_TEXT_LAYER",
        "check",
    )


async def test_text_is_kept_when_the_model_finds_nothing(reader: Api, ai: AiServer, tmp_path: Path) -> None:
    ai.reading = READING | {"swims": []}
    sheet = doubtful(tmp_path / "low.pdf", 4)
    first = await read(reader, sheet)
    result = first["result"]
    assert (result["source"], result["confidence"], len(result["swims"])) == ("text", "low", 1)
    assert (result["fallback"]["taken"], result["fallback"]["code"]) == ("text", "AI_FOUND_NOTHING")
    assert (await read(reader, sheet))["cached"]
    assert len(ai.requests) == 1


async def test_only_doubtful_pages_are_sent(reader: Api, ai: AiServer, tmp_path: Path) -> None:
    ai.reading = READING | {"swims": [SWIM | {"event": "Women 200 Yard Freestyle", "time": "49.99"}]}
    job = await read(reader, doubtful(tmp_path / "three.pdf", 0, 4, 0))
    result = job["result"]
    assert (result["source"], result["confidence"], result["fallback"]["pages"]) == ("ai", "check", [2])
    assert [(swim["page"], swim["time"]) for swim in result["swims"]] == [(1, "49.00"), (2, "49.99"), (3, "49.00")]
    assert ("READ_BY_AI", 2, 1) in [(one["code"], one["page"], one["count"]) for one in result["warnings"]]
    assert result["swims_on_sheet"] == 30
    assert (await reader.get(f"/api/extractions/{job['extraction_id']}")).json()["extraction"]["source"] == "ai"


def test_pages_are_taken_out(tmp_path: Path) -> None:
    doubtful(tmp_path / "three.pdf", 0, 4, 0)
    taken = pdfium.PdfDocument(take_pages(str(tmp_path / "three.pdf"), [2]))
    assert len(taken) == 1
    assert "Women 200 Yard Freestyle" in taken[0].get_textpage().get_text_range()


async def test_provider_that_refuses_leaves_the_text(reader: Api, ai: AiServer, tmp_path: Path) -> None:
    ai.failures = [Failure(401)]
    result = (await read(reader, doubtful(tmp_path / "low.pdf", 4)))["result"]
    assert (result["source"], result["fallback"]["taken"], result["fallback"]["code"]) == (
        "text",
        "text",
        "AI_KEY_REFUSED",
    )
    assert "the-key" not in str(result)


async def test_provider_that_is_busy_is_asked_again(reader: Api, ai: AiServer, tmp_path: Path) -> None:
    ai.failures = [Failure(429, {"Retry-After": "0"})]
    job = await read(reader, doubtful(tmp_path / "low.pdf", 4))
    assert (job["result"]["source"], len(ai.requests), job["cached"]) == ("ai", 2, False)


async def test_file_that_is_no_pdf_stays_here_and_says_so(reader: Api, ai: AiServer) -> None:
    damaged = b"A107Results\r\nB1Cup\r\nC1PTS  Puerto Sur\r\n" + b"E1M    3\r\n" * 20
    (job,) = (await extract(reader, "Ada Okafor", [("meet.hy3", damaged)], params=AI))["jobs"]
    assert (job["status"], job["result"]["source"], job["result"]["confidence"]) == ("completed", "text", "low")
    assert (job["result"]["fallback"]["taken"], job["result"]["fallback"]["code"]) == ("text", "AI_READS_PDF_ONLY")
    (job,) = (await extract(reader, "Ada Okafor", [("meet.hy3", damaged)], params='{"reader": "ai"}'))["jobs"]
    assert (job["status"], job["error_code"], job["retry_count"]) == ("failed", "AI_READS_PDF_ONLY", 0)
    assert ai.requests == []
