"""`tranche backup`: an installation into a folder, also while it works.

Everything is of one snapshot of the database: what pg_dump writes, how many rows each table has, and which contents are
named. Contents are written before their rows and never changed, and none is collected meanwhile: so each of them is
there, or the storage has lost it.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

import asyncpg

from app.audit.actions import Action
from app.audit.record import Target
from app.commands import ServiceRefused
from app.commands.administration import run_with_database, tell
from app.commands.contents import Copied, copy_contents, sha256
from app.commands.dump import count_rows, programs_of, write_dump
from app.files.garbage_collection import pause_collection
from app.files.storage import Storage
from app.installation import Installation
from app.kit.migrations import read_rows
from app.settings import Settings

MANIFEST: Final = "backup.json"
DUMP: Final = "database.dump"
CONTENTS: Final = "files"
KEYS: Final = ("secret.key", "admin.key")
OWNER_ONLY: Final = 0o077
"""What a backup's files and folders allow nobody but their owner: it holds everything, and the keys to it."""
MOST_LACKING: Final = 1000
"""So many lost contents are named in a manifest."""
_NAMED_AT_A_TIME: Final = 10_000
OUR_RELATIONS: Final = """
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and not exists (
    select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
"""
"""Without those of extensions, which a dump does not have either."""
_NAMED: Final = """
select distinct on (f.storage_key) f.storage_key, f.sha256, f.name, o.name as organisation
from files f join organisations o on o.id = f.organisation_id order by f.storage_key, f.created_at
"""
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in the folder.

    `schema` is what the database says of its schema, `rows` the rows of each table, `dump` the SHA-256 of the dump.
    `contents` and `size` (bytes) are None with a bucket. `lacking` says which contents the storage had lost. The last
    three are empty in backups of versions that did not look.
    """

    schema: str
    taken_at: str
    contents: int | None
    size: int | None
    rows: dict[str, int] = field(default_factory=dict)
    dump: str = ""
    lacking: tuple[str, ...] = ()


def read_manifest(folder: Path) -> Backup:
    """What a folder says it has; raises ServiceRefused when it is no backup."""
    try:
        found = Backup(**json.loads((folder / MANIFEST).read_text()))
        assert (folder / DUMP).stat().st_size
    except (OSError, ValueError, TypeError, AssertionError):
        raise ServiceRefused(f"{folder} is not a backup: it has no readable {MANIFEST} and {DUMP}.") from None
    return found


def backup(settings: Settings, folder: Path, check: Callable[[Path], None] | None = None) -> Backup:
    """Write a backup into a folder that does not exist yet, and read it again; under its name it is whole or not there.

    `check` raises ServiceRefused for one that is not to be.
    """
    os.umask(OWNER_ONLY)
    installation = Installation(settings)

    async def work() -> Backup:
        with _made_whole(folder) as partial:
            async with pause_collection(installation.database) as connection:
                made = await _write(installation, connection, partial)
            if check:
                await asyncio.to_thread(check, partial)
        details = asdict(made) | {"rows": sum(made.rows.values())}
        await tell(installation, Action.BACKUP_CREATED, target=target(folder, made), details=details)
        return made

    return run_with_database(settings, work, installation)


def target(folder: Path, what: Backup) -> Target:
    """A backup, as the audit log names it."""
    return Target("backup", what.taken_at, str(folder))


async def _write(installation: Installation, connection: Connection, partial: Path) -> Backup:
    rows = await read_rows(connection)
    if not rows:
        raise ServiceRefused("The database is empty: there is nothing to back up.")
    programs, dump = programs_of(installation), partial / DUMP
    async with _snapshot(connection) as snapshot:
        taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        await asyncio.to_thread(write_dump, programs, installation.database.dsn, dump, snapshot)
        counted = await count_tables(connection)
        root = installation.get(Storage).root
        copied = await asyncio.to_thread(copy_contents, root, partial / CONTENTS) if root else None
        lacking = await _lost(connection, partial / CONTENTS, copied) if copied else []
    if (found := await asyncio.to_thread(count_rows, programs, dump)) != counted:
        raise ServiceRefused(f"The dump has not every row of {differing(counted, found)}.")
    made = Backup(
        ", ".join(sorted(rows)),
        taken_at,
        copied.count if copied else None,
        copied.size if copied else None,
        counted,
        await asyncio.to_thread(sha256, dump),
        tuple(lacking[:MOST_LACKING]),
    )
    copy_keys(installation.settings.home, partial)
    (partial / MANIFEST).write_text(json.dumps(asdict(made), indent=2) + "\n")
    return made


def differing(one: Mapping[str, int], other: Mapping[str, int]) -> str:
    """The tables whose numbers of rows are not the same."""
    return ", ".join(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))


@asynccontextmanager
async def _snapshot(connection: Connection) -> AsyncIterator[str]:
    """Hold a snapshot: what this connection reads meanwhile, and what others read who are given its name."""
    await connection.execute("begin transaction isolation level repeatable read, read only")
    try:
        yield str(await connection.fetchval("select pg_export_snapshot()"))
    finally:
        await connection.execute("rollback")


async def count_tables(connection: Connection) -> dict[str, int]:
    """The rows of each table that a dump has."""
    names = sorted(row[0] for row in await connection.fetch(f"{OUR_RELATIONS} and c.relkind = 'r'"))
    return {name: await connection.fetchval(f"select count(*) from {name}") for name in names}


async def _lost(connection: Connection, folder: Path, copied: Copied) -> list[str]:
    """A line for each content that the database names and the copy lacks, or has with other bytes."""
    damaged = set(copied.damaged)

    def look(named: list[asyncpg.Record]) -> list[str]:
        states = ("damaged" if row[0] in damaged else "" if (folder / row[0]).exists() else "missing" for row in named)
        return [
            f"{name} of {organisation} is {state} (SHA-256 {digest})"
            for (_, digest, name, organisation), state in zip(named, states, strict=True)
            if state
        ]

    found: list[str] = []
    cursor = await connection.cursor(_NAMED)
    while named := await cursor.fetch(_NAMED_AT_A_TIME):
        found += await asyncio.to_thread(look, named)
    return found


@contextmanager
def _made_whole(folder: Path) -> Iterator[Path]:
    """A folder to write into, which gets its name at the end of the block."""
    partial = partial_of(folder)
    try:
        if folder.exists():
            raise ServiceRefused(f"{folder} already exists.")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(0o700, parents=True)
        yield partial
        os.sync()
        partial.rename(folder)
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise ServiceRefused(f"The backup cannot be written: {error.strerror or error}{where}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def partial_of(folder: Path) -> Path:
    """What a backup is called until it is whole."""
    return folder.with_name(f".{folder.name}.partial")


def copy_keys(source: Path, target: Path) -> list[Path]:
    """Copy the keys that are not there; which those were."""
    made = []
    for name in KEYS:
        if (source / name).exists() and not (target / name).exists():
            shutil.copy2(source / name, target / name)
            (target / name).chmod(0o600)
            made.append(target / name)
    return made
