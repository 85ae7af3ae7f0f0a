"""What a stranger with a code gets: JSON, CSV, files, the page; and what one without a code does not."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from typing import Any

import httpx
import pytest

from tests.auth.people import caller
from tests.batch_helpers import follow, get_batch, run
from tests.conftest import Api
from tests.extractions.draw_samples import SAMPLES
from tests.files.bodies import query

HOSTILE = "<img src=x onerror=alert(1)>&.pdf"
SHEET = SAMPLES / "2026-11-01 Lakeside Invitational.pdf"


@pytest.fixture(scope="module")
async def sheets(api: Api) -> dict[str, Any]:
    """A batch of two sheets, the second of which cannot be read, with the code of the whole batch."""
    files = [
        ("files", (HOSTILE, SHEET.read_bytes(), "application/pdf")),
        ("files", ("broken.pdf", b"no", "application/pdf")),
    ]
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist", "name": "Season"}
    batch_id = (await api.post("/api/jobs/batch", data=data, files=files)).json()["batch_id"]
    await follow(api, batch_id)
    code = (await api.post(f"/api/batches/{batch_id}/result-codes")).json()["code"]
    return await get_batch(api, batch_id) | {"code": code}


def code_of(sheets: dict[str, Any]) -> str:
    return str(sheets["jobs"][0]["result_code"])


def rows_of(reply: httpx.Response) -> list[dict[str, str]]:
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))


async def test_json_holds_the_result_and_nothing_of_its_owner(api: Api, sheets: dict[str, Any]) -> None:
    async with caller(api) as stranger:
        reply = await stranger.get(f"/api/results/{code_of(sheets)}")
    assert reply.json()["result"] == sheets["jobs"][0]["result"]
    assert [file["name"] for file in reply.json()["files"]] == ["sheet.json", "swims.csv"]
    assert (reply.headers["Cache-Control"], reply.headers["X-Robots-Tag"]) == ("no-store", "noindex")
    own = ("client_ip", "created_by", "settings", "organisation_id", "source_url", "notification_email", "metadata")
    assert not [name for name in own if f'"{name}"' in reply.text]


async def test_csv_by_format_and_by_accept(api: Api, sheets: dict[str, Any]) -> None:
    swims = sheets["jobs"][0]["result"]["swims"]
    async with caller(api) as stranger:
        by_format = await stranger.get(f"/api/results/{code_of(sheets)}?format=csv")
        accept = {"Accept": "text/csv, application/json;q=0.5"}
        by_accept = await stranger.get(f"/api/results/{code_of(sheets)}", headers=accept)
        whole = await stranger.get(f"/api/results/{sheets['code']}?format=csv")
        refused = await stranger.get(f"/api/results/{code_of(sheets)}?format=xml")
    assert by_format.content == by_accept.content
    assert [row["time"] for row in rows_of(by_format)] == [swim["time"] or "" for swim in swims]
    assert {row["sequence"] for row in rows_of(whole)} == {"1"}
    assert [row["event"] for row in rows_of(whole)] == [swim["event"] for swim in swims]
    assert refused.status_code == 422


async def test_csv_of_results_without_rows_has_a_line_for_each_job(api: Api) -> None:
    batch = await run(api, "no-op", [{} for _ in range(205)])
    code = (await api.post(f"/api/batches/{batch['id']}/result-codes")).json()["code"]
    async with caller(api) as stranger:
        rows = rows_of(await stranger.get(f"/api/results/{code}?format=csv"))
        first = (await stranger.get(f"/api/results/{code}?limit=100")).json()
        page = (await stranger.get(f"/r/{code}")).text
    assert [row["sequence"] for row in rows] == [str(number) for number in range(1, 206)]
    assert (rows[204]["status"], rows[204]["result"]) == ("completed", '{"sequence": 205}')
    assert (len(first["jobs"]), f"?cursor={first['next_cursor']}" in page) == (100, True)


async def test_files_and_archive_are_what_the_owner_gets(api: Api, sheets: dict[str, Any]) -> None:
    mine = (await api.get(f"/api/jobs/{sheets['jobs'][0]['id']}/outputs/swims.csv")).content
    async with caller(api) as stranger:
        for code in (code_of(sheets), sheets["code"]):
            file = await stranger.get(f"/api/results/{code}/jobs/1/files/swims.csv")
            assert (file.status_code, file.content) == (200, mine)
            assert file.headers["Content-Disposition"].startswith("attachment")
            archive = await stranger.get(f"/api/results/{code}/download")
            names = zipfile.ZipFile(io.BytesIO(archive.content)).namelist()
            assert [name.rpartition("/")[2] for name in names] == ["sheet.json", "swims.csv"]
        for path in ("jobs/1/files/other", "jobs/2/files/swims.csv", "jobs/0/files/x", f"jobs/{10**30}/files/x"):
            assert (await stranger.get(f"/api/results/{code_of(sheets)}/{path}")).status_code == 404


async def test_a_job_code_opens_that_job_only(api: Api) -> None:
    files = [("files", (f"{name}.txt", name.encode(), "text/plain")) for name in ("one", "two")]
    data = {"pipeline": "checksum", "result_codes": "true"}
    batch_id = (await api.post("/api/jobs/batch", data=data, files=files)).json()["batch_id"]
    await follow(api, batch_id)
    code = (await get_batch(api, batch_id))["jobs"][1]["result_code"]
    async with caller(api) as stranger:
        assert (await stranger.get(f"/api/results/{code}/jobs/2/files/checksum.txt")).status_code == 200
        assert (await stranger.get(f"/api/results/{code}/jobs/1/files/checksum.txt")).status_code == 404
        archive = zipfile.ZipFile(io.BytesIO((await stranger.get(f"/api/results/{code}/download")).content))
        assert archive.namelist() == ["002 two/checksum.txt"]


async def test_page_shows_the_rows_and_runs_no_script(api: Api, sheets: dict[str, Any]) -> None:
    async with caller(api) as stranger:
        page = await stranger.get(f"/r/{code_of(sheets)}")
        whole = await stranger.get(f"/r/{sheets['code']}")
        style = await stranger.get("/r/static/page.css")
    for reply in (page, whole):
        assert reply.status_code == 200
        assert "<script" not in reply.text
        assert "<h1>" in reply.text
        assert "&lt;img src=x onerror=alert(1)&gt;&amp;.pdf" in reply.text
        assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        for swim in sheets["jobs"][0]["result"]["swims"]:
            assert f">{swim['event']}</td>" in reply.text
    assert "PDF_UNREADABLE" in whole.text
    assert "/r/static/page.css" in page.text
    assert style.headers["Content-Type"].startswith("text/css")


async def test_the_page_of_a_batch_shows_all_swims_best_times_and_charts(api: Api) -> None:
    paths = sorted(SAMPLES.glob("*.pdf"))[:4]
    files = [("files", (path.name, path.read_bytes(), "application/pdf")) for path in [*paths, paths[0]]]
    data = {"pipeline": "pdf-extraction", "swimmer_name": "Maya Lindqvist"}
    batch_id = (await api.post("/api/jobs/batch", data=data, files=files)).json()["batch_id"]
    await follow(api, batch_id)
    code = (await api.post(f"/api/batches/{batch_id}/result-codes")).json()["code"]
    table = (await api.get(f"/api/batches/{batch_id}/swims")).json()
    async with caller(api) as stranger:
        page = await stranger.get(f"/r/{code}")
        rows = rows_of(await stranger.get(f"/api/results/{code}?format=csv"))
        job = await stranger.get(f"/r/{(await get_batch(api, batch_id))['jobs'][0]['result_code']}")
    shown = page.text[: page.text.index(f"<h2>{paths[0].name}")]
    for swim in table["swims"]:
        assert f">{swim['event']}</td>" in shown
    assert [row["sequence"] for row in rows] == [str(swim["sequence"]) for swim in table["swims"]]
    charts = [event for event in table["events"] if len(event["progression"]) > 1]
    assert charts
    assert shown.count("<svg ") == len(charts)
    assert shown.count("<circle ") == sum(len(event["progression"]) for event in charts)
    for event in table["events"]:
        assert f">{event['best']['time']}</td>" in shown
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "<svg" not in job.text


REQUEST_ID = re.compile(rb'"request_id":"[^"]+"')


async def answers(stranger: httpx.AsyncClient, code: str) -> list[tuple[int, bytes, dict[str, str]]]:
    replies = [await stranger.get(path) for path in (f"/api/results/{code}", f"/r/{code}")]
    return [
        (
            reply.status_code,
            REQUEST_ID.sub(b"", reply.content),
            {k: v for k, v in reply.headers.items() if k not in ("date", "x-request-id")},
        )
        for reply in replies
    ]


async def test_unknown_expired_and_revoked_answer_alike(api: Api) -> None:
    batch = await run(api, "no-op", [{}])
    path = f"/api/batches/{batch['id']}/result-codes"
    revoked = (await api.post(path)).json()
    await api.delete(f"/api/result-codes/{revoked['id']}")
    expired = (await api.post(path, json={"expires_in": 60})).json()
    set_back = "update result_links set expires_at = now() - interval '1 second' where id = :id returning 1"
    assert await query(api, set_back, id=expired["id"]) == 1
    async with caller(api) as stranger:
        unknown = await answers(stranger, "0" * 12)
        assert [answer[0] for answer in unknown] == [404, 404]
        for code in (revoked["code"], expired["code"], "x", "%00", "🏊" * 12):
            assert await answers(stranger, code) == unknown
