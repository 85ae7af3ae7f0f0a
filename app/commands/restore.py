"""`tranche restore`: a new installation out of a backup, onto any supported PostgreSQL, whole or not at all."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg

from app.audit.actions import Action
from app.commands import ServiceRefused
from app.commands.administration import run_with_database, tell
from app.commands.backup import (
    CONTENTS,
    DUMP,
    KEYS,
    OUR_RELATIONS,
    Backup,
    copy_keys,
    count_tables,
    differing,
    read_manifest,
    target,
)
from app.commands.contents import copy_contents, sha256
from app.commands.doctor import OLDEST_POSTGRES
from app.commands.dump import Programs, contents, embedded_programs, foreign_entries, load_dump, programs_of
from app.files.storage import Storage
from app.installation import Installation
from app.kit.db import Database
from app.kit.postgres.server import EmbeddedPostgres
from app.kit.revisions import RevisionsRefused
from app.kit.service import running
from app.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
# What this role may make here and is not there yet.
_EXTENSIONS: Final = """
select v.name from pg_available_extension_versions v
where not exists (select from pg_extension e where e.extname = v.name)
group by v.name having bool_or(v.trusted) or (select rolsuper from pg_roles where rolname = current_user)
"""


def restore(settings: Settings, folder: Path) -> tuple[Backup, list[str]]:
    """Fill an installation that has nothing yet; says which extensions were left out. Its jobs go on at its start.

    Raises ServiceRefused with everything as it was before.
    """
    kept = read_manifest(folder)
    installation = Installation(settings)
    try:
        installation.migrations.check(kept.schema.split(", "))
    except RevisionsRefused as error:
        raise ServiceRefused(f"The backup cannot be restored. {error}") from None

    async def work() -> list[str]:
        connection = await installation.database.connect()
        try:
            await _check_target(connection)
            await asyncio.to_thread(_check_files, kept, folder, settings.home)
            with _taken_back() as made:
                if (root := installation.get(Storage).root) and kept.contents is not None:
                    copied = await asyncio.to_thread(copy_contents, folder / CONTENTS, root, made.append)
                    _check_contents(kept, copied.count, copied.damaged)
                made += copy_keys(folder, settings.home)
                left_out = await _load(programs_of(installation), installation.database.dsn, connection, folder)
            await connection.execute("analyze")
        finally:
            await connection.close()
        details: dict[str, Any] = asdict(kept) | {"rows": sum(kept.rows.values())}
        await tell(installation, Action.BACKUP_RESTORED, target=target(folder, kept), details=details)
        return left_out

    return kept, run_with_database(settings, work, installation)


async def _load(programs: Programs, dsn: str, connection: Connection, folder: Path) -> list[str]:
    """Load the dump into the empty database that the connection is to; which extensions were left out."""
    dump = folder / DUMP
    foreign = foreign_entries(await asyncio.to_thread(contents, programs, dump))
    may_make = {row[0] for row in await connection.fetch(_EXTENSIONS)}
    left_out = sorted(foreign.keys() - may_make)
    lines = [line for name, found in foreign.items() for line in found if name in left_out or "COMMENT" in line]
    version = connection.get_server_version().major
    await asyncio.to_thread(load_dump, programs, dsn, dump, version=version, left_out=lines)
    return left_out


async def _check_target(connection: Connection) -> None:
    if (version := connection.get_server_version().major) < OLDEST_POSTGRES:
        raise ServiceRefused(f"This is PostgreSQL {version}; {OLDEST_POSTGRES} or newer is needed.")
    if there := [row[0] for row in await connection.fetch(f"{OUR_RELATIONS} order by 1 limit 4")]:
        some = ", ".join(there[:3]) + (" and others" if len(there) > 3 else "")
        where = "Restore into a data folder or a database of its own."
        raise ServiceRefused(f"The database is not empty, it has {some}. {where}")


def _check_files(kept: Backup, folder: Path, home: Path) -> None:
    if kept.dump and sha256(folder / DUMP) != kept.dump:
        raise ServiceRefused(f"{folder / DUMP} is damaged: it is not what was written.")
    for name in KEYS:
        ours, theirs = home / name, folder / name
        if ours.exists() and theirs.exists() and ours.read_bytes() != theirs.read_bytes():
            raise ServiceRefused(
                f"{ours} is another installation's. Move it away, or restore into another data folder."
            )


def _check_contents(kept: Backup, count: int, damaged: list[str]) -> None:
    """Whether all is there that was there when the backup was made; what the storage had lost then is lost."""
    new = [key for key in damaged if not any(key.rpartition("/")[2] in line for line in kept.lacking)]
    if new:
        raise ServiceRefused(f"The backup is damaged: {', '.join(new[:3])} in {CONTENTS} is not what was written.")
    if kept.contents != count:
        raise ServiceRefused(f"The backup is damaged: {CONTENTS} has {count:,} contents of {kept.contents:,}.")


@contextmanager
def _taken_back() -> Iterator[list[Path]]:
    """Files that are removed again when the block fails."""
    made: list[Path] = []
    try:
        yield made
    except BaseException as error:
        for path in made:
            with suppress(OSError):
                path.unlink()
        if isinstance(error, OSError):
            where = f": {error.filename}" if error.filename else ""
            raise ServiceRefused(f"The backup cannot be restored: {error.strerror or error}{where}") from None
        raise


def try_restore(folder: Path) -> None:
    """Load a backup's database into a server that is made for it and gone afterwards; raises ServiceRefused."""
    kept = read_manifest(folder)

    async def work(home: Path) -> None:
        server = EmbeddedPostgres(home)
        async with running([server]):
            connection = await Database(server.dsn).connect()
            try:
                await _load(embedded_programs(server), server.dsn, connection, folder)
                if (found := await count_tables(connection)) != kept.rows:
                    raise ServiceRefused(
                        f"The backup was tried: {differing(found, kept.rows)} came out with other rows."
                    )
            finally:
                await connection.close()

    with tempfile.TemporaryDirectory(prefix="tranche-") as name:
        Path(name).chmod(0o755)  # so that the server's own user reaches it; its folders below are closed
        asyncio.run(work(Path(name)))
