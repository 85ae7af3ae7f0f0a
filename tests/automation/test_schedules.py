"""Schedules fire once for each time, catch up once, and mind what still runs. The rows' times move, not the clock."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.automation.scheduler import Scheduler
from app.automation.service import TemplateRunner
from app.automation.times import ScheduleNotReadable, in_words, next_times, read_schedule
from tests.auth.people import caller, key_of
from tests.automation.test_templates import make_template
from tests.batch_helpers import follow
from tests.conftest import Api
from tests.patience import within


@pytest.mark.parametrize(
    ("written", "cron", "words"),
    [
        ("0 9 * * 1", "0 9 * * 1", "every Monday 9:00"),
        ("every Monday 9 AM", "0 9 * * 1", "every Monday 9:00"),
        ("Every weekday at 17:30", "30 17 * * 1-5", "every weekday 17:30"),
        ("every mon, wed and fri 8", "0 8 * * 1,3,5", "every Monday, Wednesday and Friday 8:00"),
        ("every 15 minutes", "*/15 * * * *", "every 15 minutes"),
        ("every month on the 1st at 6:05", "5 6 1 * *", "At 06:05 on the first day of every month"),
        ("every day 12am", "0 0 * * *", "every day 0:00"),
    ],
)
def test_words_and_expressions(written: str, cron: str, words: str) -> None:
    assert read_schedule(written) == cron
    assert in_words(cron) == words


@pytest.mark.parametrize(
    "written", ["", "x", "* * * *", "61 * * * *", "0 0 31 2 *", "every 7 minutes", "every Monday 25:00"]
)
def test_what_is_no_schedule(written: str) -> None:
    with pytest.raises(ScheduleNotReadable):
        read_schedule(written)


@pytest.mark.parametrize(
    ("day", "local"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), ["29 03:00+0200", "30 02:30+0200"]),
        (datetime(2026, 10, 24, 12, tzinfo=UTC), ["25 02:30+0200", "26 02:30+0100"]),
    ],
)
def test_half_past_two_when_the_clocks_change(day: datetime, local: list[str]) -> None:
    times = next_times("30 2 * * *", "Europe/Berlin", day, 2)
    assert [moment.strftime("%d %H:%M%z") for moment in times] == local


async def make_schedule(api: Api, **more: Any) -> dict[str, Any]:
    """A daily schedule of a template of its own."""
    template = await make_template(api, f"Template {datetime.now(UTC).timestamp()}", **more.pop("template", {}))
    body = {"template_id": template["id"], "cron": "0 9 * * *", "time_zone": "Pacific/Auckland"} | more
    reply = await api.post("/api/schedules", json=body)
    assert reply.status_code == 201, reply.text
    return dict(reply.json())


async def make_due(api: Api, schedule: dict[str, Any], minutes: float = 1) -> None:
    connection = await asyncpg.connect(api.installation.database.dsn)
    move = "update schedules set next_run_at = clock_timestamp() - $2::float8 * interval '1 minute' where id = $1"
    await connection.execute(move, schedule["id"], minutes)
    await connection.close()


async def runs_of(
    api: Api, schedule: dict[str, Any], count: int, *, uncounted: tuple[str, ...] = ("waiting",)
) -> list[dict[str, Any]]:
    """The schedule's runs, once there are so many, without those that only wait."""
    async with within(20):
        while True:
            runs = (await api.get(f"/api/schedules/{schedule['id']}/runs")).json()["runs"]
            if len([run for run in runs if run["status"] not in uncounted]) >= count:
                return list(runs)
            await asyncio.sleep(0.1)


async def test_schedule_says_when_it_runs(api: Api) -> None:
    schedule = await make_schedule(api, cron="every monday 9 am")
    assert (schedule["cron"], schedule["words"]) == ("0 9 * * 1", "every Monday 9:00")
    times = [datetime.fromisoformat(moment) for moment in schedule["next_runs"]]
    assert {(moment.weekday(), moment.hour) for moment in times} == {(0, 9)}
    assert [later - earlier for earlier, later in itertools.pairwise(times)].count(timedelta(days=7)) >= 3
    preview = await api.get("/api/schedules/preview", params={"cron": "every day 9:00", "time_zone": "Europe/Berlin"})
    assert (preview.json()["words"], len(preview.json()["next_runs"])) == ("every day 9:00", 5)
    for wrong in ({"cron": "never"}, {"time_zone": "Mars/Base"}, {"overlap": "maybe"}):
        reply = await api.post(
            "/api/schedules", json={"template_id": schedule["template_id"], "cron": "0 9 * * *"} | wrong
        )
        assert (reply.status_code, reply.json()["code"]) == (422, "validation_failed")


