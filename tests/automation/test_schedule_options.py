"""End, jitter, parameters, limit, catching up, runs that are paused, and at most one run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.automation.times import ScheduleNotReadable, in_words, next_times, notes_on, read_schedule, times_missed
from tests.automation.test_schedule_failures import read, scheduler_of
from tests.automation.test_schedules import SLOW, make_due, make_schedule, runs_of
from tests.conftest import Api
from tests.patience import within

RECORDS = {"type": "items", "items": [{"record": {"number": number}} for number in range(8)]}


@pytest.mark.parametrize(
    ("cron", "words", "note"),
    [
        (
            "*/7 * * * *",
            "At minutes 0, 7, 14, 21, 28, 35, 42, 49, and 56 of every hour",
            "to the next minute 0 it is 4 m",
        ),
        (
            "0 */5 * * *",
            "At minute 0 past hours 0, 5, 10, 15, and 20",
            "from hour 20 to the next hour 0 it is 4 hours.",
        ),
        (
            "0 9 */7 * *",
            "At 09:00 on the first, the eighth, the 15th, the 22nd, and the 29th day of month",
            "this is not every 7 days: it runs on day 1, 8, 15, 22, 29 of each month.",
        ),
        ("0 9 * * */2", "every Sunday, Tuesday, Thursday and Saturday 9:00", "begins anew with each week"),
        ("0 9 13 * 5", "At 09:00 on the 13th day of month or on Friday", "either the day of the month or"),
        ("0 9 31 * *", "At 09:00 on the 31st day of every month", "months without a day 31"),
        ("*/15 * * * *", "every 15 minutes", None),
        ("0 */6 * * *", "every 6 hours", None),
    ],
)
def test_steps_are_said_as_they_are(cron: str, words: str, note: str | None) -> None:
    assert in_words(cron) == words
    assert [note in said for said in notes_on(cron)] == ([True] if note else [])


def test_what_is_said_of_steps_is_what_happens() -> None:
    times = next_times("*/7 * * * *", "UTC", datetime(2026, 1, 1, 9, 48, tzinfo=UTC), 4)
    assert [moment.strftime("%H:%M") for moment in times] == ["09:49", "09:56", "10:00", "10:07"]
    with pytest.raises(ScheduleNotReadable, match=r"divides 60, or write \*/7"):
        read_schedule("every 7 minutes")


def test_the_latest_of_many_missed_times() -> None:
    now, first = datetime(2026, 1, 9, 12, tzinfo=UTC), datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert [moment.day for moment in times_missed("0 9 * * *", "UTC", first, now, 100)] == list(range(1, 10))
    assert [moment.day for moment in times_missed("0 9 * * *", "UTC", first, now, 3)] == [7, 8, 9]
    assert times_missed("0 9 * * *", "UTC", first, first, 3) == [first]


async def test_a_schedule_ends(api: Api) -> None:
    end = datetime.now(UTC) + timedelta(days=2, hours=1)
    schedule = await make_schedule(api, time_zone="UTC", ends_at=end.isoformat())
    assert 2 <= len(schedule["next_runs"]) <= 3
    params = {"cron": "0 9 * * *", "ends_at": end.isoformat()}
    assert (await api.get("/api/schedules/preview", params=params)).json()["next_runs"] == schedule["next_runs"]
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    over = await api.patch(f"/api/schedules/{schedule['id']}", json={"ends_at": past})
    assert over.json()["next_runs"] == []
    await make_due(api, schedule)
    await scheduler_of(api).tick()
    assert (await api.get(f"/api/schedules/{schedule['id']}/runs")).json()["runs"] == []
    endless = await api.patch(f"/api/schedules/{schedule['id']}", json={"ends_at": None})
    assert len(endless.json()["next_runs"]) == 5


async def test_a_run_starts_later_by_its_jitter(api: Api) -> None:
    schedule = await make_schedule(api, jitter_seconds=3600)
    due, planned = (datetime.fromisoformat(schedule[name]) for name in ("due_at", "created_at"))
    first = datetime.fromisoformat(schedule["next_runs"][0])
    assert timedelta() < due - first <= timedelta(hours=1)
    assert planned < due
    await make_due(api, schedule)  # its time, but not its jitter
    await scheduler_of(api).tick()
    assert (await api.get(f"/api/schedules/{schedule['id']}/runs")).json()["runs"] == []
    without = await api.patch(f"/api/schedules/{schedule['id']}", json={"jitter_seconds": 0})
    assert without.json()["due_at"] is None


async def test_a_run_has_the_schedule_s_parameters_and_takes_as_many_items_as_it_may(api: Api) -> None:
    options = {"pipeline": "behaviour", "params": {"do": "stop"}}
    schedule = await make_schedule(
        api, template={"options": options, "source": RECORDS}, params={"do": "child"}, limit=5
    )
    assert (schedule["params"], schedule["limit"]) == ({"do": "child"}, 5)
    await make_due(api, schedule)
    batches = [(await runs_of(api, schedule, 1))[0]["batch_id"]]
    batches.append((await api.post(f"/api/schedules/{schedule['id']}/run")).json()["batch_id"])
    for batch_id in batches:
        batch = (await api.get(f"/api/batches/{batch_id}")).json()["batch"]
        assert (batch["settings"], batch["counters"]["total"]) == ({"do": "child"}, 5)
    dry = {"dry_run": True, "limit": 3}
    assert (await api.post(f"/api/templates/{schedule['template_id']}/run", json=dry)).json()["jobs_count"] == 3
    path = f"/api/schedules/{schedule['id']}"
    assert (await api.patch(path, json={"params": {"do": 7}})).status_code == 422
    cleared = (await api.patch(path, json={"params": {}, "limit": None})).json()
    assert (cleared["params"], cleared["limit"]) == ({}, None)


async def test_a_secret_is_kept_in_the_template_and_not_in_the_schedule(api: Api) -> None:
    template = {"options": {"pipeline": "echo", "params": {"token": "t0p"}}, "source": RECORDS}
    schedule = await make_schedule(api, template=template, params={"how": "stop"})
    reply = await api.patch(f"/api/schedules/{schedule['id']}", json={"params": {"token": "0th3r"}})
    assert (reply.status_code, reply.json()["code"]) == (422, "secret_in_schedule")
    assert "0th3r" not in reply.text


@pytest.mark.parametrize(
    ("catch_up", "statuses"), [("once", ["started"]), ("skip", ["skipped"]), ("all", ["started"] * 4)]
)
async def test_catching_up(api: Api, catch_up: str, statuses: list[str]) -> None:
    """Four times were missed, the last of them half an hour ago."""
    last = datetime.now(UTC) - timedelta(minutes=30)
    cron = f"{last.minute} * * * *"
    schedule = await make_schedule(api, cron=cron, time_zone="UTC", catch_up=catch_up, overlap="allow")
    seconds = (datetime.now(UTC) - last.replace(second=0, microsecond=0)).total_seconds()
    await make_due(api, schedule, minutes=180 + seconds / 60)
    async with within(30):
        while datetime.fromisoformat((await read(api, schedule))["next_runs"][0]) < datetime.now(UTC):
            await scheduler_of(api).tick()
    runs = await runs_of(api, schedule, len(statuses))
    assert [run["status"] for run in runs] == statuses
    assert (runs[0]["reason"] or "").startswith("missed by 30 minutes" if catch_up == "skip" else "")


@pytest.mark.parametrize(("paused_run", "second"), [("holds", "skipped"), ("passes", "started")])
async def test_a_run_behind_a_paused_one_says_so_and_follows_its_setting(
    api: Api, paused_run: str, second: str
) -> None:
    schedule = await make_schedule(api, paused_run=paused_run, **SLOW)
    await make_due(api, schedule, 2)
    first = (await runs_of(api, schedule, 1))[0]
    assert (await api.post(f"/api/batches/{first['batch_id']}/pause")).is_success
    await make_due(api, schedule, 1)
    run = (await runs_of(api, schedule, 2))[0]
    assert run["status"] == second
    assert ("is paused" in (run["reason"] or "")) == (second == "skipped")
    await api.post(f"/api/batches/{first['batch_id']}/cancel")


async def test_at_most_one_waits_and_at_most_one_is_run_now(api: Api) -> None:
    schedule = await make_schedule(api, overlap="queue", max_waiting=1, **SLOW)
    statuses: list[Any] = []
    for number in (1, 2, 3):
        await make_due(api, schedule, 4 - number)
        async with within(20):
            while len(runs := (await api.get(f"/api/schedules/{schedule['id']}/runs")).json()["runs"]) < number:
                await asyncio.sleep(0.05)
        statuses.append(runs[0]["status"])
    assert statuses == ["started", "waiting", "skipped"]
    assert runs[0]["reason"].startswith("1 run already waiting")
    path = f"/api/schedules/{schedule['id']}/run"
    reply = await api.post(path, json={"unless_active": True})
    assert (reply.status_code, reply.json()["code"]) == (409, "run_active")
    assert (await api.post(path)).status_code == 201


async def test_two_who_run_it_now_at_once_make_one_batch(api: Api) -> None:
    schedule = await make_schedule(api, **SLOW)
    path, body = f"/api/schedules/{schedule['id']}/run", {"unless_active": True}
    replies = await asyncio.gather(*(api.post(path, json=body) for _ in range(5)))
    assert sorted(reply.status_code for reply in replies) == [201, 409, 409, 409, 409]
