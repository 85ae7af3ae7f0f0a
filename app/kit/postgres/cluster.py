"""The files of one PostgreSQL cluster: made whole or not at all, and looked at before a server is started on them."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import Final

from app.kit.postgres.places import NotOurs, own
from app.kit.postgres.programs import VERSION, PostgresNotStarted, run_program
from app.kit.postgres.system_user import SystemUser

SHARED_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - looked at, not written to
ENOUGH_SHARED_MEMORY: Final = 32 << 20
"""Docker gives 64 MiB; parallel queries took up to 8 MiB (measured)."""
FIRST_START_BYTES: Final = 80 << 20
"""A cluster with an empty, migrated database has 49 MB in 1,640 files (measured); some room for the write-ahead log."""
FIRST_START_FILES: Final = 1700
_OPTIONS: Final = (
    "--auth-local=peer",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "-U",
    "postgres",
    "--no-instructions",
)


def is_made(data: Path) -> bool:
    """Whether there is a cluster."""
    return (data / "PG_VERSION").exists()


def shared_memory_type(user: SystemUser | None) -> str:
    """`posix`, or `mmap` (files in the data folder) where the system's folder for it is missing, closed or tiny."""
    try:
        state, mode = os.statvfs(SHARED_MEMORY), SHARED_MEMORY.stat().st_mode
    except OSError:
        return "mmap"
    is_open = mode & stat.S_IWOTH and mode & stat.S_IXOTH if user else os.access(SHARED_MEMORY, os.W_OK | os.X_OK)
    return "posix" if is_open and state.f_bavail * state.f_frsize >= ENOUGH_SHARED_MEMORY else "mmap"


def make_cluster(data: Path, user: SystemUser | None, binaries: Path) -> None:
    """Make the cluster beside its place and put it there when it is whole: a killed `initdb` leaves half of one."""
    _refuse_older(data)
    if data.exists() and any(data.iterdir()):
        raise PostgresNotStarted(f"{data} is not empty, and no database either: move it away")
    _check_room(data.parent)
    # Where the place itself is a mount, nothing can be put there in one step.
    place = data if data.is_mount() or data.is_symlink() else data.with_name(f"{data.name}.partial")
    if place != data:
        shutil.rmtree(place, ignore_errors=True)
    own(place, user)
    memory = f"dynamic_shared_memory_type={shared_memory_type(user)}"
    # From its own folder: the database's user may not be able to name the others above it.
    run_program(binaries / "initdb", *_OPTIONS, "-c", memory, "-D", str(place), user=user, folder=place)
    if place != data:
        place.rename(data)
        _sync(data.parent)


def check_cluster(data: Path, user: SystemUser | None) -> None:
    """Raise PostgresNotStarted where a server on these files would not come up, with what to do."""
    found = (data / "PG_VERSION").read_text().strip()
    if found != str(VERSION):
        raise PostgresNotStarted(f"{data} is of PostgreSQL {found}, and this version brings {VERSION}: {_MOVE}")
    if not (data / "global" / "pg_control").exists():
        raise PostgresNotStarted(f"{data} is not whole, as its global/pg_control is missing: {_REMOVE}")
    owner = (data / "PG_VERSION").stat().st_uid
    if owner != (user.uid if user else os.geteuid()):
        raise NotOurs(data, owner, user)


_MOVE: Final = "back it up with the version that made it, and restore that into a new data folder"
_REMOVE: Final = "remove it if its first start was cut short, else restore a backup"


def _refuse_older(data: Path) -> None:
    """An empty database beside a full one of another version would look as if everything were gone."""
    others = [path.parent for path in data.parent.glob("postgres-*/PG_VERSION") if path.parent.suffix != ".partial"]
    if others:
        raise PostgresNotStarted(f"{min(others)} is of another PostgreSQL, and this version brings {VERSION}: {_MOVE}")


def _check_room(folder: Path) -> None:
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    if free < FIRST_START_BYTES:
        sizes = f"{free / 1e6:.0f} MB are free, and an empty database takes {FIRST_START_BYTES / 1e6:.0f}"
        raise PostgresNotStarted(f"too little room on the disk of {folder}: {sizes}")
    if state.f_files and state.f_favail < FIRST_START_FILES:
        counts = f"it takes {state.f_favail} more, and an empty database has {FIRST_START_FILES}"
        raise PostgresNotStarted(f"too few files are free on the disk of {folder} (df -i): {counts}")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
