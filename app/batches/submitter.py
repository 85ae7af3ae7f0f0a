"""A request's files, URLs and records become one batch, once under one Idempotency-Key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.caller import Caller
from app.batches import submission
from app.batches.desk import Desk
from app.batches.items import jobs_of_items
from app.batches.schemas import BatchCreated, BatchOptions, Item
from app.batches.submission import NewJob
from app.files import quotas
from app.files import service as file_service
from app.files.service import NewFile
from app.files.storage import Storage
from app.files.upload import Part, UploadLimits
from app.idempotency.once import Once
from app.kit.db import Database
from app.kit.declarations import raises
from app.limits.warnings import warnings_of

BATCH: Final = "/api/batches/{batch_id}"


class Submitter:
    """Submits files, URLs and records of one request as one batch."""

    def __init__(
        self,
        caller: Caller,
        database: Database,
        storage: Storage,
        desk: Desk,
        limits: UploadLimits,
        once: Once,
    ) -> None:
        self.caller, self.database, self.storage, self.limits = caller, database, storage, limits
        self._desk, self._once = desk, once

    @raises(submission.submit, submission.check_count, jobs_of_items)
    async def submit_items(
        self, options: BatchOptions, items: Sequence[Item], *, single: bool = False, body: Any = None
    ) -> BatchCreated:
        """Submit files that are stored already, URLs and records; `body` is what was sent, when it is not these."""
        submission.check_count(len(items), self.limits.files)
        async with self.database.transaction() as session:

            async def make() -> BatchCreated:
                jobs = await jobs_of_items(session, self.caller.organisation_id, items)
                created = await self._submit(session, options, jobs, single=single)
                return created.model_copy(update={"warnings": warnings_of(session)})

            sent = [options, *items] if body is None else body
            return await self._once.answer(session, sent, make, BatchCreated, location=BATCH)

    @raises(submission.submit, quotas.add_stored)
    async def submit_form(
        self,
        options: BatchOptions,
        parts: Sequence[Part],
        urls: Sequence[str],
        *,
        single: bool = False,
        location: str = BATCH,
    ) -> BatchCreated:
        """Submit files that have just arrived. Everything is checked before a file is kept."""
        sent = [options, [[part.name, part.content.size, part.content.sha256] for part in parts], list(urls)]
        async with self.database.transaction() as session:
            if known := await self.find_answer(session, sent, location=location):
                return known
            await quotas.check_room(session, self.caller.organisation_id, [part.content for part in parts])
        url_jobs = [NewJob("url", None, source_url=url) for url in urls]
        drafts = [NewJob("file", part.name) for part in parts] + url_jobs
        tasks = submission.check_tasks(self._desk.registry, options, self.caller)
        submission.assign(tasks, drafts, self.limits.files, may_be_empty=submission.may_be_empty(options))
        contents = [(part.name, part.media_type, part.content) for part in parts]
        async with self.limits.stores.slot(self.limits.party):
            files = await file_service.store_contents(self.storage, contents)
        async with self.database.transaction() as session:

            async def make() -> BatchCreated:
                organisation_id = self.caller.organisation_id
                added = await quotas.size_of_new(session, organisation_id, [file.content for file in files])
                await file_service.add_files(session, organisation_id, files)
                jobs = [_job_of_new_file(file) for file in files] + url_jobs
                created = await self._submit(session, options, jobs, single=single)
                await quotas.add_stored(session, organisation_id, added)  # last, because others wait for it
                return created.model_copy(update={"warnings": warnings_of(session)})

            return await self._once.answer(session, sent, make, BatchCreated, location=location)

    async def find_answer(self, session: AsyncSession, body: Any, *, location: str = BATCH) -> BatchCreated | None:
        """What was answered to this body under the same Idempotency-Key, if anything."""
        known = await self._once.find(session, body, location=location)
        return None if known is None else BatchCreated.model_validate(known)

    async def _submit(
        self, session: AsyncSession, options: BatchOptions, jobs: Sequence[NewJob], *, single: bool
    ) -> BatchCreated:
        return await submission.submit(
            session,
            self.caller,
            self._desk,
            options,
            jobs,
            max_jobs=self.limits.files,
            single=single,
        )


def _job_of_new_file(file: NewFile) -> NewJob:
    content = file.content
    return NewJob(
        "file",
        file.name,
        file_id=file.id,
        file_size=content.size,
        media_type=file.media_type,
        checksum=content.sha256,
    )
