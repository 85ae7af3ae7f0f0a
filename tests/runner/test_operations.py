"""What administrators see of the machine: workers, storage; and what everybody sees of a job's bad tries."""

from __future__ import annotations

import pytest

from tests.batch_helpers import run
from tests.conftest import Api
from tests.files.bodies import query

pytestmark = pytest.mark.own_service


async def test_a_worker_that_is_silent_for_ten_seconds_is_shown_as_such(api: Api) -> None:
    shown = (await api.get("/api/workers")).json()["workers"]
    assert [(one["silent"], one["running"], one["slots"]) for one in shown] == [(False, 0, 256)]
    gone = (
        "insert into workers (id, host, pid, slots, seen_at) values (gen_random_uuid(), 'gone', 1, 4, :at) returning 1"
    )
    await query(api, gone.replace(":at", "now() - interval '11 seconds'"))
    shown = (await api.get("/api/workers")).json()["workers"]
    assert [(one["host"], one["silent"]) for one in shown][-1] == ("gone", True)


async def test_equal_contents_are_stored_once(api: Api) -> None:
    for name in ("a.txt", "b.txt", "c.txt"):
        await api.put(f"/api/files/{name}", content=b"12345" if name < "c" else b"123")
    stored = (await api.get("/api/storage")).json()
    assert (stored["files"], stored["size"], stored["contents"], stored["contents_size"]) == (3, 13, 2, 8)
    assert stored["local"]
    assert 0 < stored["disk_free"] < stored["disk_total"]


async def test_every_bad_try_is_told(api: Api) -> None:
    batch = await run(api, "behaviour", [{"do": "retry_always"}, {"do": "succeed"}, {"do": "stop"}])
    tries = [(await api.get(f"/api/jobs/{job['id']}")).json()["job"]["tries"] for job in batch["jobs"]]
    assert [(one["outcome"], one["error_code"], one["step"]) for one in tries[0]] == [
        ("retried", "UPSTREAM_5XX", "behave"),
        ("retried", "UPSTREAM_5XX", "behave"),
        ("failed", "UPSTREAM_5XX", "behave"),
    ]
    assert tries[0][0]["retry_at"]
    assert tries[1] == []
    assert [(one["outcome"], one["message"]) for one in tries[2]] == [("failed", "The record says so.")]
