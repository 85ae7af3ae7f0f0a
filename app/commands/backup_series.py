"""`tranche backup --keep N`: dated backups below one folder, of which the newest whole ones stay."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from app.commands import ServiceRefused
from app.commands.backup import OWNER_ONLY, Backup, backup, read_manifest
from app.settings import Settings

LOCK: Final = ".tranche-backup.lock"
_NAME, _FORMAT = re.compile(r"tranche-\d{8}T\d{6}Z"), "tranche-%Y%m%dT%H%M%SZ"


def backup_into(
    settings: Settings, parent: Path, keep: int, check: Callable[[Path], None] | None = None
) -> tuple[Path, Backup, list[Path]]:
    """Make a backup below `parent`, then remove all but the newest `keep` whole ones that were made so.

    Nothing is removed when no new one was made, or when the storage had lost a content, which an older one may have.
    """
    os.umask(OWNER_ONLY)
    with _alone(parent):
        for left in parent.glob(".tranche-*.partial"):  # of a backup that was killed
            shutil.rmtree(left, ignore_errors=True)
        moment = datetime.now(UTC)
        while (folder := parent / f"{moment:{_FORMAT}}").exists():
            moment += timedelta(seconds=1)
        made = backup(settings, folder, check)
        return folder, made, [] if made.lacking else _remove_old(parent, keep)


def _remove_old(parent: Path, keep: int) -> list[Path]:
    whole = sorted(path for path in parent.iterdir() if _NAME.fullmatch(path.name) and _is_whole(path))
    removed = whole[: max(0, len(whole) - keep)]
    for folder in removed:
        # Under another name first: half of a backup must not look like one.
        leaving = folder.rename(folder.with_name(f".{folder.name}.partial"))
        shutil.rmtree(leaving, ignore_errors=True)
    return removed


def _is_whole(folder: Path) -> bool:
    try:
        return not read_manifest(folder).lacking
    except ServiceRefused:
        return False


@contextmanager
def _alone(parent: Path) -> Iterator[None]:
    try:
        parent.mkdir(0o700, parents=True, exist_ok=True)
        handle = os.open(parent / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServiceRefused(f"{parent} cannot be written to: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ServiceRefused(f"Another backup into {parent} is under way.") from None
        yield
    finally:
        os.close(handle)
