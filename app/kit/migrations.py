"""Brings a database's schema to a revision, one process at a time, without waiting long for locks."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from app.kit import carry_over
from app.kit.database_outages import cause_of
from app.kit.db import advisory_lock
from app.kit.revisions import Revisions, RevisionsRefused

if TYPE_CHECKING:
    from alembic.runtime.migration import MigrationContext

LOCK_KEY = 7_236_541_019
"""Advisory lock of this service's migrations; any number of its own does."""
LOCK_TIMEOUT = "200ms"
"""Who waits for a table holds up every request behind it. A step that waits longer lets go, and is tried again.

It is far below PostgreSQL's `deadlock_timeout` of 1 s too: a step gives up before a request is broken off for it.
"""
LOCK_SECONDS = 60.0
"""For so long it is tried."""
LOCK_PAUSE = 0.3
"""Seconds between two tries, in which those who waited get through."""
_MISSING = """revision = {id!r}
down_revision = None


def upgrade() -> None:
    pass
"""
"""Stands in for a step of a package that was uninstalled: Alembic must know every row of its table."""

# Alembic leaves out a step that another branch depends on, and takes no table that names it. It is named nevertheless,
# as soon as Alembic is done: else it would be forgotten with the files of the package that brought the other branch.
# Older steps are named too, as long as their code works on the schema: it finds its own newest among them.
_LEAVE_OUT = "delete from alembic_version where version_num = any($1)"
_KEEP = text("delete from alembic_version where version_num = any(:known) and version_num <> all(:named)")
_NAME_TOO = text("insert into alembic_version select unnest(cast(:named as text[])) on conflict do nothing")
_NAME = "insert into alembic_version select unnest($1::text[]) on conflict do nothing"

Connect: TypeAlias = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
Asyncpg: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


def scripts() -> Path:
    """The folder with env.py and the service's own steps, in an installation or in a checkout."""
    here = Path(__file__).resolve().parent.parent
    installed, checkout = here / "migrations", here.parent / "alembic"
    return installed if installed.exists() else checkout


def migration_lock(connect: Connect) -> AbstractAsyncContextManager[Asyncpg]:
    """One process at a time changes the schema: several may start at once on a fresh database."""
    return advisory_lock(connect, LOCK_KEY)


async def read_rows(connection: Asyncpg) -> frozenset[str]:
    """What a database says about its schema: the newest step of each branch. Empty before the first migration."""
    if not await connection.fetchval("select to_regclass('alembic_version')"):
        return frozenset()
    return frozenset(row[0] for row in await connection.fetch("select version_num from alembic_version"))


