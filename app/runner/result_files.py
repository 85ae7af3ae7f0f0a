"""Keeps the result files of running jobs: their contents first and durable, then their rows.

Jobs that end together are served together. While one group is written the next one gathers, so nothing waits for a
timer, and sixteen jobs wait for the disk as often as one does.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast
from uuid import UUID

from app.files.spool import spool_bytes
from app.files.storage import Spooled, Storage
from app.kit.db import Database
from app.kit.ids import new_id
from app.kit.loop_turns import context_for
from app.runner.result_file_repository import NewResultFile, NotHeld, Owner, ResultFile, add_result_files

HASHED_AT_ONCE: Final = 512 * 1024
"""Bytes that are hashed in 0.3 ms: less than a thread takes to have its turn."""
MOST_JOBS, MOST_BYTES = 64, 32 * 1024 * 1024
"""Of one group; a job with more bytes is one by itself."""
GROUPS_AT_ONCE: Final = 16
"""Of a bucket, which answers each in tens of milliseconds and has no disk that waits; a local disk has one."""


@dataclass(eq=False)
class _Save:
    """The files that a job wants to keep under these ids, and the future of those that it keeps."""

    owner: Owner
    files: Mapping[str, ResultFile]
    new_ids: Mapping[str, UUID]
    ids: asyncio.Future[dict[str, UUID]] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def size(self) -> int:
        return sum(len(file.data) for file in self.files.values())


class ResultFiles:
    """Keeps result files of the jobs of this process."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database, self._storage = database, storage
        self._waiting: deque[_Save] = deque()
        self._writers: set[asyncio.Task[None]] = set()

    async def save(
        self, owner: Owner, files: Mapping[str, ResultFile], new_ids: Mapping[str, UUID] | None = None
    ) -> dict[str, UUID]:
        """Keep the files under their names; their ids. Raises NotHeld, and then has written nothing of them.

        Whoever may have to ask again gives their ids, the same each time: what is written already is left as it is.
        """
        save = _Save(owner, files, new_ids or {name: new_id() for name in files})
        self._waiting.append(save)
        if len(self._writers) < (1 if self._storage.root else GROUPS_AT_ONCE):
            self._writers.add(asyncio.create_task(self._write(), name="result-files", context=context_for(None)))
        return await save.ids

    async def _write(self) -> None:
        try:
            while group := self._take_group():
                await self._save(group)
        finally:  # not a callback, which would come later than one who looks whether somebody writes
            self._writers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    def _take_group(self) -> list[_Save]:
        group: list[_Save] = []
        size = 0
        while self._waiting and len(group) < MOST_JOBS:
            size += self._waiting[0].size
            if group and size > MOST_BYTES:
                break
            group.append(self._waiting.popleft())
        return group

    async def _save(self, group: Sequence[_Save]) -> None:
        """Answer each of the group; where that goes wrong, each by itself, as it may be the fault of one."""
        try:
            found = await self._keep(group)
        except Exception as error:
            if len(group) > 1:
                for save in group:
                    await self._save([save])
            elif not group[0].ids.done():
                group[0].ids.set_exception(error)
            return
        for save, ids in zip(group, found, strict=True):
            if save.ids.done():
                continue
            if ids is None:
                save.ids.set_exception(NotHeld())
            else:
                save.ids.set_result(ids)

    async def _keep(self, group: Sequence[_Save]) -> list[dict[str, UUID] | None]:
        """The ids of each, or None where the job is not held."""
        if sum(save.size for save in group) < HASHED_AT_ONCE:
            wanted = _prepare(group)
        else:
            wanted = await asyncio.to_thread(_prepare, group)
        held = [True] * len(group)
        pending = list(range(len(group)))
        while pending:
            files = [file for place in pending for file in wanted[place]]
            if not files:
                break
            async with self._database.statements() as session:
                added = await add_result_files(session, files)
            for place in pending:
                held[place] = all(added[file.id].is_held for file in wanted[place])
            pending = [
                place
                for place in pending
                if held[place] and not all(added[file.id].is_stored for file in wanted[place])
            ]
            missing = [file for place in pending for file in wanted[place] if not added[file.id].is_stored]
            if missing:
                await self._store(missing)
        return [
            {file.name: file.id for file in files} if is_held else None
            for files, is_held in zip(wanted, held, strict=True)
        ]

    async def _store(self, files: Sequence[NewResultFile]) -> None:
        """Make the contents durable. No transaction is open: this waits for the disk."""
        contents = await asyncio.to_thread(_spool, self._storage, [file.file.data for file in files])
        try:
            await self._storage.store(contents)
        except BaseException:
            await asyncio.to_thread(_discard, contents)
            raise
        for file, content in zip(files, contents, strict=True):
            file.content = content


def _prepare(group: Sequence[_Save]) -> list[list[NewResultFile]]:
    return [
        [
            NewResultFile(save.new_ids[name], save.owner, name, file, hashlib.sha256(file.data).hexdigest())
            for name, file in save.files.items()
        ]
        for save in group
    ]


def _spool(storage: Storage, pieces: Sequence[bytes]) -> list[Spooled]:
    spooled: list[Spooled] = []
    try:
        for data in pieces:
            spooled.append(spool_bytes(storage, data))
    except BaseException:
        _discard(spooled)
        raise
    return spooled


def _discard(contents: Sequence[Spooled]) -> None:
    for content in contents:
        content.path.unlink(missing_ok=True)
