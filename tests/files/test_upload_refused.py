"""Forms that are refused: each leaves no row, no content and an empty spool."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Api
from tests.files.bodies import BOUNDARY, FORM, form, part, rows_of, spooled, stored

MIB = 1024 * 1024
NO_OP = part("pipeline", "no-op")
FILE = part("files", b"some content", "a.txt")


@pytest.fixture(autouse=True)
async def nothing_is_left(api: Api) -> AsyncIterator[None]:
    before = await rows_of(api), stored(api)
    yield
    assert (await rows_of(api), stored(api)) == before
    assert spooled(api) == []


async def refused(api: Api, body: bytes, status: int, code: str, kind: str = FORM["Content-Type"]) -> str:
    answer = await api.post("/api/jobs/batch", content=body, headers={"Content-Type": kind})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return str(problem["detail"])


async def test_body_without_final_boundary(api: Api) -> None:
    await refused(api, form(NO_OP, FILE, part("files", b"x" * MIB, "b.bin"), closed=False), 400, "invalid_multipart")


@pytest.mark.parametrize("cut", [1, 3, 5, 30, 60, 100])
async def test_body_cut_anywhere(api: Api, cut: int) -> None:
    await refused(api, form(NO_OP, FILE)[: -2 - cut], 400, "invalid_multipart")


@pytest.mark.parametrize("body", [b"", b"no parts at all", f"--{BOUNDARY}--".encode() * 2, b"\x00\xff" * 5000])
async def test_body_that_is_no_form(api: Api, body: bytes) -> None:
    answer = await api.post("/api/jobs/batch", content=body, headers=FORM)
    assert answer.status_code in (400, 422)
    assert answer.json()["code"] in ("invalid_multipart", "validation_failed")


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "text/plain",
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 71,
        "multipart/mixed; boundary=" + BOUNDARY,
    ],
)
async def test_type_that_is_no_form(api: Api, kind: str) -> None:
    await refused(api, form(NO_OP, FILE), 400, "invalid_multipart", kind)


async def test_another_boundary_than_the_declared(api: Api) -> None:
    await refused(api, form(NO_OP, FILE), 400, "invalid_multipart", "multipart/form-data; boundary=another")


@pytest.mark.parametrize(
    "headers",
    [
        "X-Long: " + "x" * 100_000 + "\r\n",
        "X-" + "x" * 100_000 + ": 1\r\n",
        "".join(f"X-{n}: 1\r\n" for n in range(1000)),
        "no colon in this line\r\n",
    ],
)
async def test_headers_of_a_part_out_of_bounds(api: Api, headers: str) -> None:
    await refused(api, form(NO_OP, part("files", b"x", "a.txt", headers=headers)), 400, "invalid_multipart")


@pytest.mark.parametrize(
    "bad",
    [
        FILE.replace(b'"a.txt"', b'"\xff\xfe.txt"'),
        FILE.replace(b'"a.txt"', b'"a\x00b.txt"'),
        FILE.replace(b'"files"', b'"\xff"'),
        part("name", b"\xff\xfe"),
        part("name", "a\x00b"),
        part("name", b"\xed\xa0\x80"),
        FILE.replace(b' name="files";', b""),
        FILE.replace(b"Content-Disposition", b"X-Disposition"),
    ],
)
async def test_names_and_texts_that_cannot_be_read(api: Api, bad: bytes) -> None:
    await refused(api, form(NO_OP, FILE, bad), 400, "invalid_multipart")


async def test_no_file_and_no_url(api: Api) -> None:
    await refused(api, form(NO_OP), 422, "batch_empty")
    await refused(api, form(NO_OP, part("files", b"", "")), 422, "batch_empty")


async def test_more_than_the_largest_body(api: Api) -> None:
    files = [part("files", b"x" * (3 * MIB), f"{n}.bin") for n in range(3)]
    assert "8,388,608" in await refused(api, form(NO_OP, *files), 413, "upload_too_large")


async def test_more_than_the_largest_file(api: Api) -> None:
    body = form(NO_OP, FILE, part("files", b"x" * (4 * MIB + 1), "big.bin"))
    assert await refused(api, body, 413, "file_too_large") == "big.bin is larger than 4,194,304 bytes."


async def test_largest_file_is_taken(api: Api) -> None:
    body = form(part("pipeline", "no such pipeline"), part("files", b"x" * (4 * MIB), "big.bin"))
    await refused(api, body, 422, "unknown_pipeline")


async def test_more_than_the_most_files(api: Api) -> None:
    body = form(NO_OP, *(part("files", b"x", f"{n}.txt") for n in range(51)))
    await refused(api, body, 413, "too_many_files")


async def test_text_that_is_no_text_field(api: Api) -> None:
    await refused(api, form(NO_OP, FILE, part("description", b"x" * (MIB + 1))), 413, "upload_too_large")


@pytest.mark.parametrize(
    ("bad", "code", "where"),
    [
        (part("params", "[1]"), "validation_failed", "params"),
        (part("params", "{"), "validation_failed", "params"),
        (part("metadata", '{"a": NaN}'), "validation_failed", "metadata"),
        (part("metadata", '{"a": "\\u0000"}'), "validation_failed", "metadata"),
        (part("params", "[" * 100_000), "validation_failed", "params"),
        (part("params", '{"n": ' + "9" * 5000 + "}"), "validation_failed", "params"),
        (part("max_parallel", "many"), "validation_failed", "max_parallel"),
        (part("max_parallel", "0"), "validation_failed", "max_parallel"),
        (part("execution_mode", "backwards"), "validation_failed", "execution_mode"),
        (part("notification_email", "nobody"), "validation_failed", "notification_email"),
        (part("name", "x" * 256), "validation_failed", "name"),
        (part("urls", "ftp://example.org/x"), "validation_failed", "urls"),
        (part("no_such_parameter", "1"), "invalid_params", "no_such_parameter"),
    ],
)
async def test_options_that_are_not_valid(api: Api, bad: bytes, code: str, where: str) -> None:
    assert where in await refused(api, form(NO_OP, FILE, bad), 422, code)


async def test_one_job_takes_one_file(api: Api) -> None:
    answer = await api.post("/api/jobs", content=form(NO_OP, FILE, FILE), headers=FORM)
    assert (answer.status_code, answer.json()["code"]) == (422, "not_one_item")
