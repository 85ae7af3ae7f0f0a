"""Batches whose pipeline was changed so that they cannot go on: they are paused, and it is said what to do."""

from __future__ import annotations

from typing import Literal

from app.batches.service import pause_changed
from app.kit.db import Database
from app.runner import repository
from app.runner.course import NO_GAP
from app.runner.work import Work

Found = Literal["can_go_on", "paused", "outdated"]


class Changes:
    """Looks whether the code of this process can carry on with what a batch began."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, work: Work) -> Found:
        """Before jobs of a batch are claimed. It is paused where one of those that wait needs a step which is gone.

        `outdated`: another pipeline was saved under this key since then, as while processes are replaced one after the
        other: whoever saved that one may have the step.
        """
        if work.course.gap == NO_GAP:
            return "can_go_on"
        batch_id, key = work.info.id, work.pipeline.key
        async with self._database.transaction() as session:
            if not await repository.has_job_before(session, batch_id, work.pipeline_id, work.course.gap):
                return "can_go_on"
            if not await repository.is_saved_so(session, work.pipeline_id, work.pipeline):
                return "outdated"
            await pause_changed(session, batch_id, f"The pipeline {key} has changed. {work.course.reason}")
        return "paused"