async def test_due_time_makes_one_batch_however_late_and_by_however_many(api: Api) -> None:
    """Hours late, as after a downtime, it catches up once; ten schedulers at once are ten processes with any clock."""
    schedule = await make_schedule(api)
    await make_due(api, schedule, minutes=60 * 24 * 3)
    others = [Scheduler(api.installation.database, api.installation.get(TemplateRunner)) for _ in range(10)]
    await asyncio.gather(*(other.tick() for other in others))
    runs = await runs_of(api, schedule, 1)
    assert [run["status"] for run in runs] == ["started"]
    batch = (await api.get(f"/api/batches/{runs[0]['batch_id']}")).json()["batch"]
    assert (batch["relation"], batch["created_by"]["name"]) == ("schedule", "admin")
    await follow(api, batch["id"])
    again = (await api.get(f"/api/schedules/{schedule['id']}")).json()
    assert datetime.fromisoformat(again["next_runs"][0]) > datetime.now(UTC)
    assert again["last_run"]["batch_id"] == batch["id"]
    created = await api.get(f"/api/batches/{batch['id']}/events")
    assert created.json()["events"][0]["actor"].startswith("schedule ")


SLOW = {"template": {"options": {"pipeline": "slow", "params": {"seconds": 60}}}}


@pytest.mark.parametrize(("overlap", "second"), [("skip", "skipped"), ("queue", "waiting"), ("allow", "started")])
async def test_run_before_still_works(api: Api, overlap: str, second: str) -> None:
    schedule = await make_schedule(api, overlap=overlap, **SLOW)
    scheduler = Scheduler(api.installation.database, api.installation.get(TemplateRunner))
    for minutes in (2, 1):
        await make_due(api, schedule, minutes)
        await scheduler.tick()
    runs = await runs_of(api, schedule, 2, uncounted=())  # the service's own scheduler may have been the faster one
    assert [run["status"] for run in runs] == [second, "started"]
    await api.post(f"/api/batches/{runs[1]['batch_id']}/cancel")
    await api.delete(f"/api/batches/{runs[1]['batch_id']}")
    if overlap == "queue":
        async with within(45):
            while (await api.get(f"/api/schedules/{schedule['id']}")).json()["last_run"]["status"] != "started":
                await end_running(api)
                await scheduler.tick()


async def end_running(api: Api) -> None:
    """End what was cancelled at once instead of in 30 s."""
    connection = await asyncpg.connect(api.installation.database.dsn)
    await connection.execute("update batches set cancelled_at = cancelled_at - interval '30 seconds'")
    await connection.close()
    await asyncio.sleep(0.2)


async def test_what_cannot_be_submitted_is_told_and_the_next_time_comes(api: Api) -> None:
    schedule = await make_schedule(api, template={"source": {"type": "files", "tag": "nothing-has-it"}})
    await make_due(api, schedule)
    runs = await runs_of(api, schedule, 1)
    assert (runs[0]["status"], runs[0]["batch_id"]) == ("failed", None)
    assert runs[0]["reason"].startswith("batch_empty")
    assert (await api.get(f"/api/schedules/{schedule['id']}")).json()["next_runs"]


async def test_pause_resume_run_now_and_change(api: Api) -> None:
    schedule = await make_schedule(api)
    path = f"/api/schedules/{schedule['id']}"
    paused = (await api.post(f"{path}/pause")).json()
    assert paused["paused_at"]
    assert paused["next_runs"] == []
    await make_due(api, schedule)
    await Scheduler(api.installation.database, api.installation.get(TemplateRunner)).tick()
    assert (await api.get(f"{path}/runs")).json()["runs"] == []
    resumed = (await api.post(f"{path}/resume")).json()
    assert resumed["paused_at"] is None
    assert datetime.fromisoformat(resumed["next_runs"][0]) > datetime.now(UTC)
    created = await api.post(f"{path}/run")
    assert created.status_code == 201
    await follow(api, created.json()["batch_id"])
    changed = (await api.patch(path, json={"cron": "every hour", "time_zone": "UTC"})).json()
    assert (changed["cron"], changed["time_zone"]) == ("0 * * * *", "UTC")
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).json()["code"] == "schedule_not_found"


async def test_schedules_of_another_organisation(api: Api) -> None:
    schedule = await make_schedule(api)
    async with caller(api, await key_of(api, "Another")) as other:
        assert (await other.get("/api/schedules")).json()["schedules"] == []
        reply = await other.post("/api/schedules", json={"template_id": schedule["template_id"], "cron": "0 9 * * *"})
        assert (reply.status_code, reply.json()["code"]) == (404, "template_not_found")
