"""What goes wrong with one schedule is told on it, and stops no other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from app.automation.scheduler import Scheduler
from app.automation.service import TemplateRunner
from tests.automation.test_schedules import make_due, make_schedule, runs_of
from tests.conftest import Api
from tests.patience import within


def scheduler_of(api: Api) -> Scheduler:
    return Scheduler(api.installation.database, api.installation.get(TemplateRunner))


async def read(api: Api, schedule: dict[str, Any]) -> dict[str, Any]:
    return dict((await api.get(f"/api/schedules/{schedule['id']}")).json())


async def test_a_plan_that_raises_is_told_on_its_schedule_and_stops_no_other(api: Api, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    options = {"pipeline": "fragile-plan", "params": {"broken": str(broken)}}
    source = {"type": "items", "items": [{"record": {}}]}
    fragile = await make_schedule(api, template={"options": options, "source": source})
    healthy = [await make_schedule(api) for _ in range(3)]
    broken.touch()
    for times in (1, 2):
        await make_due(api, fragile, 60 * times)  # the longest overdue comes first
        for schedule in healthy:
            await make_due(api, schedule, times)
        await scheduler_of(api).tick()
        await runs_of(api, fragile, times)
        for schedule in healthy:
            assert len(await runs_of(api, schedule, times)) == times
    told = await read(api, fragile)
    assert told["failures"] == 2
    assert "ZeroDivisionError" in told["last_error"]
    assert "cannot be made" not in told["last_error"]  # its text may hold anything: the log has it
    assert datetime.fromisoformat(told["last_error_at"]) <= datetime.now(UTC)
    assert (told["last_run"]["status"], told["last_run"]["reason"]) == ("failed", told["last_error"])
    assert datetime.fromisoformat(told["next_runs"][0]) > datetime.now(UTC)
    assert [(await read(api, schedule))["failures"] for schedule in healthy] == [0, 0, 0]
    broken.unlink()
    await make_due(api, fragile)
    async with within(20):
        while (told := await read(api, fragile))["failures"]:
            await scheduler_of(api).tick()
    assert told["last_run"]["status"] == "started"
    assert told["last_error"]  # the last one stays to be seen


async def test_a_schedule_without_a_next_time_is_paused_and_stops_no_other(api: Api) -> None:
    lost, healthy = await make_schedule(api), await make_schedule(api)
    connection = await asyncpg.connect(api.installation.database.dsn)
    await connection.execute("update schedules set cron = 'not cron' where id = $1", lost["id"])
    await make_due(api, lost, 60)
    await make_due(api, healthy)
    await scheduler_of(api).tick()
    assert [run["status"] for run in await runs_of(api, healthy, 1)] == ["started"]
    async with within(20):
        while not (row := await connection.fetchrow("select * from schedules where id = $1", lost["id"]))["paused_at"]:
            await asyncio.sleep(0.05)
    assert row["failures"] >= 1
    assert row["last_error"].startswith("it is paused")
    await connection.execute("delete from schedules where id = $1", lost["id"])
    await connection.close()
