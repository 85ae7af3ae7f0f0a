"""The same request under the same Idempotency-Key makes one batch."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from tests.batch_helpers import run
from tests.conftest import Api

BODY = {"pipeline": "no-op", "items": [{"record": {"n": 1}}]}


async def post(api: Api, key: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await api.post("/api/batches", json=body or BODY, headers={"Idempotency-Key": key})


async def batches_of(api: Api) -> int:
    connection = await asyncpg.connect(api.installation.database.dsn)
    try:
        return int(await connection.fetchval("select count(*) from batches"))
    finally:
        await connection.close()


async def test_the_same_request_again_gets_the_same_answer(api: Api) -> None:
    key = str(uuid4())
    first = await post(api, key)
    again = await post(api, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers


async def test_forty_racers_make_one_batch(api: Api) -> None:
    before, key = await batches_of(api), str(uuid4())
    answers = await asyncio.gather(*(post(api, key) for _ in range(40)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    assert len({answer.json()["batch_id"] for answer in answers if answer.status_code == 201}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_in_flight"
            assert answer.headers["retry-after"] == "1"
    assert await batches_of(api) == before + 1


async def test_racing_uploads_make_one_batch(api: Api) -> None:
    before, key = await batches_of(api), str(uuid4())

    async def upload() -> httpx.Response:
        files = [("files", ("a.txt", b"content", "text/plain"))]
        headers = {"Idempotency-Key": key}
        return await api.post("/api/jobs/batch", data={"pipeline": "no-op"}, files=files, headers=headers)

    answers = await asyncio.gather(*(upload() for _ in range(10)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await batches_of(api) == before + 1
    again = await upload()
    assert again.headers["idempotent-replayed"] == "true"


async def test_the_same_key_with_another_request_is_refused(api: Api) -> None:
    key = str(uuid4())
    await post(api, key)
    other = await post(api, key, {"pipeline": "no-op", "items": [{"record": {"n": 2}}]})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await api.post(
        "/api/jobs", json={"pipeline": "no-op", "record": {"n": 1}}, headers={"Idempotency-Key": key}
    )
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refused_request_leaves_no_key(api: Api) -> None:
    key = str(uuid4())
    assert (await post(api, key, {"pipeline": "no-op", "items": []})).status_code == 422
    assert (await post(api, key)).status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "täst".encode().decode("latin-1")])
async def test_keys_that_cannot_be_kept_are_refused(api: Api, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await api.post("/api/batches", json=BODY, headers=[*api.headers.raw, *headers])
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


async def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    key = str(uuid4())
    first = await post(api, key)
    connection = await asyncpg.connect(api.installation.database.dsn)
    await connection.execute("update idempotency_keys set created_at = created_at - interval '25 hours'")
    await connection.close()
    assert (await post(api, key)).json()["batch_id"] != first.json()["batch_id"]


async def test_restart_asked_twice_under_one_key_makes_one_batch(api: Api) -> None:
    batch, headers = await run(api, "no-op", [{}]), {"Idempotency-Key": str(uuid4())}
    first = await api.post(f"/api/batches/{batch['id']}/restart", headers=headers)
    again = await api.post(f"/api/batches/{batch['id']}/restart", headers=headers)
    assert first.json() == again.json()
    without = await api.post(f"/api/batches/{batch['id']}/restart")
    assert without.json() != first.json()
