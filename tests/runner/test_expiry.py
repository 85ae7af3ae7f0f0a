"""Batches whose time is over go with all that is theirs, many at a time, and nothing else goes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from app.batches import removal
from app.batches.states import BATCH_STATUSES, BATCH_TERMINAL
from app.runner.housekeeping import JOBS_AT_A_TIME, Housekeeping, groups
from app.runner.runner import Runner
from bench.expiry import ENDPOINT, TABLES, fill
from tests.batch_helpers import run
from tests.conftest import Api

pytestmark = pytest.mark.own_service

Connection = asyncpg.Connection


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture
async def connection(api: Api) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(api.installation.database.dsn)
    for table in ("batches", "files", "webhook_endpoints", "events"):
        await connection.execute(f"delete from {table}")
    await connection.execute(ENDPOINT)
    yield connection
    await connection.close()


@pytest.fixture
def house(api: Api) -> Housekeeping:
    return api.installation.get(Runner)._housekeeping


async def counts(connection: Connection) -> dict[str, int]:
    return {table: await connection.fetchval(f"select count(*) from {table}") for table in TABLES}


async def test_one_turn_removes_many_with_all_that_is_theirs(house: Housekeeping, connection: Connection) -> None:
    await fill(connection, 700, 2)
    assert all((await counts(connection)).values())
    await house.turn()
    assert await counts(connection) == dict.fromkeys(TABLES, 0)


async def test_what_has_time_or_is_not_over_stays(house: Housekeeping, connection: Connection) -> None:
    await fill(connection, 2 + len(BATCH_STATUSES), 1)
    ids = [row[0] for row in await connection.fetch("select id from batches order by id")]
    await connection.execute("update batches set expires_at = null where id = $1", ids[0])
    await connection.execute("update batches set expires_at = now() + interval '1 hour' where id = $1", ids[1])
    staying = ids[:2]
    for status, batch_id in zip(BATCH_STATUSES, ids[2:], strict=True):
        if status in BATCH_TERMINAL:
            continue
        staying.append(batch_id)
        await connection.execute(
            """update batches set status = $2, pause_reason = case when $2 = 'paused' then 'user' end,
            completed_at = null, completed_jobs = 0, pending_jobs = 1 where id = $1""",
            batch_id,
            status,
        )
    before = await counts(connection)
    await house.turn()
    assert [row[0] for row in await connection.fetch("select id from batches order by id")] == sorted(staying)
    after = await counts(connection)
    assert all(after[table] * len(ids) == before[table] * len(staying) for table in TABLES)


async def test_a_file_of_another_batch_or_with_a_tag_stays(house: Housekeeping, connection: Connection) -> None:
    await fill(connection, 3, 1)
    kept, *going = [row[0] for row in await connection.fetch("select id from batches")]
    await connection.execute("update batches set expires_at = null where id = $1", kept)
    shared = await connection.fetchval("select file_id from jobs where batch_id = $1", going[0])
    await connection.execute("update jobs set file_id = $2 where batch_id = $1", kept, shared)
    tagged = await connection.fetchval("select file_id from jobs where batch_id = $1", going[1])
    await connection.execute("update files set tags = '{menu}' where id = $1", tagged)
    await house.turn()
    left = {row[0] for row in await connection.fetch("select id from files")}
    assert {shared, tagged} < left
    assert await connection.fetchval("select array_agg(id) from batches") == [kept]


@pytest.mark.parametrize("held", ["batches", "files"])
async def test_what_somebody_uses_just_now_goes_later(held: str, house: Housekeeping, connection: Connection) -> None:
    await fill(connection, 3, 1)
    one = await connection.fetchrow("select batch_id, file_id from jobs limit 1")
    other = await asyncpg.connect(house._database.dsn)
    async with other.transaction():
        used = one["batch_id"] if held == "batches" else one["file_id"]
        await other.execute(f"select from {held} where id = $1 for key share", used)
        await house.turn()
        assert await connection.fetchval("select array_agg(id) from batches") == [one["batch_id"]]
    await other.close()
    await house.turn()
    assert await counts(connection) == dict.fromkeys(TABLES, 0)


async def test_killed_in_the_middle_nothing_is_half_removed(api: Api, connection: Connection) -> None:
    await fill(connection, 5, 2)
    before = await counts(connection)

    async def remove_and_die() -> None:
        async with api.installation.database.transaction() as session:
            expired = await removal.find_expired(session, 5)
            assert await removal.remove_expired(session, [one.id for one in expired]) == 5
            # What others see meanwhile is what was there before.
            assert await counts(connection) == before
            raise Killed

    with pytest.raises(Killed):
        await remove_and_die()
    assert await counts(connection) == before


async def test_the_log_of_a_batch_that_is_gone_is_not_found(
    api: Api, house: Housekeeping, connection: Connection
) -> None:
    batch = await run(api, "no-op", [{}])
    await connection.execute("update batches set expires_at = now() - interval '1 second'")
    await house.turn()
    assert (await api.get(f"/api/batches/{batch['id']}/events")).status_code == 404


def test_groups_are_bounded_by_their_jobs() -> None:
    ids = [UUID(int=n) for n in range(5)]
    expired = map(removal.Expired, ids, [1, JOBS_AT_A_TIME * 3, 10, 10, JOBS_AT_A_TIME])
    assert list(groups(list(expired))) == [ids[:1], ids[1:2], ids[2:4], ids[4:]]
    assert list(groups([])) == []


async def test_every_reference_to_what_is_removed_has_an_index(connection: Connection) -> None:
    """Else each removed row costs a scan of the table that refers to it."""
    missing = await connection.fetch("""
        select c.conrelid::regclass::text as referring, a.attname, c.confrelid::regclass::text as referred
        from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype = 'f' and c.connamespace = 'public'::regnamespace
          and c.confrelid = any(array['batches', 'jobs', 'files', 'reports', 'extractions', 'sheets']::regclass[])
          and not exists (
            select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1] and (
              i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = '(' || a.attname || ' IS NOT NULL)'))""")
    assert [tuple(row) for row in missing] == []
