"""One process of the service: what its rooms provide, put together and started in order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.kit.container import Container
from app.kit.db import Database
from app.kit.ending import Ending
from app.kit.forked import Forked
from app.kit.last_resort import LastResort
from app.kit.lookout import Lookout
from app.kit.migration_failures import explained
from app.kit.migrations import Migrations, migration_lock, read_rows
from app.kit.postgres.early_checkpoint import EarlyCheckpoint
from app.kit.postgres.server import EmbeddedPostgres
from app.kit.private_folders import make_home
from app.kit.room import Rooms
from app.kit.service import Service, running
from app.kit.tracing import Telemetry
from app.rooms import all_rooms
from app.settings import Settings


class Installation(Container):
    """One process of the service. Everything in it is had with `get`; nothing runs before `started`."""

    def __init__(self, settings: Settings) -> None:
        self.rooms, self.settings = all_rooms(), settings
        super().__init__({kind: factory for room in self.rooms for kind, factory in room.provides.items()})
        address = settings.database_address
        self.postgres = None if address else EmbeddedPostgres(settings.home)
        dsn = address or (self.postgres.dsn if self.postgres else "")
        self.database = Database(dsn, pool_size=settings.database_pool_size)
        self.migrations = Migrations(room.migrations for room in self.rooms if room.migrations)
        self._schema_child = Forked(lambda: asyncio.run(self._migrate("head")))
        self.add(Ending, Ending())
        if self.postgres:
            self.add(EmbeddedPostgres, self.postgres)
        self.add(Migrations, self.migrations)
        self.add(Rooms, self.rooms)
        self.add(Settings, settings)
        for room in self.rooms:
            if room.settings:
                self.add(room.settings, settings.of(room.settings))
        self.add(Database, self.database)
        self.add(Lookout, Lookout(self.database))

    def begin(self, close: Callable[[], object] = lambda: None) -> None:
        """Start the child that will bring the schema up, from before there are threads or a loop.

        Alembic left 6 MB in the process that serves. `close` closes in the child what it has no use for.
        """
        self._schema_child.begin(close)

    @asynccontextmanager
    async def started(self, *, serve_http: bool, run_jobs: bool) -> AsyncIterator[None]:
        """Everything up, and the schema current."""
        # First of all: services make folders of their own below it, and the database's user must be able to pass it.
        make_home(self.settings.home, with_database=self.postgres is not None)
        # Made before anything is opened: what is wrong with the settings is said first.
        services = self._services(serve_http=serve_http, run_jobs=run_jobs)
        async with running([Telemetry(self.settings.otlp_endpoint), *self._database_services()]):
            await self._bring_schema_up()
            last_resort = LastResort(self.database, self.get(Ending))
            async with running([last_resort, self.database]), running(services):
                try:
                    yield
                finally:
                    self.get(Ending).asked.set()

    def _database_services(self) -> list[Service]:
        if self.postgres is None:
            return []
        return [self.postgres, EarlyCheckpoint(self.postgres.dsn, self.get(Ending))]

    def _services(self, *, serve_http: bool, run_jobs: bool) -> list[Service]:
        services = [service for room in self.rooms for service in room.services(self)]
        for room in self.rooms:
            services += room.http_services(self) if serve_http else ()
            services += room.job_services(self) if run_jobs else ()
        if run_jobs:
            services.append(self.get(Lookout))
        return services

    async def _bring_schema_up(self) -> None:
        connection = await self.database.connect()
        try:
            complete = self.migrations.complete(await read_rows(connection))
        finally:
            await connection.close()
        # Whatever came of it: what is left to do, or to say, is done and said here.
        await (self._schema_child.release() if complete else self._schema_child.done())
        await self.migrate()

    async def migrate(self, revision: str = "head") -> list[str]:
        """Bring the schema to a revision, and add what rooms need in schemas of their own."""
        with explained():
            return await self._migrate(revision)

    async def _migrate(self, revision: str) -> list[str]:
        async with migration_lock(self.database.connect) as connection:
            reached = await self.migrations.migrate(self.database.connect, connection, revision)
            if revision == "head":
                for room in self.rooms:
                    for install in room.install:
                        await install(connection)
        return reached
