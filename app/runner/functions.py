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
_OUTCOME = outcome_sql(
    "b.completed_jobs + p.completed",
    "b.failed_jobs + p.failed",
    "b.cancelled_jobs + p.cancelled",
    cancelling="b.status = 'cancelling'",
    given_up="p.given_up or b.status_reason is not null",
)
_MILLISECONDS = "(extract(epoch from at - coalesce(b.started_at, b.created_at)) * 1000)::bigint"


def _load(name: str) -> tuple[str, str]:
    template = (Path(__file__).parent / f"{name}.sql").read_text("utf-8")
    values = {
        "counters": COUNTERS_SQL,
        "channel": CHANNEL,
        "outcome_of_batch": _OUTCOME,
        "milliseconds": _MILLISECONDS,
    }
    digest = hashlib.sha256((template + repr(values)).encode()).hexdigest()[:10]
    qualified = f"{SCHEMA}.{name}_{digest}"
    return qualified, template.format(name=qualified, **values)


CLAIM, _CLAIM_SQL = _load("claim")
SETTLE, _SETTLE_SQL = _load("settle")


async def install(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Create this version's functions where they are missing."""
    await connection.execute(f"create schema if not exists {SCHEMA}")
    for name, body in ((CLAIM, _CLAIM_SQL), (SETTLE, _SETTLE_SQL)):
        if not await connection.fetchval("select to_regproc($1)", name):
            await connection.execute(body)
