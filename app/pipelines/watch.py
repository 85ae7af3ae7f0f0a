"""Watches the folder of workloads, and takes files that changed while the service runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

from app.kit.db import Database
from app.kit.service import Periodic
from app.pipelines.discovery import files_in, read_file
from app.pipelines.registry import Registry

WATCH_SECONDS: Final = 0.5
Stamps = Mapping[Path, tuple[int, int, int]]


class Watch(Periodic):
    """Looks at the folder twice a second. Jobs that run end with the code that they began with; the next have the new.

    A file that does not load leaves what it had as it is, and is among the `problems` of the registry.
    """

    log: ClassVar = logging.getLogger("tranche.pipelines")
    interval = first_wait = WATCH_SECONDS

    def __init__(self, folder: Path, database: Database, registry: Registry) -> None:
        super().__init__()
        self._folder, self._database, self._registry = folder, database, registry
        self._seen = stamps_of(folder)
        self._unsaved = False

    async def turn(self) -> None:
        found = await asyncio.to_thread(stamps_of, self._folder)
        if found != self._seen:
            await self._take(found)
        if self._unsaved:
            async with self._database.transaction() as session:
                await self._registry.save(session)
            self._unsaved = False
            self.log.info("the pipelines are: %s", ", ".join(sorted(pipeline.key for pipeline in self._registry)))

    async def _take(self, found: Stamps) -> None:
        """Load what is new or different, and what was wrong: its reason may have been in another file."""
        for path in self._seen.keys() - found.keys():
            self._registry.forget(path.name)
        wrong = {problem.source for problem in self._registry.problems}
        loaded = [
            await asyncio.to_thread(read_file, path)
            for path, stamp in found.items()
            if self._seen.get(path) != stamp or path.name in wrong
        ]
        for source in loaded * 2:  # a key that one gives up may be what another has now
            self._registry.admit(source)
        self._seen, self._unsaved = found, True


def stamps_of(folder: Path) -> Stamps:
    """When each workload was changed, in nanoseconds, with its size and inode: editors put a new file in its place."""
    stamps = {}
    for path in files_in(folder):
        try:
            stat = path.stat()
        except FileNotFoundError:
            continue  # gone since it was listed
        stamps[path] = stat.st_mtime_ns, stat.st_size, stat.st_ino
    return stamps
