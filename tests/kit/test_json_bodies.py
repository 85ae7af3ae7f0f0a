"""Bodies that are no JSON, or are packed: refused by name, where they were taken for a text that is no object."""

from __future__ import annotations

import pytest

from tests.conftest import Api

PATHS = ["/api/batches", "/api/keys", "/api/session", "/api/registration-batches", "/registration-batches"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_only_json_is_taken_for_json(api: Api, path: str, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await api.post(path, content=b'{"pipeline": "no-op", "items": [{"record": {}}]}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/vnd.a+json"])
async def test_json_by_other_words_is_taken(api: Api, kind: str) -> None:
    body = b'{"pipeline": "no-op", "items": [{"record": {}}], "start": false}'
    answer = await api.post(
        "/api/batches", content=body, headers={"Content-Type": kind, "Content-Encoding": "identity"}
    )
    assert answer.status_code == 201, answer.text


async def test_a_packed_body_is_refused(api: Api) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await api.post("/api/batches", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "Content-Encoding" in answer.json()["detail"]


async def test_no_body_is_a_missing_body(api: Api) -> None:
    answer = await api.post("/api/batches")
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
