"""Result files through the pipeline as a client uses it: by upload and by URL, good ones and hostile ones."""

from __future__ import annotations

from typing import Any

from tests.batch_helpers import follow, get_batch
from tests.conftest import Api
from tests.extractions.files import html_writer, hy3_writer, lenex_writer, sdif_writer
from tests.extractions.files.meets import Meet, random_meet
from tests.extractions.files.test_archives import zipped
from tests.extractions.files.test_hostile import lenex_bomb
from tests.extractions.test_pipeline import extract
from tests.kit.web_server import Server, respond

MEET = random_meet(2, prelims=False)
HY3, SWIMS = hy3_writer.write(MEET)
LENEX, _ = lenex_writer.write(MEET)
SWIMMER = next(swim.name for swim in SWIMS if swim.kind == "individual" and swim.status == "OK")
FILES = {
    "meet.hy3": HY3,
    "meet.cl2": sdif_writer.write(MEET)[0],
    "meet.lef": LENEX,
    "meet.lxf": lenex_writer.zipped(LENEX),
    "Meet Results-Cup of the Bay-001.zip": zipped({"Meet Results.hy3": HY3, "Meet Results.cl2": HY3}),
    "results.htm": html_writer.write_pre(MEET)[0],
}


def swims_of(meet: Meet, name: str) -> list[tuple[str | None, Any, str | None, str]]:
    return sorted(
        (swim.event_number, swim.leg or 0, swim.time or "", swim.status)
        for swim in hy3_writer.write(meet)[1]
        if swim.name == name
    )


def found_in(job: dict[str, Any]) -> list[tuple[str | None, Any, str | None, str]]:
    swims = job["result"]["swims"]
    return sorted((swim["event_number"], swim["leg"] or 0, swim["time"] or "", swim["status"]) for swim in swims)


async def test_every_kind_gives_the_same_swims(api: Api) -> None:
    batch = await extract(api, SWIMMER, list(FILES.items()))
    jobs = {job["filename"]: job for job in batch["jobs"]}
    assert {name: job["error_code"] for name, job in jobs.items()} == dict.fromkeys(FILES)
    for name, job in jobs.items():
        assert found_in(job) == swims_of(MEET, SWIMMER), name
    layouts = {name: job["result"]["layout"] for name, job in jobs.items()}
    assert list(layouts.values()) == ["hy3", "sdif", "lenex", "lenex", "hy3", "hytek"]
    assert {job["result"]["confidence"] for job in jobs.values()} == {"high"}


async def test_by_url_under_the_types_that_servers_use(intranet: Api, server: Server) -> None:
    types = ("text/plain", "application/octet-stream", "text/xml", "application/zip", "application/x-zip-compressed")
    for (name, data), media_type in zip(FILES.items(), (*types, "text/html; charset=windows-1252"), strict=True):
        server.answers[f"/{name.replace(' ', '-')}"] = respond("200 OK", data, Content_Type=media_type)
    body = {
        "pipeline": "pdf-extraction",
        "params": {"swimmer_name": SWIMMER},
        "items": [{"url": server.url(path)} for path in server.answers],
    }
    reply = await intranet.post("/api/batches", json=body)
    assert reply.status_code == 201, reply.text
    await follow(intranet, reply.json()["batch_id"])
    batch = await get_batch(intranet, reply.json()["batch_id"])
    assert [job["error_code"] for job in batch["jobs"]] == [None] * len(FILES)
    assert all(found_in(job) == swims_of(MEET, SWIMMER) for job in batch["jobs"])


async def test_hostile_files_fail_alone(api: Api) -> None:
    files = [
        ("bomb.lef", lenex_bomb()),
        ("bomb.zip", zipped({"a.hy3": HY3 + b"\0" * (40 << 20)})),
        ("deep.lef", b"<LENEX>" + b"<MEET>" * (1 << 20)),
        ("cut.lxf", lenex_writer.zipped(LENEX)[:-60]),
        ("tables.htm", b"<html>" + b"<table><tr><td>x" * 20_000),
        ("notes.txt", b"nothing of the kind"),
        ("meet.hy3", HY3),
    ]
    batch = await extract(api, SWIMMER, files)
    assert {job["filename"]: job["error_code"] for job in batch["jobs"]} == {
        "bomb.lef": "FILE_UNREADABLE",
        "bomb.zip": "RESOURCE_LIMIT",
        "deep.lef": "RESOURCE_LIMIT",
        "cut.lxf": "FILE_UNREADABLE",
        "tables.htm": "FILE_UNREADABLE",
        "notes.txt": "FILE_UNREADABLE",
        "meet.hy3": None,
    }
    assert all(job["retry_count"] == 0 for job in batch["jobs"])


async def test_start_list_in_a_file_is_named(api: Api) -> None:
    entries = lenex_writer.write(random_meet(2, results=False))[0]
    (job,) = (await extract(api, SWIMMER, [("entries.lef", entries)]))["jobs"]
    assert (job["status"], job["result"]["layout"]) == ("completed", "start_list")
    assert job["result"]["reason"] == "This LENEX file holds entries but no results."
