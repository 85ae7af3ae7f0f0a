"""The event log on the disk: what readers see does not depend on how, where or by which version it was written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from app.batches.partition_repository import keep_partitions, least_id, months
from app.batches.short_events import CACHED, TYPES, counters_of, data_of, kind_sql
from app.batches.states import COUNTERS, JOB_STATUSES
from app.installation import Installation
from app.kit.errors import DatabaseUnavailable
from app.kit.ids import new_id
from app.runner.runner import Runner
from tests.batch_helpers import follow, run, submit
from tests.conftest import Api, make_settings, serving

pytestmark = pytest.mark.own_service
Connection = asyncpg.Connection
COMMON = ("sequence", "stage", "status", "message", "progress", "error_code", "attempt")
WORK: list[tuple[str, list[dict[str, Any]]]] = [
    ("no-op", [{"n": n} for n in range(12)]),
    ("behaviour", [{"do": "stop"}, {"do": "succeed"}, {"do": "retry_once"}, {"do": "raise", "optional": True}]),
    ("cleanup", [{}]),
]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def log_of(api: Api, batch_id: str) -> bytes:
    reply = await api.get(f"/api/batches/{batch_id}/events", params={"limit": 1000})
    assert reply.status_code == 200
    return reply.content


def as_before(batch_id: str, row: Any) -> bytes:
    """An event as the release before made it of a row of its table."""
    body = {"id": row["id"], "type": row["type"], "batch_id": batch_id}
    body |= {"job_id": str(row["job_id"]) if row["job_id"] else None, "step": row["step"]}
    body |= dict.fromkeys(COMMON) | orjson.loads(row["data"]) | {"actor": row["actor"], "at": row["created_at"]}
    return orjson.dumps(body | {"counters": dict(zip(COUNTERS, row["counters"], strict=True))})


async def test_every_event_is_the_same_to_the_byte_in_both_forms(tmp_path: Path, database_url: str) -> None:
    settings = make_settings(tmp_path, database_url)
    async with serving(settings) as api:
        ids = [(await run(api, pipeline, records))["id"] for pipeline, records in WORK]
        ids.append(await submit(api, "no-op", [{}], start=False))
        short = {batch_id: await log_of(api, batch_id) for batch_id in ids}
    installation = Installation(settings)
    await installation.migrate("tranche_0021")
    connection = await asyncpg.connect(database_url)
    for batch_id in ids:
        rows = await connection.fetch("select * from events where batch_id::text = $1 order by id", batch_id)
        assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
        assert orjson.loads(short[batch_id])["events"] == [orjson.loads(as_before(batch_id, row)) for row in rows]
        assert b",".join(as_before(batch_id, row) for row in rows) in short[batch_id]
    # A batch of an older system has an id that tells no time: it cannot lie with the others of its day.
    odd = uuid4()
    await connection.execute(
        """insert into events (batch_id, id, type, data, counters)
        values ($1, 1, 'batch.created', '{"status": "pending"}', array[0, 0, 0, 0, 0, 0, 0, 0])""",
        odd,
    )
    await installation.migrate()
    await installation.database.stop()
    where = await connection.fetch("select distinct tableoid::regclass::text from event_log order by 1")
    assert [row[0] for row in where] == ["event_log_before", "event_log_default"]
    assert await connection.fetchval("select count(*) from only event_log_default where batch_id = $1", odd) == 1
    await connection.close()
    async with serving(settings) as api:
        assert {batch_id: await log_of(api, batch_id) for batch_id in ids} == short
        # One that began before the migration goes on in the short form, beside what it has.
        await api.post(f"/api/batches/{ids[-1]}/start")
        await follow(api, ids[-1])
        events = orjson.loads(await log_of(api, ids[-1]))["events"]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert (await api.get(f"/api/batches/{ids[-1]}/audit")).json()["consistent"]


async def test_the_view_takes_what_the_release_before_writes(api: Api, connection: Connection) -> None:
    batch = await run(api, "no-op", [{}])
    written = """insert into events (batch_id, id, type, job_id, step, data, counters, actor, created_at)
      select batch_id, id + 100, type, job_id, step, data, counters, actor, created_at from events
      where batch_id::text = $1"""
    await connection.execute(written, batch["id"])
    rows = await connection.fetch("select * from events where batch_id::text = $1 order by id", batch["id"])
    first, second = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    assert [dict(row) | {"id": row["id"] + 100} for row in first] == [dict(row) for row in second]
    renamed = """update events set data = jsonb_set(data, '{name}', '"other"') where batch_id::text = $1 and id = 2"""
    await connection.execute(renamed, batch["id"])
    events = orjson.loads(await log_of(api, batch["id"]))["events"]
    assert events[1]["name"] == "other"
    await connection.execute("delete from events where batch_id::text = $1 and id > 100", batch["id"])
    assert await connection.fetchval("select count(*) from event_log where batch_id::text = $1", batch["id"]) == len(
        first
    )


async def test_the_database_and_the_code_agree_on_kinds_and_tallies(connection: Connection) -> None:
    for place, type in enumerate(TYPES, 1):
        for status in JOB_STATUSES:
            cached = "true" if place == CACHED else "false"
            kind = await connection.fetchval("select " + kind_sql(f"'{type}'", f"'{status}'", cached))
            assert kind == place * 10 + JOB_STATUSES.index(status) + 1
            assert data_of(kind, 1, 2, "a", None)["status"] == status
    for counters in ([0] * 8, [10, 0, 0, 10, 0, 0, 0, 0], [100, 20, 0, 30, 10, 20, 20, 10]):
        tally = await connection.fetchval(
            "select regexp_replace(array_to_string($1::int[], ','), '(,0)+$', '')", counters
        )
        assert list(counters_of(tally)) == counters


async def names(connection: Connection) -> list[str]:
    found = await connection.fetch("""
        select inhrelid::regclass::text from pg_inherits where inhparent = 'event_log'::regclass order by 1""")
    return [row[0] for row in found]


async def keep(api: Api) -> int:
    async with api.installation.database.transaction() as session:
        return await keep_partitions(session)


async def test_there_is_a_partition_for_this_month_and_two_more(api: Api, connection: Connection) -> None:
    expected = [f"event_log_{first:%Y_%m}" for first, _ in months(datetime.now(UTC))]
    assert len(expected) == 3
    assert set(expected) <= set(await names(connection))
    assert await keep(api) in (0, 1)  # the empty partition of the past may go
    while await keep(api):
        pass
    gone = expected[-1]
    await connection.execute(f"drop table {gone}")
    assert await keep(api) == 1
    assert set(expected) <= set(await names(connection))
    # It has all that the others have: the key, the check, and the trigger for the outbox.
    made = await connection.fetch(
        "select conname, contype from pg_constraint where conrelid = $1::text::regclass", gone
    )
    assert {row["contype"] for row in made} >= {b"p", b"c"}
    assert await connection.fetchval("select count(*) from pg_trigger where tgrelid = $1::text::regclass", gone) == 1


async def test_a_month_goes_when_it_is_over_and_its_last_batch_has_gone(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    while await keep(api):
        pass
    if "event_log_before" in await names(connection):
        await connection.execute("drop table event_log_before")
    first = datetime(2020, 5, 1, tzinfo=UTC)
    bounds = f"('{least_id(first)}') to ('{least_id(first + timedelta(days=31))}')"
    await connection.execute(f"create table event_log_2020_05 partition of event_log for values from {bounds}")
    now = await run(api, "no-op", [{}])
    old_ids = iter([least_id(first + timedelta(days=3))])
    monkeypatch.setattr("app.batches.submission.new_id", lambda: next(old_ids, None) or new_id())
    old = await run(api, "no-op", [{}])
    assert UUID(old["id"]) == least_id(first + timedelta(days=3))
    assert await connection.fetchval("select count(distinct batch_id) from event_log_2020_05") == 1
    assert await keep(api) == 0  # a batch holds its month
    assert [event["type"] for event in old["events"]] == [event["type"] for event in now["events"]]
    assert (await api.delete(f"/api/batches/{old['id']}")).status_code == 204
    assert await keep(api) == 1
    assert "event_log_2020_05" not in await names(connection)
    assert (await api.get(f"/api/batches/{old['id']}/events")).status_code == 404


async def test_a_lock_that_is_held_is_not_waited_for(api: Api, connection: Connection) -> None:
    while await keep(api):
        pass
    gone = [name for name in await names(connection) if name.startswith("event_log_2")][-1]
    await connection.execute(f"drop table {gone}")
    async with connection.transaction():
        await connection.execute("select from event_log limit 1")
        with pytest.raises(DatabaseUnavailable):
            await keep(api)
        await api.installation.get(Runner)._housekeeping.turn()
        assert gone not in await names(connection)
    await api.installation.get(Runner)._housekeeping.turn()
    assert gone in await names(connection)


async def test_events_of_an_unexpected_month_are_kept_and_that_month_stays_where_it_is(
    api: Api, connection: Connection
) -> None:
    while await keep(api):
        pass
    *_, last = months(datetime.now(UTC))
    name = f"event_log_{last[0]:%Y_%m}"
    await connection.execute(f"drop table {name}")
    early = least_id(last[0] + timedelta(days=1))
    await connection.execute(
        """insert into event_log (batch_id, id, type, data, counters)
        values ($1, 1, 'batch.created', '{"status": "pending"}', array[0, 0, 0, 0, 0, 0, 0, 0])""",
        early,
    )
    assert await keep(api) == 0
    assert name not in await names(connection)
    await connection.execute("delete from event_log where batch_id = $1", early)
    assert await keep(api) == 1
    assert name in await names(connection)


async def test_a_batch_is_looked_for_in_one_partition(api: Api, connection: Connection) -> None:
    batch_id = await submit(api, "no-op", [{}], start=False)
    for statement in (
        "select id from event_log where batch_id = $1 and id > 0 order by id limit 200",
        "select type, data from events where batch_id = $1 and id > 0 order by id limit 200",
        "delete from event_log where batch_id = $1",
    ):
        await connection.execute("set plan_cache_mode = force_generic_plan")
        await connection.execute("set enable_seqscan = off")
        async with connection.transaction():
            plan = "\n".join(
                row[0] for row in await connection.fetch(f"explain (analyze, costs off) {statement}", batch_id)
            )
        used = {name for name in await names(connection) if f" on {name}" in plan}
        assert len(used) == 1, plan
