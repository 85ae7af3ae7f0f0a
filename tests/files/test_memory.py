"""Memory does not grow with what is sent or fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.files.bodies import FORM, form, part
from tests.live import LiveServer

MIB = 1024 * 1024
BOUND = 64 * MIB


def peak(server: LiveServer) -> int:
    """The most memory that the process has held, in bytes."""
    assert server.process
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024


def megabytes(count: int, *, before: bytes = b"", after: bytes = b"") -> Iterator[bytes]:
    yield before
    for number in range(count):
        yield number.to_bytes(4, "big") * (MIB // 4)
    yield after


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of another process is read from /proc")
def test_large_bodies_do_not_stay_in_memory(live_server: LiveServer) -> None:
    opening = form(part("pipeline", "no such pipeline"), part("files", b"", "big.bin"), closed=False)[:-2]
    with live_server.client() as client:

        def upload(count: int) -> httpx.Response:
            body = megabytes(count, before=opening, after=b"\r\n" + form())
            return client.post("/api/jobs/batch", content=body, headers=FORM)

        assert upload(5).json()["code"] == "unknown_pipeline"
        before = peak(live_server)
        assert upload(200).json()["code"] == "unknown_pipeline"
        assert peak(live_server) - before < BOUND

        file = client.put("/api/files/big.bin", content=megabytes(200)).json()
        assert file["size"] == 200 * MIB
        with client.stream("GET", f"/api/files/{file['id']}/content") as answer:
            assert sum(map(len, answer.iter_bytes())) == 200 * MIB
        assert peak(live_server) - before < BOUND

        texts = (part(f"text{number}", b"x" * (MIB - 1)) for number in range(100))
        refused = client.post("/api/jobs/batch", content=(text for text in texts), headers=FORM)
        assert (refused.status_code, refused.json()["code"]) == (413, "upload_too_large")
        assert peak(live_server) - before < 2 * BOUND
