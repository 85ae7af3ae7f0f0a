"""What the runner has `/readyz` look at: the schema, its own loop, and whether anybody runs jobs at all."""

from __future__ import annotations

from collections.abc import Iterator

from app.kit.container import Container
from app.kit.db import Database
from app.kit.health import HealthCheck, Trouble, degraded
from app.kit.migrations import Migrations
from app.runner import repository
from app.runner.runner import Runner


def checks(container: Container) -> Iterator[HealthCheck]:
    """One after the other; `container` is the process's."""
    database = container.get(Database)

    async def look_at_schema() -> Trouble | None:
        migrations = container.get(Migrations)
        async with database.transaction() as session:
            found = await repository.list_revisions(session)
        if migrations.complete(found):
            return None
        has, needs = (", ".join(migrations.newest(rows)) or "base" for rows in (found, migrations.heads))
        sentence = f"The database is at revision {has}, this version needs {needs}."
        return Trouble(severity="not_ready", sentence=sentence)

    async def look_at_runner() -> Trouble | None:
        runner = container.find(Runner)
        if runner is None or runner.alive:
            return None
        return Trouble(severity="not_ready", sentence="The runner does not run.")

    async def look_at_workers() -> Trouble | None:
        if container.find(Runner):
            return None
        async with database.transaction() as session:
            heard = await repository.is_any_worker_heard(session)
        return None if heard else Trouble(severity="degraded", sentence="No worker runs, so that jobs wait.")

    async def look_at_writes() -> Trouble | None:
        return degraded(database.availability)

    yield HealthCheck("schema", look_at_schema, vital=True)
    yield HealthCheck("runner", look_at_runner, vital=True)
    yield HealthCheck("workers", look_at_workers)
    yield HealthCheck("database_writes", look_at_writes)
