"""Folders of the service that no other user of the machine looks into."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.kit.service import CannotStart

PRIVATE: Final = 0o700
PASSABLE: Final = 0o711
"""For who knows the way: where the service is root, PostgreSQL's own user has its folder below the data folder."""
_OTHERS: Final = 0o077


def make_private(folder: Path) -> None:
    """Make a folder if there is none, and close it to others if it is ours."""
    folder.mkdir(PRIVATE, parents=True, exist_ok=True)
    if open_to_others(folder):
        with suppress(PermissionError):  # somebody else's, such as a share
            folder.chmod(PRIVATE)


def make_home(folder: Path, *, with_database: bool) -> None:
    """Make the data folder if there is none; one that exists may be more than that, and stays as it is.

    Raises CannotStart where there can be none.
    """
    passable = with_database and os.geteuid() == 0
    try:
        for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
            missing.mkdir(PRIVATE if missing == folder else 0o777, exist_ok=True)
            if passable:  # whatever the umask is
                missing.chmod(PASSABLE)
    except OSError as error:
        raise CannotStart(f"the data folder {folder} cannot be made: {error.strerror} ({error.filename})") from None
    if not folder.is_dir():
        raise CannotStart(f"the data folder {folder} is no folder")


def open_to_others(path: Path) -> bool:
    """Whether users other than the owner may do anything with it."""
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
