"""Bodies over their limit: refused before they are read, or as soon as they pass it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.kit.web.early_answer import SMALL_BODY
from tests.conftest import Api, make_settings, serving
from tests.files.bodies import FORM, Wire, rows_of

JSON = {"Content-Type": "application/json"}
SMALL, SUBMIT = 100_000, 300_000


@pytest.fixture(scope="module")
async def api(home: Path, database_url: str) -> AsyncIterator[Api]:
    limits = {"max_json_bytes": SMALL, "max_submit_bytes": SUBMIT}
    async with serving(make_settings(home, database_url, worker="off", **limits)) as client:
        yield client


def padded(size: int, **body: Any) -> bytes:
    """A JSON object of exactly so many bytes."""
    text = "{" + ", ".join(f'"{name}": {value}' for name, value in body.items())
    return (text + " " * (size - len(text) - 1) + "}").encode()


async def in_chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 16_384):
        yield data[at : at + 16_384]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "limit"),
    [("/api/session", SMALL_BODY), ("/api/keys", SMALL), ("/api/jobs", SMALL), ("/api/batches", SUBMIT)],
)
async def test_limit_is_exact(api: Api, path: str, limit: int, chunked: bool) -> None:
    before = await rows_of(api)
    for size, refused in ((limit, False), (limit + 1, True), (limit * 5, True)):
        body = padded(size, pipeline='"none"')
        answer = await api.post(path, content=in_chunks(body) if chunked else body, headers=JSON)
        assert (answer.status_code == 413) == refused, (size, answer.text)
        problem = answer.json()
        if refused:
            assert (problem["code"], problem["instance"]) == ("too_large", path)
            assert f"{limit:,}" in problem["detail"]
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert await rows_of(api) == before


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "text/plain", "application/x-www-form-urlencoded"])
async def test_type_of_a_body_is_no_way_around(api: Api, kind: str) -> None:
    for path in ("/api/session", "/api/batches", "/api/keys"):
        answer = await api.post(path, content=b"x" * (SUBMIT + 1), headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


async def test_forms_have_the_limits_of_uploads(api: Api) -> None:
    for path in ("/api/jobs", "/api/jobs/batch"):
        answer = await api.post(path, content=b"x" * (SUBMIT + 1), headers=FORM)
        assert answer.json()["code"] == "invalid_multipart"


async def test_any_method_is_limited(api: Api) -> None:
    for method in ("GET", "DELETE", "PATCH", "OPTIONS"):
        answer = await api.request(method, "/api/batches", content=b"x" * (SUBMIT + 1))
        assert answer.status_code == 413, method


async def test_refused_by_its_own_word_before_it_is_sent(api: Api) -> None:
    for key in ("wrong", None):
        wire = await Wire.to(api)
        more = {"key": key} if key else {}
        await wire.head("POST", "/api/batches", Content_Type="application/json", Content_Length=str(1 << 40), **more)
        status, headers, problem = await wire.answer()
        assert status == 413
        assert b"connection: close" in headers
        assert b'"code":"too_large"' in problem
        wire.cut()


async def test_default_limits(home: Path, database_url: str) -> None:
    body = padded(1_100_000, pipeline='"none"', items='[{"record": {}}]')
    async with serving(make_settings(home, database_url, worker="off")) as api:
        for path, code in (
            ("/api/session", "too_large"),
            ("/api/jobs", "too_large"),
            ("/api/batches", "unknown_pipeline"),
        ):
            answer = await api.post(path, content=body, headers=JSON)
            assert answer.json()["code"] == code, path
