"""Single files: put up raw, listed, and handed out whole or in part."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Api
from tests.files.bodies import rows_of, spooled, stored

CONTENT = bytes(range(256)) * 40
MIB = 1024 * 1024


async def put(api: Api, name: str, content: bytes, **headers: str) -> dict[str, Any]:
    answer = await api.put(f"/api/files/{quote(name, safe='')}", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()) | {"location": answer.headers["Location"]}


@pytest.fixture(scope="module")
async def file(api: Api) -> dict[str, Any]:
    found = await put(api, "a.bin", CONTENT)
    return found | {"content": f"/api/files/{found['id']}/content", "etag": f'"{found["sha256"]}"'}


async def test_raw_body_becomes_a_file(api: Api) -> None:
    file = await put(api, "Größe 上海.PDF", CONTENT)
    assert (file["name"], file["size"], file["media_type"]) == ("Größe 上海.PDF", len(CONTENT), "application/pdf")
    assert file["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert file["location"] == f"/api/files/{file['id']}"
    again = (await api.get(file["location"])).json()
    assert again == {name: value for name, value in file.items() if name != "location"}
    assert spooled(api) == []


async def test_empty_body_becomes_an_empty_file(api: Api) -> None:
    file = await put(api, "empty", b"")
    assert (file["size"], file["media_type"]) == (0, "application/octet-stream")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("C:\\x", "x"), ("..", "unnamed"), ("a\r\nb", "ab"), ("\u202etxt.exe", "txt.exe"), ("x" * 300, "x" * 255)],
)
async def test_hostile_name(api: Api, sent: str, shown: str) -> None:
    # A client's library resolves `..` by itself, so the dots go escaped.
    answer = await api.put(f"/api/files/{quote(sent, safe='').replace('.', '%2E')}", content=b"x")
    assert answer.json()["name"] == shown


async def test_name_with_nul_is_refused(api: Api) -> None:
    before = await rows_of(api)
    answer = await api.put("/api/files/a%00b", content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await rows_of(api) == before


async def test_file_over_the_limit_is_refused(api: Api) -> None:
    before = await rows_of(api), stored(api)
    answer = await api.put("/api/files/big", content=b"x" * (4 * MIB + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")
    assert (await rows_of(api), stored(api), spooled(api)) == (*before, [])


async def test_whole_content(api: Api, file: dict[str, Any]) -> None:
    answer = await api.get(file["content"])
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == file["etag"]


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, 10240),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-99999", 10000, 10240),
        ("bytes=10239-", 10239, 10240),
        ("bytes=-1", 10239, 10240),
        ("bytes=-99999", 0, 10240),
    ],
)
async def test_one_range(api: Api, file: dict[str, Any], wanted: str, start: int, end: int) -> None:
    answer = await api.get(file["content"], headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["Content-Range"] == f"bytes {start}-{end - 1}/10240"
    assert answer.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("wanted", ["bytes=10240-", "bytes=99999-100000", "bytes=-0", "bytes=5-4"])
async def test_range_outside_the_file(api: Api, file: dict[str, Any], wanted: str) -> None:
    answer = await api.get(file["content"], headers={"Range": wanted})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,5-6", "lines=0-1", "bytes", "bytes=-", "bytes=a-b", "bytes=0-" + "9" * 30, "bytes=١-٢"]
)
async def test_range_not_understood_gets_the_whole(api: Api, file: dict[str, Any], wanted: str) -> None:
    answer = await api.get(file["content"], headers={"Range": wanted.encode()})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_range_of_an_empty_file(api: Api) -> None:
    path = (await put(api, "empty", b""))["location"] + "/content"
    for wanted in ("bytes=0-", "bytes=-5"):
        assert (await api.get(path, headers={"Range": wanted})).status_code == 416
    assert (await api.get(path)).content == b""


async def test_if_range_guards_against_another_content(api: Api, file: dict[str, Any]) -> None:
    same = await api.get(file["content"], headers={"Range": "bytes=0-9", "If-Range": file["etag"]})
    assert (same.status_code, same.content) == (206, CONTENT[:10])
    for other in ('"another"', f"W/{file['etag']}", "Wed, 21 Oct 2026 07:28:00 GMT"):
        answer = await api.get(file["content"], headers={"Range": "bytes=0-9", "If-Range": other})
        assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_known_etag_is_not_sent_again(api: Api, file: dict[str, Any]) -> None:
    for known in (file["etag"], f'"x", {file["etag"]}', f"W/{file['etag']}", "*"):
        answer = await api.get(file["content"], headers={"If-None-Match": known, "Range": "bytes=0-9"})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == file["etag"]
    assert (await api.get(file["content"], headers={"If-None-Match": '"x"'})).status_code == 200


async def test_markup_never_runs_on_our_origin(api: Api) -> None:
    name = 'a"; filename=evil.html\\ё<script>.html'
    file = await put(api, name, b"<script>alert(1)</script>", **{"Content-Type": "text/html"})
    answer = await api.get(f"/api/files/{file['id']}/content")
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.count('"') == 2
    assert disposition.endswith(f"filename*=UTF-8''{quote(file['name'], safe='')}")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"


async def test_list_is_newest_first_and_paged(api: Api) -> None:
    ids = [(await put(api, f"{n}.txt", b"x"))["id"] for n in range(7)]
    everything = [file["id"] for file in (await api.get("/api/files?limit=1000")).json()["files"]]
    assert everything[:7] == ids[::-1]
    for limit in (1, len(everything) - 1, len(everything), len(everything) + 1):
        found, path, pages = [], f"/api/files?limit={limit}", 0
        while path:
            page = await api.get(path)
            found += [file["id"] for file in page.json()["files"]]
            assert ("Link" in page.headers) == (page.json()["next_cursor"] is not None)
            path, pages = page.headers.get("Link", "").partition(">")[0].removeprefix("<"), pages + 1
        assert found == everything
        assert pages == -(-len(everything) // limit)


async def test_unknown_file(api: Api) -> None:
    for path in ("", "/content"):
        answer = await api.get(f"/api/files/00000000-0000-7000-8000-000000000000{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