class Migrations:
    """The service's own steps, and those of packages that bring a folder with a branch of their own.

    A package's first step has `down_revision = None`, a branch label, and `depends_on` a step of the service where it
    refers to its tables. Ids are `<label>_<number>`, at most 32 characters. RevisionsRefused says what does not fit.
    """

    def __init__(self, locations: Iterable[Path] = ()) -> None:
        self.folders = (scripts() / "versions", *locations)
        self.revisions = Revisions(self.folders)

    @property
    def heads(self) -> frozenset[str]:
        """The newest step of each branch."""
        return self.revisions.heads

    def complete(self, rows: Iterable[str]) -> bool:
        """Whether a database whose table of versions holds these rows has every step that this code knows."""
        return self.revisions.complete(rows)

    def newest(self, rows: Iterable[str]) -> list[str]:
        """The newest step of each branch of a database with these rows, which may be of a newer version."""
        rows = frozenset(rows)
        return self.revisions.newer(rows)[-1:] or sorted(self.revisions.tips(self.revisions.applied(rows)))

    def goes_back(self, rows: Iterable[str], revision: str) -> bool:
        """Whether going to `revision` takes steps back, and with them what they added."""
        if _is_relative(revision) or revision.rpartition("@")[2] == "base":
            return "-" in revision or bool(self.revisions.applied(rows))
        return bool(self._taken_back(self.revisions.applied(rows), revision))

    async def migrate(self, connect: Connect, connection: Asyncpg, revision: str = "head") -> list[str]:
        """Go up or down to `revision`; returns the newest step of each branch that the database then has.

        `head` is the newest step of every branch; `base` removes everything, `label@base` one branch. `connection` is
        the one that holds the migration lock. Raises RevisionsRefused, having changed nothing, where that cannot be.
        """
        rows = await read_rows(connection)
        if rows == {carry_over.LAST}:
            await _run(connect, lambda database: carry_over.carry_over(database, scripts()))
            rows = await read_rows(connection)
        self.check(rows)
        everything = revision in ("head", "heads")
        if newer := self.revisions.newer(rows):
            if everything:
                return sorted(rows)  # ours is a version before, which works on it and leaves it as it is
            raise RevisionsRefused(f"Only the version that knows {newer[-1]} can change this schema.")
        if not (everything and self.complete(rows)):
            if not everything:
                self._check_target(rows, revision)
            absent, back = rows - self.revisions.all.keys(), not everything and self.goes_back(rows, revision)
            if rows:
                await connection.execute(_LEAVE_OUT, list(self.revisions.implied(rows)))
            try:
                await self._run_alembic(connect, absent, "heads" if everything else revision, back)
            except BaseException:
                await self._name(connection)  # steps that were done stay
                raise
        if revision == "base":
            await connection.execute("drop table if exists alembic_version")
            return []
        return sorted(self.revisions.tips(await self._name(connection)))

    async def _name(self, connection: Asyncpg) -> frozenset[str]:
        """Name the steps whose code works on the schema as it is; returns those that it has."""
        applied = self.revisions.applied(await read_rows(connection))
        if applied:
            await connection.execute(_NAME, sorted(self.revisions.compatible(applied)))
        return applied

    def _name_in_step(self, ctx: MigrationContext, heads: Iterable[str], **_: object) -> None:
        """The same in the transaction of a step upward: older processes look at the schema at any time."""
        assert ctx.connection
        named = list(self.revisions.compatible(heads))
        ctx.connection.execute(_KEEP, {"known": list(self.revisions.all), "named": named})
        ctx.connection.execute(_NAME_TOO, {"named": named})

    async def _run_alembic(self, connect: Connect, absent: Iterable[str], revision: str, back: bool) -> None:
        # Imported here: most starts find the schema current, and Alembic is a tenth of what the service imports.
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        def run(connection: Connection) -> None:
            with tempfile.TemporaryDirectory() as place:
                for id in absent:
                    (Path(place) / f"{id}.py").write_text(_MISSING.format(id=id))
                config = Config()
                config.set_main_option("script_location", _option(scripts()))
                config.set_main_option("path_separator", "newline")
                locations = [*self.folders, Path(place)]
                config.set_main_option("version_locations", "\n".join(map(_option, locations)))
                config.attributes["connection"] = connection
                config.attributes["on_version_apply"] = None if back else self._name_in_step
                try:
                    (command.downgrade if back else command.upgrade)(config, revision)
                except CommandError as error:
                    raise RevisionsRefused(str(error)) from None

        await _run(connect, run)

    def check(self, rows: Iterable[str]) -> None:
        """Raise RevisionsRefused where this code can neither bring a schema with these rows to its own nor use it."""
        rows = frozenset(rows)
        carry_over.refuse_older(rows)
        if newer := self.revisions.refused(rows):
            raise RevisionsRefused(f"A newer version wrote it: the migration {newer[0]} is not known here.")

    def _check_target(self, rows: frozenset[str], revision: str) -> None:
        """Refuse a target that is none, and a way back that would break a branch which stays."""
        known, applied = self.revisions.all, self.revisions.applied(rows)
        branches = {self.revisions.branch(id) for id in known}
        if revision == "base":
            if absent := rows - known.keys():
                raise RevisionsRefused(
                    f"Only the package that brought {min(absent)} can take it back: install it first."
                )
            return
        if _is_relative(revision) and len(branches) > 1:
            raise RevisionsRefused(f"There are several branches ({', '.join(sorted(branches))}): name a migration.")
        label, at, _ = revision.partition("@")
        if (at and label not in branches) or not (at or _is_relative(revision) or revision in known):
            raise RevisionsRefused(f"There is no migration {revision!r}. There are: {', '.join(sorted(known))}.")
        removed = self._taken_back(applied, revision)
        if broken := self.revisions.that_need(removed, applied - removed):
            branch = self.revisions.branch(broken[-1])
            raise RevisionsRefused(
                f"The migration {broken[0]} needs {max(removed)}. First take it back: tranche migrate {branch}@base"
            )

    def _taken_back(self, applied: frozenset[str], revision: str) -> set[str]:
        """The applied steps of the target's branch that come after it."""
        label, at, place = revision.partition("@")
        if at:
            if place != "base":
                return set()
            return {id for id in applied if self.revisions.branch(id) == label}
        if revision not in applied:
            return set()
        stay, branch = self.revisions.applied([revision]), self.revisions.branch(revision)
        return {id for id in applied - stay if self.revisions.branch(id) == branch}


def _is_relative(revision: str) -> bool:
    return revision.rpartition("@")[2][:1] in ("+", "-")


async def _run(connect: Connect, work: Callable[[Connection], None]) -> None:
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    until = time.monotonic() + LOCK_SECONDS
    try:
        while True:
            try:
                await _try(engine, work)
                return
            except DBAPIError as error:
                if not isinstance(cause_of(error), asyncpg.LockNotAvailableError) or time.monotonic() > until:
                    raise
            await asyncio.sleep(random.uniform(LOCK_PAUSE / 2, LOCK_PAUSE))
    finally:
        await engine.dispose()


async def _try(engine: AsyncEngine, work: Callable[[Connection], None]) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
        await connection.commit()
        await connection.run_sync(work)
        await connection.commit()


def _option(path: Path) -> str:
    return str(path).replace("%", "%%")
