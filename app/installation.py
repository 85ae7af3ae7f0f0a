"""One process of the service: what its rooms provide, put together and started in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.kit.container import Container
from app.kit.db import Database
from app.kit.migrations import Migrations, migration_lock
from app.kit.postgres import EmbeddedPostgres
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
        url = settings.database_url
        self.postgres = None if url else EmbeddedPostgres(settings.home)
        dsn = url.get_secret_value() if url else self.postgres.dsn if self.postgres else ""
        self.database = Database(dsn, pool_size=settings.database_pool_size)
        self.migrations = Migrations(room.migrations for room in self.rooms if room.migrations)
        self.add(Migrations, self.migrations)
        self.add(Rooms, self.rooms)
        self.add(Settings, settings)
        for room in self.rooms:
            if room.settings:
                self.add(room.settings, settings.of(room.settings))
        self.add(Database, self.database)

    @asynccontextmanager
    async def started(self, *, serve_http: bool, run_jobs: bool) -> AsyncIterator[None]:
        """Everything up, and the schema current."""
        # Made before anything is opened: what is wrong with the settings is said first.
        services = self._services(serve_http=serve_http, run_jobs=run_jobs)
        make_home(self.settings.home, with_database=self.postgres is not None)
        async with running([Telemetry(self.settings.otlp_endpoint), *([self.postgres] if self.postgres else [])]):
            await self.migrate()
            async with running([self.database]), running(services):
                yield

    def _services(self, *, serve_http: bool, run_jobs: bool) -> list[Service]:
        services = [service for room in self.rooms for service in room.services(self)]
        for room in self.rooms:
            services += room.http_services(self) if serve_http else ()
            services += room.job_services(self) if run_jobs else ()
        return services

    async def migrate(self, revision: str = "head") -> list[str]:
        """Bring the schema to a revision, and add what rooms need in schemas of their own."""
        async with migration_lock(self.database.connect) as connection:
            reached = await self.migrations.migrate(self.database.connect, connection, revision)
            if revision == "head":
                for room in self.rooms:
                    for install in room.install:
                        await install(connection)
        return reached
