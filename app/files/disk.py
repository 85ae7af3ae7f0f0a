"""What is asked of the disk itself: room, and that what was written is there to stay."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path
from typing import Literal

RESERVE_BYTES, RESERVE_SHARE = 1024**3, 0.05
"""Space that uploads must leave free, so that they cannot stop the database on the same disk."""
LOW_BYTES, LOW_SHARE = 10 * 1024**3, 0.15
"""With less than this, and than that share of the disk, there is soon no room."""
DiskState = Literal["ok", "low", "full"]
STEPS = 200
"""Whoever uploads learns of the free space in steps of this fraction of the disk. Finer ones would tell, by what an
upload takes, whether another organisation has the same content."""


def free_space(folder: Path) -> tuple[int, int]:
    """Free bytes of the folder's disk, rounded down to a step, and all of them."""
    disk = shutil.disk_usage(folder)
    return disk.free - disk.free % max(1, disk.total // STEPS), disk.total


def reserve_of(total: int) -> float:
    """Bytes of a disk of this size that stay free."""
    return min(RESERVE_BYTES, total * RESERVE_SHARE)


def room_of(free: int, total: int) -> DiskState:
    """Whether uploads have room on a disk with so many bytes."""
    if free < reserve_of(total):
        return "full"
    return "low" if free < min(LOW_BYTES, total * LOW_SHARE) else "ok"


def sync_path(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_filesystem(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        if _LIBC.syncfs(handle) != 0:
            raise OSError(ctypes.get_errno(), "syncfs failed")
    finally:
        os.close(handle)


def start_writing(handle: int, offset: int) -> None:
    """Ask the system to begin writing a file to the disk from `offset` on, without waiting for it. Promises nothing."""
    if hasattr(_LIBC, "sync_file_range"):
        _LIBC.sync_file_range(handle, ctypes.c_int64(offset), ctypes.c_int64(0), _SYNC_FILE_RANGE_WRITE)


_SYNC_FILE_RANGE_WRITE = 2
_LIBC = ctypes.CDLL(None, use_errno=True)
