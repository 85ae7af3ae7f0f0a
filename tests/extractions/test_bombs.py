"""Files made to exhaust the reader: each fails alone, with the code that says so."""

from __future__ import annotations

import zlib
from pathlib import Path

from tests.conftest import Api
from tests.extractions.test_pipeline import drawn, extract

MIB = 2**20


def _pdf(content: bytes, pages: int = 1) -> bytes:
    """A PDF that shows the same page so many times; `content` is its stream, deflated."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[" + b"3 0 R " * pages + b"]/Count %d>>" % pages,
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n" % len(content) + content + b"\nendstream",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = b"%PDF-1.4\n", b""
    for number, text in enumerate(objects, 1):
        offsets += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj\n" % number + text + b"\nendobj\n"
    size = len(objects) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n" % size + offsets
    return body + table + b"trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))


def _deflated(times: int) -> bytes:
    """A stream that grows to so many MiB of text; blocks that begin afresh can simply be repeated."""
    start = b"BT /F 10 Tf 18 700 Td "
    shown = b"(Event 1) Tj " * (MIB // 13)
    packer = zlib.compressobj(9)
    header = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(shown) + packer.flush(zlib.Z_FULL_FLUSH)
    return header + block * times + packer.compress(b"ET") + packer.flush()


async def test_bombs_fail_alone(api: Api, tmp_path: Path) -> None:
    good = drawn(tmp_path, ("Lindqvist, Maya", "1:57.77"))
    files = [
        ("content.pdf", _pdf(_deflated(1000))),
        ("pages.pdf", _pdf(zlib.compress(b"BT /F 10 Tf 18 700 Td (Event 1) Tj ET"), pages=100_000)),
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
