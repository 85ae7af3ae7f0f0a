"""PgBouncer in front of PostgreSQL: session mode works, the others are refused with a sentence and no lock is left."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from app.installation import Installation
from app.kit import pooler
from app.kit.db import Database
from app.kit.pooler import PoolerRefused
from tests.batch_helpers import check_log, follow, submit
from tests.conftest import make_home, make_settings, serving
from tests.database import PostgresServer, other_server
from tests.listening import find_program, listening
from tests.patience import patient, within
from tests.plain_user import NAME
from tests.processes import free_port
from tests.starting import is_refused, tranche

SHARED = "a pooler that lends connections for single transactions or statements"
_SETTINGS = """[databases]
tranche = host={socket} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = {mode}
{more}
"""


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[PostgresServer]:
    """Trusts everybody, as the pooler is another user."""
    async with other_server(15) as started:
        yield started


@pytest.fixture
def home() -> Iterator[Path]:
    folder = make_home()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def pgbouncer(server: PostgresServer, mode: str, *more: str) -> AsyncIterator[str]:
    """The address of the migrated database behind a PgBouncer; the test is skipped where there is none."""
    program = find_program("pgbouncer")
    port, folder = free_port(), make_home()
    socket = server.maintenance.partition("host=")[2]
    settings = _SETTINGS.format(socket=socket, port=port, mode=mode, more="\n".join(more))
    (folder / "settings").write_text(settings)
    user = None if os.geteuid() else pwd.getpwnam(NAME)  # it refuses to run as root
    groups = {"group": user and user.pw_gid, "extra_groups": user and []}
    try:
        async with listening([program, folder / "settings"], port, folder, user=user and user.pw_uid, **groups):
            yield f"postgresql://postgres@127.0.0.1:{port}/tranche"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
@pytest.mark.parametrize("order", [0, 1], ids=["last", "round-robin"])
async def test_shared_connections_are_refused(server: PostgresServer, home: Path, mode: str, order: int) -> None:
    async with pgbouncer(
        server, mode, "ignore_startup_parameters = jit", f"server_round_robin = {order}", "min_pool_size = 3"
    ) as address:
        installation = Installation(make_settings(home, address))
        with pytest.raises(PoolerRefused, match=SHARED):
            await installation.migrate()
        direct = await asyncpg.connect(server.dsn)
        try:
            assert await direct.fetchval("select count(*) from pg_locks where locktype = 'advisory'") == 0
        finally:
            await direct.close()


async def test_commands_say_so(server: PostgresServer, home: Path) -> None:
    async with pgbouncer(server, "transaction", "ignore_startup_parameters = jit") as address:
        for command in ("serve", "worker", "sign-in"):
            is_refused(await asyncio.to_thread(tranche, home, command, DATABASE_URL=address), SHARED)
        found = await asyncio.to_thread(tranche, home, "doctor", DATABASE_URL=address)
        assert found.returncode == 1
        assert SHARED in found.stdout
    async with pgbouncer(server, "session") as address:
        refused = await asyncio.to_thread(tranche, home, "sign-in", DATABASE_URL=address)
        is_refused(refused, "refuses the startup parameter jit: let DATABASE_URL name PostgreSQL itself, or set")


async def test_session_mode_works(server: PostgresServer, home: Path) -> None:
    async with (
        pgbouncer(server, "session", "ignore_startup_parameters = jit", "default_pool_size = 60") as address,
        serving(make_settings(home, address)) as api,
    ):
        check_log(await follow(api, await submit(api, "no-op", [{} for _ in range(20)])))
        database = api.installation.database
        assert database.pooled
        heard: asyncio.Queue[str] = asyncio.Queue()
        listener = await database.connect()
        await listener.add_listener("poolers", lambda *told: heard.put_nowait(str(told[-1])))
        other = await database.connect()
        await other.execute("notify poolers, 'through'")
        async with within(10):
            assert await heard.get() == "through"
        for connection in (listener, other):
            await connection.close()
        found = await asyncio.to_thread(tranche, home, "doctor", DATABASE_URL=address)
        assert "through a pooler in session mode" in found.stdout


async def test_a_pooler_with_one_connection(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooler, "PATIENCE_SECONDS", patient(0.2))
    async with pgbouncer(server, "session", "ignore_startup_parameters = jit", "default_pool_size = 1") as address:
        with pytest.raises(PoolerRefused, match="gave no second connection"):
            await Database(address).connect()


async def test_there_is_no_pooler(server: PostgresServer) -> None:
    """Nothing but the comparison is asked."""
    database = Database(server.dsn)
    connection = await database.connect()
    try:
        assert database.pooled is False
        query = "select count(*) from pg_stat_activity where application_name = 'tranche'"
        assert await connection.fetchval(query) == 1
    finally:
        await connection.close()
