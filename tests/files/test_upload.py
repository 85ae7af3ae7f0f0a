"""Forms with files: what is kept of them, and under which names."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import Any

import pytest

from app.files.service import NewFile, add_files
from app.files.storage import Spooled, content_key
from app.kit.ids import new_id
from tests.conftest import Api
from tests.files.bodies import FORM, form, part, query, spooled, stored

NO_OP = part("pipeline", "no-op")


async def submit(api: Api, *parts: bytes) -> dict[str, Any]:
    answer = await api.post("/api/jobs/batch", content=form(*parts), headers=FORM)
    assert answer.status_code == 201, answer.text
    return (await api.get(answer.headers["Location"])).json()["batch"]


async def test_many_files_arrive_whole_and_in_order(api: Api) -> None:
    contents = [f"content {n}".encode() * (n * 500) for n in range(50)]
    batch = await submit(api, NO_OP, *(part("files", content, f"{n}.txt") for n, content in enumerate(contents)))
    jobs = batch["jobs"]
    assert [job["filename"] for job in jobs] == [f"{n}.txt" for n in range(50)]
    assert [job["file_size"] for job in jobs] == [len(content) for content in contents]
    assert [job["checksum"] for job in jobs] == [hashlib.sha256(content).hexdigest() for content in contents]
    assert batch["total_size"] == sum(map(len, contents))
    for job, content in zip(jobs[-3:], contents[-3:], strict=True):
        assert (await api.get(f"/api/files/{job['file_id']}/content")).content == content
        assert await query(api, "select crc32 from files where id = :id", id=job["file_id"]) == zlib.crc32(content)
    assert {job["checksum"] for job in jobs} <= stored(api)
    assert spooled(api) == []


async def test_same_content_twice_is_two_files_and_one_stored_object(api: Api) -> None:
    content = b"the same bytes in two places"
    batch = await submit(api, NO_OP, part("files", content, "one.txt"), part("files", content, "two.txt"))
    again = await submit(api, NO_OP, part("files", content, "three.txt"))
    ids = [job["file_id"] for job in batch["jobs"] + again["jobs"]]
    assert len(set(ids)) == 3
    sha256 = hashlib.sha256(content).hexdigest()
    assert await query(api, "select count(distinct storage_key) from files where sha256 = :sha", sha=sha256) == 1
    for file_id in ids:
        assert (await api.get(f"/api/files/{file_id}/content")).content == content


async def test_empty_file_is_a_file(api: Api) -> None:
    batch = await submit(api, NO_OP, part("files", b"", "empty.txt"))
    assert (batch["jobs"][0]["filename"], batch["jobs"][0]["file_size"]) == ("empty.txt", 0)
    answer = await api.get(f"/api/files/{batch['jobs'][0]['file_id']}/content")
    assert (answer.status_code, answer.content) == (200, b"")


async def test_file_input_left_empty_in_a_browser_is_no_file(api: Api) -> None:
    batch = await submit(api, part("files", b"", ""), NO_OP, part("files", b"x", "x.txt"))
    assert [job["filename"] for job in batch["jobs"]] == ["x.txt"]


async def test_options_may_come_after_the_files(api: Api) -> None:
    batch = await submit(
        api,
        part("files", b"x", "x.txt"),
        part("name", "  After the files "),
        part("execution_mode", "sequential"),
        part("max_parallel", "3"),
        part("notification_email", "me@example.org"),
        part("metadata", '{"order": [1, "two"]}'),
        NO_OP,
    )
    assert batch["name"] == "After the files"
    assert (batch["execution_mode"], batch["max_parallel"]) == ("sequential", 3)
    assert (batch["notification_email"], batch["metadata"]) == ("me@example.org", {"order": [1, "two"]})


async def test_urls_come_in_one_field_or_several(api: Api) -> None:
    parts = part("pipeline", "typed"), part("files", b"x", "x.txt")
    several = part("urls", "https://example.org/a\nhttps://example.org/b"), part("url", "https://example.org/c?d=e")
    batch = await submit(api, *parts, *several)
    assert [job["source_type"] for job in batch["jobs"]] == ["file", "url", "url", "url"]
    addresses = [job["source_url"] for job in batch["jobs"]]
    assert addresses == [None, *(f"https://example.org/{path}" for path in ("a", "b", "c?d=e"))]


@pytest.mark.parametrize("fields", [[part("params", '{"colour": "red"}')], [part("colour", "red")]])
async def test_parameters_come_as_json_or_as_fields(api: Api, fields: list[bytes]) -> None:
    batch = await submit(api, part("pipeline", "typed"), part("files", b"x", "x.txt"), *fields)
    assert batch["settings"] == {"colour": "red", "count": 1}


async def test_json_parameters_win_over_fields(api: Api) -> None:
    fields = part("colour", "red"), part("count", "7"), part("params", '{"colour": "blue"}')
    batch = await submit(api, part("pipeline", "typed"), part("files", b"x", "x.txt"), *fields)
    assert batch["settings"] == {"colour": "blue", "count": 7}


async def test_hostile_names_are_kept_for_display_only(api: Api) -> None:
    names = ["../../../../tmp/escape.txt", "C:\\Windows\\win.ini", "a\u202egpj.exe", "x" * 300 + ".pdf"]
    batch = await submit(api, NO_OP, *(part("files", name, name) for name in names))
    shown = [job["filename"] for job in batch["jobs"]]
    assert shown == ["escape.txt", "win.ini", "agpj.exe", "x" * 251 + ".pdf"]
    assert all(path.is_relative_to(api.settings.home) for path in api.settings.home.rglob("*"))
    assert {job["checksum"] for job in batch["jobs"]} <= stored(api)


async def test_boundary_may_be_quoted_and_the_type_in_capitals(api: Api) -> None:
    body = form(NO_OP, part("files", b"x", "x.txt"))
    kind = FORM["Content-Type"].replace("multipart/form-data", "Multipart/Form-Data")
    for path in ("/api/jobs/batch", "/api/jobs"):
        for value in (kind, kind.replace("boundary=", 'boundary="') + '"'):
            answer = await api.post(path, content=body, headers={"Content-Type": value})
            assert answer.status_code == 201, answer.text


async def test_rows_of_more_files_than_one_statement_takes_may_be_written_again(api: Api) -> None:
    organisation_id = await query(api, "select id from organisations order by id limit 1")
    digests = [hashlib.sha256(f"row {n}".encode()).hexdigest() for n in range(1001)]
    files = [
        NewFile(new_id(), f"{n}.txt", "text/plain", Spooled(Path("taken"), digest, n, n * n))
        for n, digest in enumerate(digests)
    ]
    for _ in range(2):
        async with api.installation.database.transaction() as session:
            await add_files(session, organisation_id, files, tags=["kept", "kept", "twice"])
    found = "select json_agg(json_build_array(name, sha256, crc32, size, media_type, storage_key, tags) order by crc32)"
    assert await query(api, f"{found} from files where tags @> array['twice']") == [
        [f"{n}.txt", digest, n, n * n, "text/plain", content_key(digest), ["kept", "twice"]]
        for n, digest in enumerate(digests)
    ]
