"""Starts the hand-over of batches that asked for it and have ended.

What is still to be handed over is a fact of the batch's row, so nothing can lose it: whoever sees it makes the
follow-up batch and marks the row, in one transaction.
"""

from __future__ import annotations

import logging
from typing import Final
from uuid import UUID

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.assets.models import KEY, HandOver
from app.auth.caller import acting_for
from app.auth.models import User
from app.batches import submission
from app.batches.desk import Desk
from app.batches.models import Batch, Job
from app.batches.schemas import BatchOptions
from app.batches.step_models import JobOutput
from app.batches.submission import NewJob
from app.kit.db import Database
from app.kit.isolation import each
from app.kit.lookout import UNSEEN
from app.kit.service import Periodic

log = logging.getLogger("tranche.hand_over")
_WANTED: Final = HandOver.started_at.is_(None) & Batch.completed_at.is_not(None)
ANY_WANTED: Final = exists().where(HandOver.batch_id == Batch.id, _WANTED)


class HandOverSweep(Periodic):
    """Works in every process that runs jobs; a row that another process looks at is passed over."""

    interval, log = UNSEEN, log

    def __init__(self, database: Database, desk: Desk) -> None:
        super().__init__()
        self._database, self._desk = database, desk

    async def turn(self) -> None:
        query = select(Batch.id).join(HandOver, HandOver.batch_id == Batch.id).where(_WANTED)
        async with self._database.statements() as session:
            wanted = (await session.execute(query.order_by(Batch.completed_at))).scalars().all()
        await each(wanted, self._start, log, lambda batch_id: f"the hand-over of batch {batch_id}")

    async def _start(self, batch_id: UUID) -> None:
        """Start the hand-over of a batch, unless another process does."""
        async with self._database.transaction() as session:
            query = select(Batch, HandOver).join(HandOver, HandOver.batch_id == Batch.id)
            query = query.where(_WANTED, Batch.id == batch_id)
            found = (await session.execute(query.with_for_update(key_share=True, skip_locked=True, of=Batch))).first()
            if found is None:
                return
            batch, wanted = found
            jobs = await _orders(session, batch, wanted)
            started = update(HandOver).where(HandOver.batch_id == batch.id).values(started_at=func.now())
            await session.execute(started)
            owner = await _owner(session, batch)
            if jobs and owner:
                options = BatchOptions(pipelines=[KEY], name=f"{batch.name[:240]} - Hand-over")
                caller = acting_for(owner, "hand-over")
                created = await submission.submit(
                    session,
                    caller,
                    self._desk,
                    options,
                    jobs,
                    max_jobs=len(jobs),
                    relation="hand_over",
                )
                link = update(Batch).where(Batch.id == created.batch_id).values(parent_batch_id=batch.id)
                await session.execute(link)


async def _owner(session: AsyncSession, batch: Batch) -> User | None:
    """Who made the batch, or the first of its organisation when that user is gone."""
    query = select(User).where(User.organisation_id == batch.organisation_id)
    query = query.order_by((User.id == batch.created_by).desc().nulls_last(), User.created_at).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def _orders(session: AsyncSession, batch: Batch, wanted: HandOver) -> list[NewJob]:
    """A job for the folder, one for each job with results, one for the board."""
    orders: list[NewJob] = []
    common = {"batch_id": str(batch.id)}
    if wanted.auto_upload_enabled:
        has_outputs = select(JobOutput.name).where(JobOutput.job_id == Job.id).exists()
        query = select(Job.id, Job.filename).where(Job.batch_id == batch.id, Job.status == "completed", has_outputs)
        found = (await session.execute(query.order_by(Job.sequence))).all()
        if found:
            orders.append(NewJob("record", "Dropbox: folder", record={**common, "to": "dropbox_folder"}))
        for job_id, filename in found:
            record = {**common, "to": "dropbox_files", "job_id": str(job_id)}
            orders.append(NewJob("record", f"Dropbox: {filename or 'record'}"[:255], record=record))
    if wanted.monday_sync_enabled:
        orders.append(NewJob("record", "monday.com: item", record={**common, "to": "monday"}))
    return orders
