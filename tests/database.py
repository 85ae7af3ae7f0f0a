"""The PostgreSQL of a test run: an embedded one for each test process, or the one that TRANCHE_TEST_DATABASE names.

TRANCHE_TEST_POSTGRES=15 takes a server of another version, of those that `script/postgres` installs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from pydantic import SecretStr

from app.installation import Installation
from app.kit.postgres.programs import VERSION
from app.kit.postgres.server import EmbeddedPostgres
from app.settings import read_settings
from tests.postgres_versions import execute, make_home, plain_server

__all__ = ["PostgresServer", "fresh_database", "make_home", "other_server", "running_server"]

CARELESS = ("fsync", "full_page_writes", "synchronous_commit")
"""What makes a commit survive a crash, and wait for the disk: this server's rows are thrown away."""


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
        await execute(self.maintenance, statement)


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
    given, version = os.environ.get("TRANCHE_TEST_DATABASE"), os.environ.get("TRANCHE_TEST_POSTGRES")
    async with (
        external_server(given) if given else other_server(int(version)) if version else embedded_server() as server
    ):
        home = make_home()
        installation = Installation(read_settings(home=home, database_url=SecretStr(server.dsn), _env_file=None))
        await installation.migrate()
        await installation.database.stop()
        shutil.rmtree(home)
        yield server


@asynccontextmanager
async def embedded_server() -> AsyncIterator[PostgresServer]:
    home = make_home(in_memory=True)
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
async def other_server(version: int) -> AsyncIterator[PostgresServer]:
    """As `embedded_server`, of another version; the test is skipped where it is not installed."""
    if version == VERSION:
        async with embedded_server() as server:
            yield server
        return
    async with plain_server(version) as address:
        await execute(address, "create database tranche")
        yield PostgresServer(address, "tranche")


@asynccontextmanager
async def external_server(maintenance: str) -> AsyncIterator[PostgresServer]:
    server = PostgresServer(maintenance, f"tranche_test_{uuid4().hex[:12]}")
    await server.execute(f'create database "{server.template}"')
    try:
        yield server
    finally:
        await server.execute(f'drop database "{server.template}" with (force)')
