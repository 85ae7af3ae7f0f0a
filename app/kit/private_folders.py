"""Folders of the service that no other user of the machine looks into."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

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
    """Make the data folder if there is none; one that exists may be more than that, and stays as it is."""
    folder.mkdir(PASSABLE if with_database and os.geteuid() == 0 else PRIVATE, parents=True, exist_ok=True)


def open_to_others(path: Path) -> bool:
    """Whether users other than the owner may do anything with it."""
    return bool(stat.S_IMODE(path.stat().st_mode) & _OTHERS)
