"""Sheets by URL: fetched once they are allowed, measured, and refused in all the ways that URLs can be wrong."""

from __future__ import annotations

from typing import Any

from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.kit.web_server import Server, respond

SHEET = (SAMPLES / "2026-11-01 Lakeside Invitational.pdf").read_bytes()


async def extract_urls(api: Api, *urls: str) -> dict[str, Any]:
    body = {
        "pipeline": "pdf-extraction",
        "params": {"swimmer_name": "Maya Lindqvist"},
        "items": [{"url": url} for url in urls],
    }
    reply = await api.post("/api/batches", json=body)
    assert reply.status_code == 201, reply.text
    await follow(api, reply.json()["batch_id"])
    return await get_batch(api, reply.json()["batch_id"])


async def test_fetched_sheet_is_read_and_counts_in_the_size(intranet: Api, server: Server) -> None:
    server.answers |= {
        "/moved": respond("302 Found", Location="/results/Lakeside.pdf"),
        "/results/Lakeside.pdf": respond("200 OK", SHEET, Content_Type="application/pdf"),
    }
    batch = await extract_urls(intranet, server.url("/moved"), server.url("/results/Lakeside.pdf"))
    first, second = batch["jobs"]
    assert [first["status"], second["status"]] == ["completed"] * 2
    assert first["result"]["swims"] == second["result"]["swims"] != []
    assert (first["filename"], first["file_size"], first["media_type"]) == (
        "Lakeside.pdf",
        len(SHEET),
        "application/pdf",
    )
    assert batch["total_size"] == 2 * len(SHEET)
    assert sorted(job["cached"] for job in batch["jobs"]) == [False, True]
    assert (await intranet.get(f"/api/batches/{batch['id']}/audit")).json()["differences"] == []
    again = (await intranet.post(f"/api/batches/{batch['id']}/restart")).json()["new_batch_id"]
    await follow(intranet, again)
    assert (await get_batch(intranet, again))["total_size"] == 2 * len(SHEET)


async def test_what_is_fetched_may_fail_alone(intranet: Api, server: Server) -> None:
    server.answers |= {
        "/page": respond("200 OK", b"<html>sign in</html>", Content_Type="text/html"),
        "/picture": respond("200 OK", b"GIF89a", Content_Type="image/gif"),
        "/gone": respond("404 Not Found", b"secret"),
        "/huge": respond("200 OK", b"x", Content_Type="application/pdf", Content_Length=str(10**12)),
        "/away": respond("302 Found", Location="http://169.254.169.254/latest/meta-data"),
        "/loop": respond("302 Found", Location="/loop"),
        "/good": respond("200 OK", SHEET),
    }
    paths = ("/page", "/picture", "/gone", "/huge", "/away", "/loop", "/good")
    batch = await extract_urls(intranet, *map(server.url, paths))
    assert [job["error_code"] for job in batch["jobs"]] == [
        "FILE_UNREADABLE",
        "UNSUPPORTED_MEDIA_TYPE",
        "UPSTREAM_4XX",
        "DOWNLOAD_TOO_LARGE",
        "ADDRESS_NOT_ALLOWED",
        "TOO_MANY_REDIRECTS",
        None,
    ]
    assert (batch["status"], batch["total_size"]) == ("partial", len(SHEET) + len(b"<html>sign in</html>"))
    assert "secret" not in str(batch)


async def test_busy_server_is_asked_again_when_it_says(intranet: Api, server: Server) -> None:
    busy = respond("429 Too Many Requests", Retry_After="0")

    async def once(writer: Any) -> None:
        server.answers["/"] = respond("200 OK", SHEET)
        writer.write(busy)

    server.answers["/"] = once
    (job,) = (await extract_urls(intranet, server.url()))["jobs"]
    assert (job["status"], job["steps"][0]["attempts"]) == ("completed", 2)


async def test_private_addresses_are_refused_unless_allowed(api: Api, server: Server) -> None:
    hosts = ("127.0.0.1", "2130706433", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]")
    batch = await extract_urls(api, *(server.url(host=host) for host in hosts))
    assert {job["error_code"] for job in batch["jobs"]} == {"ADDRESS_NOT_ALLOWED"}
    assert {job["retry_count"] for job in batch["jobs"]} == {0}
    assert server.requests == []
