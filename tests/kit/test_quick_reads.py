"""Quick reads give what the same statement gives through a session."""

from __future__ import annotations

import asyncio
import gc
import re
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from app.auth.remembered import TABLES
from app.batches import repository
from app.batches.listing import BATCHES_OF, BatchFilter, list_batches
from app.batches.models import Batch
from app.kit.db import Database
from app.kit.outage import Outage
from app.kit.pages import PageRequest
from app.kit.quick_reads import QuickRead, QuickStatement
from tests.batch_helpers import submit
from tests.conftest import Api

pytestmark = pytest.mark.every_postgres


def members(value: Any) -> Any:
    """All columns of an entity, of what looks like one, or the value itself."""
    if hasattr(value, "__mapper__"):
        return {attribute.key: getattr(value, attribute.key) for attribute in inspect(type(value)).column_attrs}
    return vars(value) if hasattr(value, "__dict__") else value


async def test_rows_look_like_entities(api: Api) -> None:
    batch_id = UUID(await submit(api, "echo", [{"a": [1, {"b": None}]}, {}], start=False, metadata={"m": "ü"}))
    database = api.installation.database
    async with database.statements() as session:
        (organisation_id,) = (await session.execute(select(Batch.organisation_id).where(Batch.id == batch_id))).one()

        async def read_all(session: Any) -> list[Any]:
            batch = await repository.find_batch(session, organisation_id, batch_id)
            jobs = await repository.list_jobs(session, batch_id, PageRequest(10))
            listed = await list_batches(session, organisation_id, BatchFilter(), "-created_at", PageRequest(10))
            job = await repository.find_job(session, organisation_id, jobs.rows[0].job.id)
            nobody = await repository.find_batch(session, organisation_id, UUID(int=0))
            parts = [*(batch or ()), *listed.rows[0], *(part for row in [*jobs.rows, job] for part in row or ())]
            return [
                nobody,
                *([members(one) for one in part] if isinstance(part, list) else members(part) for part in parts),
            ]

        by_session = await read_all(session)
    async with database.reading() as session:
        quickly = await read_all(session)
        row = await repository.find_batch(session, organisation_id, batch_id)
    assert quickly == by_session
    assert row is not None
    assert not hasattr(row.batch, "__mapper__")


async def test_an_entity_that_is_not_there_is_none(api: Api) -> None:
    batch_id = UUID(await submit(api, "echo", [{}], start=False))
    database = api.installation.database
    async with database.transaction() as session:
        batch = await session.get_one(Batch, batch_id)
        batch.created_by, organisation_id = None, batch.organisation_id
    async with database.reading() as session:
        row = await repository.find_batch(session, organisation_id, batch_id)
    assert row is not None
    assert (row.batch.id, row.creator) == (batch_id, None)


async def test_a_lost_connection_is_an_outage_and_the_next_read_has_another(api: Api) -> None:
    quick, database = QuickRead(BATCHES_OF), api.installation.database
    async with database.reading() as session:
        await quick.rows(session, organisation_id=UUID(int=0))
        driver = session.sync_session.connection().connection.driver_connection
        assert isinstance(driver, asyncpg.Connection)
        driver.terminate()
        with pytest.raises(Outage):
            await quick.rows(session, organisation_id=UUID(int=0))
    async with database.reading() as session:
        assert await quick.rows(session, organisation_id=UUID(int=0)) == []


async def test_a_request_that_only_reads_has_one_connection(database_url: str) -> None:
    one, later = QuickStatement(text("select 1 as n")), QuickStatement(text("select pg_sleep(60)"))
    database = Database(database_url, pool_size=1)
    try:
        async with database.reading() as session:
            await one.send(session, {})
            assert (await session.execute(text("select 2"))).scalar_one() == 2
            await one.send(session, {})
        async with database.reading() as session:
            assert (await session.execute(text("select 2"))).scalar_one() == 2
            await one.send(session, {})
        async with database.reading() as session:
            await one.send(session, {})
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await later.send(session, {})
            await one.send(session, {})
        with pytest.raises(ProgrammingError):
            async with database.reading() as session:
                await QuickStatement(text("select nothing")).send(session, {})
        async with database.transaction() as session:
            await one.send(session, {})
    finally:
        await database.stop()


async def test_a_statement_is_the_first_of_its_transaction_and_goes_with_it(database_url: str) -> None:
    add = QuickStatement(text("insert into written values (:n) returning n"))
    database = Database(database_url, pool_size=2)
    try:
        async with database.statements() as session:
            await session.execute(text("create table written (n int primary key)"))
        async with database.transaction() as kept, database.transaction() as failed:
            assert [row["n"] for row in await add.send(kept, {"n": 1})] == [1]
            await add.send(failed, {"n": 2})
            await failed.rollback()
        async with database.transaction() as session:
            await add.send(session, {"n": 3})
            savepoint = await session.begin_nested()
            await add.send(session, {"n": 4})
            with pytest.raises(IntegrityError):
                await add.send(session, {"n": 1})
            await savepoint.rollback()
            await add.send(session, {"n": 5})
        async with database.reading() as session:
            assert (await session.execute(text("select n from written order by n"))).scalars().all() == [1, 3, 5]
    finally:
        async with database.statements() as session:
            await session.execute(text("drop table if exists written"))
        await database.stop()


def test_no_such_statement_changes_what_is_watched() -> None:
    changes = re.compile(rf"\b(update|delete\s+from)\s+(only\s+)?({'|'.join(TABLES)})\b", re.IGNORECASE)
    sent = [one.sql() for one in gc.get_objects() if isinstance(one, QuickStatement)]
    assert sent
    assert not [sql for sql in sent if changes.search(sql)]
