"""The database goes away and comes back: running jobs wait, and end as if nothing had been."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text

from app.kit.availability import outlast, patience, unseen
from app.kit.errors import DatabaseUnavailable
from tests.batch_helpers import get_batch, run
from tests.conftest import Api
from tests.outages.conftest import Server, check_unharmed, submit_files, until, wrong

AWAY_SECONDS = 2.5


@pytest.mark.parametrize("mode", ["fast", "immediate", "kill"])
async def test_jobs_wait_for_a_database_that_is_away(api: Api, server: Server, mode: str) -> None:
    batch_id = await submit_files(api)
    await server.end(mode)
    await asyncio.sleep(AWAY_SECONDS)
    await server.begin()
    await check_unharmed(api, batch_id)


async def test_jobs_wait_for_a_database_that_is_frozen(api: Api, server: Server) -> None:
    batch_id = await submit_files(api)
    server.signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(AWAY_SECONDS)
    finally:
        server.signal(signal.SIGCONT)
    await check_unharmed(api, batch_id)


async def test_jobs_wait_for_a_database_that_takes_no_writes(api: Api, server: Server) -> None:
    batch_id = await submit_files(api)
    admin = await asyncpg.connect(server.dsn)
    try:
        await admin.execute("alter system set default_transaction_read_only = on")
        await admin.execute("select pg_reload_conf()")

        async def is_told() -> bool:
            return "database_writes" in await wrong(api)

        await until(is_told)
        assert (await wrong(api))["database_writes"] == "The database takes no writes."
    finally:
        await admin.execute("set default_transaction_read_only = off")
        await admin.execute("alter system reset default_transaction_read_only")
        await admin.execute("select pg_reload_conf()")
        await admin.close()
    await check_unharmed(api, batch_id)
    assert "database_writes" not in await wrong(api)


async def test_jobs_wait_while_every_connection_is_cut(api: Api, server: Server) -> None:
    batch_id = await submit_files(api)
    admin = await asyncpg.connect(server.dsn)
    for _ in range(5):
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
        await asyncio.sleep(0.3)
    await admin.close()
    await check_unharmed(api, batch_id)


async def test_jobs_wait_while_there_are_too_many_connections(api: Api, server: Server) -> None:
    batch_id = await submit_files(api)
    taken: list[asyncpg.Connection[asyncpg.Record]] = []
    with suppress(asyncpg.TooManyConnectionsError):
        while True:
            taken.append(await asyncpg.connect(server.dsn))
    await taken[0].execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tranche%'"
    )
    await asyncio.sleep(AWAY_SECONDS)
    for connection in taken:
        await connection.close()
    await check_unharmed(api, batch_id)


async def test_deadlock_is_tried_again(api: Api) -> None:
    database, met = api.installation.database, asyncio.Barrier(2)
    tries = 0

    async def lock(first: int, second: int) -> None:
        nonlocal tries
        tries += 1
        async with database.transaction() as session:
            await session.execute(text("select pg_advisory_xact_lock(:number)"), {"number": first})
            if tries <= 2:
                await met.wait()
            await session.execute(text("select pg_advisory_xact_lock(:number)"), {"number": second})

    with patience(unseen):
        await asyncio.gather(outlast(lambda: lock(101, 102)), outlast(lambda: lock(102, 101)))
    assert tries == 3


async def test_statement_that_is_ended_is_an_outage_for_a_moment(api: Api) -> None:
    async with api.installation.database.transaction() as session:
        await session.execute(text("set local statement_timeout = 1"))
        with pytest.raises(DatabaseUnavailable) as caught:
            await session.execute(text("select pg_sleep(5)"))
        await session.rollback()
    assert caught.value.momentary


async def test_what_a_step_meets_elsewhere_is_its_own(
    api: Api, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = "postgresql://somebody:sentinel@127.0.0.1:1/elsewhere"
    batch = await run(api, "strange", [{"dsn": dsn}, {"dsn": server.dsn.replace("/tranche?", "/sentinel?")}])
    codes = [(job["error_code"], job["attempt"]) for job in batch["jobs"]]
    assert codes == [("NETWORK_ERROR", 1), ("UNEXPECTED_ERROR", 1)]
    assert batch["jobs"][0]["error_message"] == "connect lost its connection to another server."
    said = str(batch["jobs"][1]["error_message"])
    assert said.startswith("connect failed (InvalidCatalogNameError). The service's log has the details as error ")
    assert f"error {said.removesuffix('.').split()[-1]}" in caplog.text
    shown = str(batch)
    assert "127.0.0.1" not in shown.replace(str(batch["jobs"][0]["record"]), "")
    assert (await get_batch(api, batch["id"]))["status"] == "failed"
