"""Keyset pages: complete and without repetition, also while batches keep arriving; and cursors that are none."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.batch_helpers import submit
from tests.conftest import Api


def cursor_of(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


@pytest.mark.parametrize("sort", ["-created_at", "name", "-total_files"])
async def test_pages_neither_miss_nor_repeat_while_batches_arrive(api: Api, sort: str) -> None:
    there = {await submit(api, "typed", [{}], name=f"same {n % 3}") for n in range(15)}
    stopped = asyncio.Event()

    async def keep_submitting() -> None:
        number = 0
        while not stopped.is_set():
            await submit(api, "typed", [{}], name=f"same {number % 3}")
            number += 1

    arriving = asyncio.create_task(keep_submitting())
    seen, cursor = [], None
    try:
        while True:
            params = {"limit": 4, "sort": sort} | ({"cursor": cursor} if cursor else {})
            page = (await api.get("/api/batches", params=params)).json()
            seen += [batch["id"] for batch in page["batches"]]
            if not (cursor := page["next_cursor"]) or len(seen) > 400:
                break
    finally:
        stopped.set()
        await arriving
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


async def test_pages_of_groups(api: Api) -> None:
    ids = [await submit(api, "no-op", [{}, {}], name="grouped") for _ in range(5)]
    seen, path = [], "/api/jobs?search=grouped&limit=2&sort=created_at"
    while path:
        page = await api.get(path)
        seen += [group["batch_metadata"]["id"] for group in page.json()["batches"]]
        assert all(len(group["jobs"]) == 2 for group in page.json()["batches"])
        path = page.headers.get("Link", "").partition(";")[0].strip("<>")
    assert seen == ids


async def test_pages_of_jobs(api: Api) -> None:
    batch_id = await submit(api, "no-op", [{"n": n} for n in range(7)])
    seen, path = [], f"/api/batches/{batch_id}/jobs?limit=3"
    while path:
        page = await api.get(path)
        seen += [job["record"]["n"] for job in page.json()["jobs"]]
        path = page.headers.get("Link", "").partition(";")[0].strip("<>")
    assert seen == list(range(7))


UUID = "00000000-0000-7000-8000-000000000000"
NOW = "2026-01-01T00:00:00+00:00"
BAD = [
    "x",
    "%%%",
    "ü",
    "====",
    base64.urlsafe_b64encode(b"\xff\xfe").decode(),
    base64.urlsafe_b64encode(b"[" * 300).decode(),
    cursor_of(),
    cursor_of(1),
    cursor_of(1, 2, 3),
    cursor_of(NOW, 7),
    cursor_of(NOW, None),
    cursor_of(NOW, "no id"),
    cursor_of(NOW, [UUID]),
    cursor_of("soon", UUID),
    cursor_of("0001-01-01T00:00:00+01:00", UUID),
    cursor_of(None, UUID),
    cursor_of({"a": 1}, UUID),
    cursor_of(10**30, UUID),
    cursor_of(2**31, UUID),
    cursor_of(-(2**63), UUID),
    cursor_of(1.5, UUID),
    cursor_of(True, UUID),
    cursor_of("a\x00b", UUID),
    cursor_of("\ud800", UUID),
    "x" * 501,
]
FITTING = {cursor_of(1), cursor_of("soon", UUID), cursor_of("0001-01-01T00:00:00+01:00", UUID)}
"""Readable where a list is sorted by name, or by a job's number."""


@pytest.mark.parametrize("cursor", BAD)
async def test_cursor_that_is_none(api: Api, cursor: str) -> None:
    """Whatever the list and its order: 4xx, or a page when the cursor happens to fit the order."""
    paths = [
        f"/api/{name}?sort={sort}" for name in ("batches", "jobs") for sort in ("created_at", "name", "-total_files")
    ]
    batch_id = await submit(api, "no-op", [{}])
    for path in [*paths, "/api/files?", f"/api/batches/{batch_id}/jobs?"]:
        answer = await api.get(f"{path}&cursor={quote(cursor)}")
        if answer.status_code != 200 or cursor not in FITTING:
            assert answer.status_code in (400, 422), (path, answer.text)
            assert answer.json()["code"] in ("invalid_cursor", "validation_failed")


async def test_time_without_zone_in_a_cursor(api: Api) -> None:
    answer = await api.get("/api/batches", params={"cursor": cursor_of("2026-01-01T00:00:00", UUID)})
    assert answer.status_code in (200, 400)


@pytest.mark.parametrize("key", [-1, 2**31, 10**30, True, 1.5, "1", None, [1]])
async def test_cursor_of_jobs_that_is_none(api: Api, key: Any) -> None:
    batch_id = await submit(api, "no-op", [{}])
    answer = await api.get(f"/api/batches/{batch_id}/jobs", params={"cursor": cursor_of(key)})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
