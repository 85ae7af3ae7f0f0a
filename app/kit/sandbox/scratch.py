"""Watches what children write: RLIMIT_FSIZE holds for one file, and there is no limit of the kernel for all of them.

A process of the service looks at the folders from outside while the child runs, and has it killed when they hold too
much. What is written between two looks is beyond the limit: at 1 GB a second 200 MB, and what the kernel takes until
the child is dead. Files that were removed while they are open are in no folder: so nobody who is out to fill the disk
gets past the free space either, which is looked at as well.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple

from app.kit.sandbox.child import Child
from app.kit.sandbox.errors import DiskNearlyFull, ResourceLimitExceeded, SandboxError

EVERY_SECONDS: Final = 0.2
MOST_FILES: Final = 4096
"""A table of 4,096 columns in parts of 256 MiB is some 1,500; inodes can run out as bytes can."""
FLOOR_BYTES, FLOOR_SHARE = 512 * 1024 * 1024, 0.025
"""Free space under which a child that writes is ended: half of what uploads leave, so that the database goes on."""
ITS_PART: Final = 64 * 1024 * 1024
"""A disk that is full already is no reason to end whoever writes little."""


class Use(NamedTuple):
    """What folders hold: bytes on the disk, and entries, which are not counted beyond a limit."""

    size: int
    entries: int


def measure(folders: Sequence[str], most_entries: int = MOST_FILES) -> Use:
    """What the folders hold now, without following links; files may come and go meanwhile. Blocks."""
    size = entries = 0
    waiting = list(folders)
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            for entry in found:
                entries += 1
                if entries > most_entries:
                    return Use(size, entries)
                with suppress(OSError):
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
    return Use(size, entries)


def _free(folder: str) -> tuple[int, int]:
    """Bytes that are free where the folder is, and how many should be."""
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize, min(FLOOR_BYTES, int(state.f_blocks * state.f_frsize * FLOOR_SHARE))


class Watch:
    """What a child writes to. `problem` is why it was killed, if it was."""

    def __init__(self, child: Child, folders: Sequence[str], most_bytes: int) -> None:
        self._child, self._folders, self._most_bytes = child, folders, most_bytes
        self.problem: SandboxError | None = None

    def look(self, free_before: int) -> SandboxError | None:
        """What is wrong now. Blocks."""
        use = measure(self._folders)
        if use.size > self._most_bytes:
            return ResourceLimitExceeded(f"More than {self._most_bytes:,} bytes of scratch space were written.")
        if use.entries > MOST_FILES:
            return ResourceLimitExceeded(f"More than {MOST_FILES:,} scratch files were written.")
        free, floor = _free(self._folders[0])
        if free < floor and free_before - free > ITS_PART:
            return DiskNearlyFull("The disk of the scratch folder is nearly full.")
        return None

    async def run(self) -> None:
        """Look again and again, until the child has to be killed or nobody asks any more."""
        free_before = (await asyncio.to_thread(_free, self._folders[0]))[0]
        while self.problem is None:
            await asyncio.sleep(EVERY_SECONDS)
            self.problem = await asyncio.to_thread(self.look, free_before)
        self._child.hang_up()


@asynccontextmanager
async def watched(child: Child, folders: Sequence[str], most_bytes: int) -> AsyncIterator[Watch]:
    """Watch a child during the block; without folders there is nothing to watch."""
    watch = Watch(child, folders, most_bytes)
    if not folders:
        yield watch
        return
    watching = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        watching.cancel()
        await asyncio.wait([watching])
