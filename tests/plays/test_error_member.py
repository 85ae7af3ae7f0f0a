"""Clients of the older system read `error`: every refusal on the paths of plays has it, whoever refuses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import pytest

from app.plays.dependencies import PlayWrites
from tests.auth.people import caller, key_of
from tests.conftest import Api

MAPPINGS = "/api/play-batch-mappings/"
Ask = Callable[[Api], Awaitable[httpx.Response]]


async def unsigned(api: Api) -> httpx.Response:
    async with caller(api) as nobody:
        return await nobody.get("/api/plays")


async def too_often(api: Api) -> httpx.Response:
    """As a user of its own, whom the other tests do not need."""
    async with caller(api, await key_of(api, "Default", user="busy")) as busy:
        user_id = UUID((await busy.get("/api/session")).json()["user"]["id"])
        writes = api.installation.get(PlayWrites)
        for _ in range(writes.per_minute):
            assert (await writes.hit(str(user_id))).allowed
        return await busy.put(MAPPINGS, json=[])


@pytest.mark.parametrize(
    ("status", "ask"),
    [
        (400, lambda api: api.post(MAPPINGS, content=b"{", headers={"Content-Type": "application/json"})),
        (401, unsigned),
        (404, lambda api: api.get("/api/plays/999999999")),
        (405, lambda api: api.delete("/api/plays/")),
        (413, lambda api: api.post(MAPPINGS, content=b"x" * (1 << 21))),
        (422, lambda api: api.post(MAPPINGS, json={"play_id": 1})),
        (422, lambda api: api.put("/api/lead-data", json={"lead": "a", "batch_number": 9, "data": {}})),
        (422, lambda api: api.get("/api/data-batch-types/", params={"x": "1"})),
        (429, too_often),
    ],
)
async def test_every_refusal_has_the_member(api: Api, status: int, ask: Ask) -> None:
    answer = await ask(api)
    problem = answer.json()
    assert answer.status_code == status, problem
    assert problem["error"] == problem["detail"]


async def test_other_paths_do_not_have_it(api: Api) -> None:
    assert "error" not in (await api.get("/api/batches", params={"status": "none"})).json()
