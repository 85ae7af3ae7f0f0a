"""A backup that was taken under load comes out the same on every supported PostgreSQL, from each of them."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple
from uuid import uuid4

import asyncpg
import pytest

from app.commands.contents import copy_contents
from tests import processes
from tests.conftest import WORKLOADS, make_home
from tests.database import PostgresServer, other_server
from tests.live import LiveServer
from tests.postgres_versions import OTHER_VERSIONS, execute
from tests.test_backup import submit

VERSIONS: Final = (*OTHER_VERSIONS, 18)
TABLES: Final = """
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1
"""
# What backup and restore say of themselves is added after the dump.
CHECKSUM: Final = """
select md5(coalesce(string_agg(t::text, E'\\n' order by t::text), '')) from {table} t where t::text !~ ',backup[.]'
"""
Checksums = dict[str, str]


class Kept(NamedTuple):
    """A backup taken while batches were submitted and run, one when all was quiet, and what was there then."""

    busy: Path
    quiet: Path
    rows: Checksums
    contents: set[str]


def tranche(home: Path, *arguments: object, dsn: str = "") -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("TRANCHE_", "DATABASE_URL"))}
    values = {"TRANCHE_HOME": str(home), "DATABASE_URL": dsn, "COLUMNS": "300"}
    done = processes.run([*map(str, arguments)], clean | values, home)
    assert "Traceback" not in done.stderr, done.stderr
    return done


async def checksums(dsn: str) -> Checksums:
    """One for all rows of each table."""
    connection = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        return {table: await connection.fetchval(CHECKSUM.format(table=table)) for table in tables}
    finally:
        await connection.close()


def contents(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("??/??/*")}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """What a service with batches under way was backed up to; it is gone by then."""
    home, place = make_home(), tmp_path_factory.mktemp("kept")
    server = LiveServer(home, WORKLOADS)
    try:
        server.start()
        began, enough = threading.Event(), threading.Event()

        def load() -> None:
            with server.client() as client:
                number = 0
                while not enough.is_set():
                    submit(client, number := number + 1)
                    if number > 3:
                        began.set()

        loader = threading.Thread(target=load)
        loader.start()
        assert began.wait(60)
        try:
            busy = tranche(home, "backup", place / "busy")
        finally:
            enough.set()
            loader.join()
        assert busy.returncode == 0, busy.stderr
        assert "every row is there, every file has its hash" in busy.stdout
        server.kill()
        postgres = server.postgres()
        quiet = tranche(home, "backup", place / "quiet", "--verify")
        assert quiet.returncode == 0, quiet.stderr
        assert "its database was restored once" in quiet.stdout

        async def look() -> Checksums:
            await postgres.start()
            try:
                return await checksums(postgres.dsn)
            finally:
                await postgres.stop()

        yield Kept(place / "busy", place / "quiet", asyncio.run(look()), contents(home / "files"))
    finally:
        server.destroy()
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def owned_database(server: PostgresServer) -> AsyncIterator[str]:
    """An empty database of a role that may nothing else: its address."""
    name = f"owner_{uuid4().hex[:12]}"
    await execute(server.maintenance, f"create role {name} login nosuperuser", f"create database {name} owner {name}")
    try:
        yield server.address(name).replace("postgres@", f"{name}@")
    finally:
        await execute(server.maintenance, f"drop database {name} with (force)", f"drop role {name}")


@pytest.mark.parametrize("version", VERSIONS)
async def test_onto_each_version(version: int, kept: Kept, tmp_path: Path) -> None:
    async with other_server(version) as server:
        found: dict[str, Checksums] = {}
        for folder in (kept.busy, kept.quiet):
            home = tmp_path / folder.name
            home.mkdir()
            async with owned_database(server) as dsn:
                done = await asyncio.to_thread(tranche, home, "restore", folder, dsn=dsn)
                assert done.returncode == 0, done.stderr
                found[folder.name] = await checksums(dsn)
                assert contents(home / "files") == contents(folder / "files")
                if folder == kept.busy:
                    back = tmp_path / "back"
                    done = await asyncio.to_thread(tranche, home, "backup", back, dsn=dsn)
                    assert done.returncode == 0, done.stderr
            if folder == kept.quiet:
                assert contents(home / "files") == kept.contents
        assert found["quiet"] == kept.rows
        # From this version onto the oldest and the newest.
        for other in (OTHER_VERSIONS[0], 18):
            home = tmp_path / f"onto-{other}"
            home.mkdir()
            async with other_server(other) as target, owned_database(target) as dsn:
                done = await asyncio.to_thread(tranche, home, "restore", back, dsn=dsn)
                assert done.returncode == 0, done.stderr
                assert await checksums(dsn) == found["busy"]
        assert copy_contents(home / "files", tmp_path / "again").damaged == []
