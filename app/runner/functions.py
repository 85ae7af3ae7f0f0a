"""The runner's SQL functions: kept as files, installed under names that carry a digest of their text.

Two versions of the service can therefore work on one database at once, each with its own functions.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import asyncpg

from app.batches.log import CHANNEL, COUNTERS_SQL
from app.batches.states import outcome_sql

SCHEMA: Final = "runner"
_VALUES: Final = {
    "counters": COUNTERS_SQL,
    "channel": CHANNEL,
    "outcome_of_batch": outcome_sql(
        "b.completed_jobs + c.completed",
        "b.failed_jobs + c.failed",
        "b.cancelled_jobs + c.cancelled",
        cancelling="b.status = 'cancelling'",
        given_up="c.given_up or b.status_reason is not null",
    ),
    "milliseconds": "(extract(epoch from at - coalesce(b.started_at, b.created_at)) * 1000)::bigint",
}


def _load(name: str) -> tuple[str, str]:
    template = (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
    digest = hashlib.sha256((template + repr(_VALUES)).encode()).hexdigest()[:10]
    qualified = f"{SCHEMA}.{name}_{digest}"
    # The type of an argument changes with the function that takes it, so it carries the same digest.
    return qualified, template.format(name=qualified, transition=f"{SCHEMA}.transition_{digest}", **_VALUES)


CLAIM, _CLAIM_SQL = _load("claim")
SETTLE, _SETTLE_SQL = _load("settle")


async def install(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Create this version's functions, with their types, where they are missing."""
    await connection.execute(f"create schema if not exists {SCHEMA}")
    for name, body in ((CLAIM, _CLAIM_SQL), (SETTLE, _SETTLE_SQL)):
        if not await connection.fetchval("select to_regproc($1)", name):
            await connection.execute(body)
