"""Connections of the pool that the server has closed, and statements that commit themselves."""

from __future__ import annotations

import asyncio

import asyncpg
from sqlalchemy import text

from app.kit.db import Database
from tests.patience import within


async def test_a_connection_that_the_server_closed_is_replaced(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    killer = await asyncpg.connect(database_url)
    try:
        for _ in range(3):
            async with database.transaction() as session:
                pid = await session.scalar(text("select pg_backend_pid()"))
                connection = (await (await session.connection()).get_raw_connection()).driver_connection
            await killer.execute("select pg_terminate_backend($1)", pid)
            async with within(10):
                while not connection.is_closed():
                    await asyncio.sleep(0)
            async with database.statements() as session:
                assert await session.scalar(text("select pg_backend_pid()")) != pid
    finally:
        await killer.close()
        await database.stop()


async def test_a_single_statement_is_committed_without_a_transaction(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    other = await asyncpg.connect(database_url)
    try:
        async with database.statements() as session:
            await session.execute(text("insert into organisations (id, name) values (gen_random_uuid(), 'Single')"))
            assert await other.fetchval("select count(*) from organisations where name = 'Single'") == 1
        async with database.transaction() as session:  # the next user of the connection has a transaction again
            await session.execute(text("insert into organisations (id, name) values (gen_random_uuid(), 'Double')"))
            assert await other.fetchval("select count(*) from organisations where name = 'Double'") == 0
            await session.rollback()
    finally:
        await other.close()
        await database.stop()
