"""The PostgreSQL of a test run: an embedded one for each test process, or the one that TRANCHE_TEST_DATABASE names."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg
from pydantic import SecretStr

from app.installation import Installation
from app.kit.postgres import EmbeddedPostgres
from app.settings import read_settings

CARELESS = ("fsync", "full_page_writes", "synchronous_commit")
"""What makes a commit survive a crash, and wait for the disk: this server's rows are thrown away."""


MEMORY = Path("/dev/shm")
ENOUGH_MEMORY = 4 * 2**30


def make_home(folder: str = "/tmp") -> Path:
    """A data folder that PostgreSQL's own user can reach, which pytest's private folders are not."""
    home = Path(tempfile.mkdtemp(prefix="tranche-test-", dir=folder))
    home.chmod(0o755)
    return home


@dataclass(frozen=True)
class PostgresServer:
    """The address of its maintenance database, and the name of the migrated one that others are copied from."""

    maintenance: str
    template: str

    def address(self, database: str) -> str:
        return urlunsplit(urlsplit(self.maintenance)._replace(path=f"/{database}"))

    @property
    def dsn(self) -> str:
        """The address of the migrated database."""
        return self.address(self.template)

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.maintenance)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def fresh_database(server: PostgresServer) -> AsyncIterator[str]:
    """A migrated database of its own: its address."""
    name = f"test_{uuid4().hex[:12]}"
    await server.execute(f'create database "{name}" template "{server.template}"')
    try:
        yield server.address(name)
    finally:
        await server.execute(f'drop database "{name}" with (force)')


@asynccontextmanager
async def running_server() -> AsyncIterator[PostgresServer]:
    """The server of this test process, with its migrated database."""
    given = os.environ.get("TRANCHE_TEST_DATABASE")
    async with external_server(given) if given else embedded_server() as server:
        home = make_home()
        installation = Installation(read_settings(home=home, database_url=SecretStr(server.dsn), _env_file=None))
        await installation.migrate()
        await installation.database.stop()
        shutil.rmtree(home)
        yield server


def _has_memory() -> bool:
    """Whether rows can stay in memory: on some disks it takes seconds to remove a server's files."""
    return MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_MEMORY


@asynccontextmanager
async def embedded_server() -> AsyncIterator[PostgresServer]:
    home = make_home(str(MEMORY) if _has_memory() else "/tmp")
    embedded = EmbeddedPostgres(home)
    await embedded.start()
    server = PostgresServer(embedded.dsn.replace("/tranche?", "/postgres?"), "tranche")
    for name in CARELESS:
        await server.execute(f"alter system set {name} = off")
    await server.execute("select pg_reload_conf()")
    try:
        yield server
    finally:
        await embedded.stop()
        shutil.rmtree(home, ignore_errors=True)


@asynccontextmanager
async def external_server(maintenance: str) -> AsyncIterator[PostgresServer]:
    server = PostgresServer(maintenance, f"tranche_test_{uuid4().hex[:12]}")
    await server.execute(f'create database "{server.template}"')
    try:
        yield server
    finally:
        await server.execute(f'drop database "{server.template}" with (force)')
