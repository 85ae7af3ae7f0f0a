"""`tranche backup` and `tranche restore`: an installation into a folder, also while it works, and a new one out of it.

The database is dumped first, in one snapshot, the contents after it. They are written before their rows and never
changed, and none is collected meanwhile: so each content that the dump names is in the folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from app.audit.actions import Action
from app.audit.record import Target
from app.commands import ServiceRefused
from app.commands.administration import run_with_database, tell
from app.files.garbage_collection import pause_collection
from app.files.storage import Storage
from app.installation import Installation
from app.kit.migrations import read_rows
from app.kit.postgres import find_binaries
from app.kit.revisions import RevisionsRefused
from app.settings import Settings

MANIFEST: Final = "backup.json"
DUMP: Final = "database.dump"
CONTENTS: Final = "files"
KEYS: Final = ("secret.key", "admin.key")
OWNER_ONLY: Final = 0o077
"""What a backup's files and folders allow nobody but their owner: it holds everything, and the keys to it."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What is in the folder.

    `schema` is the newest migration of each branch. `contents` and `size` (bytes) are None with a bucket.
    """

    schema: str
    taken_at: str
    contents: int | None
    size: int | None


def backup(settings: Settings, folder: Path) -> Backup:
    """Write a backup into a folder that does not exist yet; under its name it is whole, or not there."""
    if folder.exists():
        raise ServiceRefused(f"{folder} already exists.")
    os.umask(OWNER_ONLY)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    installation = Installation(settings)

    async def work() -> Backup:
        async with pause_collection(installation.database) as connection:
            rows = await read_rows(connection)
            if not rows:
                raise ServiceRefused("The database is empty: there is nothing to back up.")
            await asyncio.to_thread(partial.mkdir, 0o700, parents=True)
            taken_at = datetime.now(UTC).isoformat(timespec="seconds")
            await asyncio.to_thread(_run, installation, "pg_dump", "--format=custom", f"--file={partial / DUMP}")
            root = installation.get(Storage).root
            copied = await asyncio.to_thread(_copy_contents, root, partial / CONTENTS) if root else (None, None)
        made = Backup(", ".join(sorted(rows)), taken_at, *copied)
        _copy_keys(settings.home, partial)
        (partial / MANIFEST).write_text(json.dumps(asdict(made), indent=2) + "\n")
        os.sync()
        partial.rename(folder)
        await tell(installation, Action.BACKUP_CREATED, target=_target(folder, made), details=asdict(made))
        return made

    try:
        return run_with_database(settings, work, installation)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def restore(settings: Settings, folder: Path) -> Backup:
    """Fill an installation that has nothing yet from a backup. Its jobs go on when it is started."""
    try:
        kept = Backup(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError):
        raise ServiceRefused(f"{folder} is not a backup: it has no readable {MANIFEST}.") from None
    installation = Installation(settings)
    try:
        installation.migrations.check(kept.schema.split(", "))
    except RevisionsRefused as error:
        raise ServiceRefused(f"The backup cannot be restored. {error}") from None

    async def work() -> Backup:
        connection = await installation.database.connect()
        try:
            if await connection.fetchval("select to_regclass('alembic_version')"):
                raise ServiceRefused("The database is not empty. Restore into a data folder or a database of its own.")
            root = installation.get(Storage).root
            if root and kept.contents is not None:
                await asyncio.to_thread(_copy_contents, folder / CONTENTS, root)
            _copy_keys(folder, settings.home)
            options = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
            await asyncio.to_thread(_run, installation, "pg_restore", *options, str(folder / DUMP))
            await connection.execute("analyze")
        finally:
            await connection.close()
        await tell(installation, Action.BACKUP_RESTORED, target=_target(folder, kept), details=asdict(kept))
        return kept

    return run_with_database(settings, work, installation)


def _target(folder: Path, what: Backup) -> Target:
    return Target("backup", what.taken_at, str(folder))


def _run(installation: Installation, command: str, *arguments: str) -> None:
    binaries = installation.postgres.bin if installation.postgres else find_binaries()
    with _address(installation.database.dsn) as address:
        done = subprocess.run(
            [binaries / command, f"--dbname={address}", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise ServiceRefused(f"{command} failed: {done.stderr.strip() or done.returncode}")


@contextmanager
def _address(dsn: str) -> Iterator[str]:
    """The database's address with its password in a file: every user of the machine can read a program's arguments."""
    parts = urlsplit(dsn)
    if parts.password is None:
        yield dsn
        return
    with tempfile.NamedTemporaryFile("w") as file:  # which nobody else may read
        password = unquote(parts.password).replace("\\", "\\\\").replace(":", "\\:")
        file.write(f"*:*:*:*:{password}\n")
        file.flush()
        query = "&".join(filter(None, (parts.query, f"passfile={quote(file.name)}")))
        place = parts.netloc.replace(f":{parts.password}@", "@", 1)
        yield urlunsplit(parts._replace(netloc=place, query=query))


def _copy_contents(source: Path, target: Path) -> tuple[int, int]:
    """Copies each content, by a hard link where the file system allows; how many there are, and their bytes."""
    count = size = 0
    target.mkdir(parents=True, exist_ok=True)
    for path in source.glob("??/??/*"):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            try:
                os.link(path, copy)
            except OSError:
                shutil.copy2(path, copy)
        count += 1
        size += copy.stat().st_size
    return count, size


def _copy_keys(source: Path, target: Path) -> None:
    for name in KEYS:
        if (source / name).exists() and not (target / name).exists():
            shutil.copy2(source / name, target / name)
            (target / name).chmod(0o600)
