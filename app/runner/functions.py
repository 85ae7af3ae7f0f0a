"""The runner's SQL functions: kept as files, installed under names that carry a digest of their text.

Two versions of the service can therefore work on one database at once, each with its own functions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import asyncpg

from app.batches.log import CHANNEL, COUNTERS_SQL
from app.batches.short_events import TALLY_SQL, kind_of, kind_sql
from app.batches.states import outcome_sql
from app.runner.engine import QUEUE_TABLE, SUSPECTS

SCHEMA: Final = "runner"
CRASHES_OF_SUSPECTS: Final = 2
"""A job that ran at so many deaths of workers is suspected of having killed them."""
_VALUES: Final = {
    "counters": COUNTERS_SQL,
    "tally": TALLY_SQL.format(counters=COUNTERS_SQL),
    "kind_of_start": kind_sql("'job.started'", "'running'"),
    "kind_of_event": kind_sql("e.type", "case when e.passed_to is null then e.status else 'running' end", "e.cached"),
    "kind_of_step": kind_of("step.completed", "running"),
    "kind_of_last_step": kind_of("step.completed", "completed"),
    "kind_of_job": kind_of("job.completed", "completed"),
    "kind_of_cached_job": kind_of("job.completed", "completed", cached=True),
    "channel": CHANNEL,
    "queue": QUEUE_TABLE,
    "suspects": SUSPECTS,
    "crashes_of_suspects": CRASHES_OF_SUSPECTS,
    "largest_group": 256,
    # Its process ran nothing else, was seen to die, and the job had been alone or in ever smaller groups before.
    "own_making": "t.outcome = 'lost' and t.witnessed and t.peers = 1 and j.crash_group = 1"
    " and j.crash_count + 1 >= crash_limit",
    "counts": f"t.outcome = 'lost' and (t.witnessed or j.crash_count < {CRASHES_OF_SUSPECTS})",
    "outcome_of_batch": outcome_sql(
        "b.completed_jobs + c.completed",
        "b.failed_jobs + c.failed",
        "b.cancelled_jobs + c.cancelled",
        cancelling="b.status = 'cancelling'",
        given_up="c.given_up or b.status_reason is not null",
    ),
    "milliseconds": "(extract(epoch from at - coalesce(b.started_at, b.created_at)) * 1000)::bigint",
}


def _load(name: str, **more: str) -> tuple[str, str, str]:
    """The function's name, that of the type of its arguments, and the text that makes both."""
    template = (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
    values = _VALUES | more
    digest = hashlib.sha256((template + repr(values)).encode()).hexdigest()[:10]
    function, argument = f"{SCHEMA}.{name}_{digest}", f"{SCHEMA}.transition_{digest}"
    # The type of an argument changes with the function that takes it, so it carries the same digest.
    return function, argument, template.format(name=function, transition=argument, **values)


CLAIM, _, _CLAIM_SQL = _load("claim")
SETTLE, _TRANSITION, _SETTLE_SQL = _load("settle")
ADVANCE, _, _ADVANCE_SQL = _load("advance", settle=SETTLE, settled_transition=_TRANSITION)


async def install(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Create this version's functions, with their types, where they are missing."""
    await connection.execute(f"create schema if not exists {SCHEMA}")
    for name, body in ((CLAIM, _CLAIM_SQL), (SETTLE, _SETTLE_SQL), (ADVANCE, _ADVANCE_SQL)):
        if not await connection.fetchval("select to_regproc($1)", name):
            await connection.execute(body)
