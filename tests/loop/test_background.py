"""No work in the background keeps the event loop for 100 ms either: jobs with long records and results, what is told of
them, and templates of thousands of items that are run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.batch_helpers import follow
from tests.conftest import Api
from tests.loop.callback_times import MOST_SECONDS, Times, timed_callbacks
from tests.loop.valid_bodies import DEEP_DATA, STEPS, UNDER_A_LIMIT, WIDE_DATA

pytestmark = [pytest.mark.own_service, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def settings_values() -> dict[str, Any]:
    return {"rate_key_per_minute": 0, "rate_organisation_per_minute": 0}


async def run(api: Api, times: Times, path: str, body: dict[str, Any]) -> None:
    """Submit, and follow to the end; the submission itself is measured elsewhere."""
    created = await api.post(path, json=body)
    assert created.status_code == 201, created.text
    times.clear()
    await follow(api, created.json()["batch_id"])
    assert times.longest < 2 * MOST_SECONDS, times.what


async def test_jobs_with_long_records(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with timed_callbacks(monkeypatch) as times:
        records: list[Any] = [DEEP_DATA, WIDE_DATA] * 3 + [{"text": "x" * 900_000}] * 6
        await run(api, times, "/api/batches", {"pipeline": "no-op", "items": [{"record": one} for one in records]})


async def test_many_jobs_and_a_template_of_thousands(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with timed_callbacks(monkeypatch) as times:
        template = {"name": "of thousands", "options": {"pipeline": "no-op"}}
        items = {"type": "items", "items": UNDER_A_LIMIT[:1_000]}
        created = await api.post("/api/templates", json=template | {"source": items})
        timed = {"template_id": created.json()["id"], "cron": "0 9 * * *"}
        schedule = (await api.post("/api/schedules", json=timed)).json()["id"]
        await run(api, times, f"/api/schedules/{schedule}/run", {})


async def test_leads_of_a_play_of_long_steps(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    play = (await api.post("/api/plays/", json={"name": "long", "play_steps": STEPS})).json()["id"]
    with timed_callbacks(monkeypatch) as times:
        await run(api, times, f"/api/plays/{play}/runs/", {"leads": [f"lead {n}" for n in range(10)]})
