"""The event that tells of a step which held up everybody else in its process."""

from __future__ import annotations

from typing import Final

from app.batches import log
from app.batches.log import NewEvent
from app.batches.repository import lock_batch
from app.batches.states import BATCH_TERMINAL
from app.kit.db import Database
from app.runner.context import RunningStep

BLOCKED_LOOP: Final = "STEP_BLOCKED_LOOP"


async def record_blocked_loop(database: Database, context: RunningStep, seconds: float) -> None:
    """Write `step.blocked`, unless the batch has ended meanwhile: nothing follows its last event."""
    batch, job, step = context.batch, context.job, context.stage
    message = f"{step} held up everything else in its process for {seconds:.1f} s: make it a plain function (def)."
    data = {"sequence": job.sequence, "attempt": job.attempt, "error_code": BLOCKED_LOOP, "message": message}
    event = NewEvent("step.blocked", job.id, step, data | {"seconds": round(seconds, 1)})
    async with database.transaction() as session:
        locked = await lock_batch(session, batch.organisation_id, batch.id)
        if locked and locked.status not in BATCH_TERMINAL:
            await log.record(session, batch.id, [event])
