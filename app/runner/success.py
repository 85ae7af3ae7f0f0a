"""Ends a job that leaves rows of its own (on_success, result codes): they and the job's end are one transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from app.batches.states import JOB_TERMINAL
from app.kit.availability import has_passed, outlast
from app.kit.db import Database
from app.kit.outage import Outage
from app.kit.rows import read_row
from app.kit.unexpected import tell_unexpected
from app.pipelines.contract import OnSuccess
from app.runner.committer import READ_BACK
from app.runner.context import JobFenced, RunningStep
from app.runner.step_results import clean_message
from app.runner.transitions import SETTLE_CALL, Settled, Transition, read_settled, settle_arguments

log = logging.getLogger("tranche.success")


async def settle_with_success(
    database: Database, transition: Transition, hooks: Sequence[OnSuccess], context: RunningStep
) -> tuple[Transition, Settled | None]:
    """Run the hooks and write the transition; returns what was written, and None when the job was fenced off.

    The hooks' rows come first, the batch's lock last. After a lost connection the fence tells whether the commit had
    happened: then the second try finds the job no longer running under this attempt, and what was written is read back.
    """
    to_write, tries = [transition], 0
    while True:
        try:
            return await _write(database, to_write, hooks, context)
        except JobFenced:
            return to_write[-1], await outlast(partial(_read_back, database, transition)) if tries else None
        except Exception as error:
            tries += 1
            if isinstance(error, Outage) and await has_passed(error, tries):
                continue
            message = tell_unexpected("on_success failed", error, log)
            to_write, hooks = _failed(transition, message, context.stage), ()


async def _read_back(database: Database, transition: Transition) -> Settled | None:
    """Where the job stands if it was this attempt that ended it: its commit had happened, and the answer was lost."""
    async with database.transaction() as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(READ_BACK, ([transition.job_id],))
        job = rows.mappings().one_or_none()
    ours = job is not None and job["attempt"] == transition.attempt and job["status"] in JOB_TERMINAL
    return read_row(Settled, job) if ours else None


def _failed(transition: Transition, message: str, last_step: str) -> list[Transition]:
    """Instead of the end of a job whose hook raised: its last step fails, after those that ended together with it."""
    ended: list[Transition] = []
    if transition.skipped:
        *before, last = transition.skipped
        reached = transition._replace(outcome="next", next_position=last, next_stage=last_step, skipped=before or None)
        ended.append(reached._replace(result=None, message=None))
        transition = transition._replace(position=last, output=None, skipped=None)
    failed = transition._replace(
        outcome="failed",
        step_status="failed",
        next_position=None,
        cached=False,
        result=None,
        error_code="ON_SUCCESS_FAILED",
        error_message=clean_message(message),
    )
    return [*ended, failed]


async def _write(
    database: Database, transitions: Sequence[Transition], hooks: Sequence[OnSuccess], context: RunningStep
) -> tuple[Transition, Settled | None]:
    """All in one transaction, or those up to one that takes the job from us, as in a batch that was paused."""
    async with database.transaction() as session:
        for hook in hooks:
            await hook(session, context)
        await session.flush()
        connection = await session.connection()
        for transition in transitions:
            rows = await connection.exec_driver_sql(SETTLE_CALL, settle_arguments([transition]))
            settled = read_settled(rows.mappings().all(), 1)[0]
            if settled is None:
                raise JobFenced
            if settled.status != "running":
                break
        return transition, settled
