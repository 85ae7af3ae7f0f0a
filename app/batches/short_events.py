"""The short form in which a job's events are stored: what follows from other rows or from the type is not written.

An event's `kind` is the place of its type times ten, and that of the job's status; both count from 1. The numbers are
in every database: a new type goes to the end. The view `events` reads them too (migration tranche_0022).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import orjson

from app.batches.states import COUNTERS, JOB_STATUSES

TYPES: Final = (
    *("step.completed", "step.failed", "step.skipped", "job.started", "job.completed", "job.failed", "job.cancelled"),
    *("job.retrying", "job.requeued", "job.progressed", "job.completed"),
)
CACHED: Final = 11
"""The place of the type of a job that was completed from a cache."""
UNCACHED: Final = TYPES.index("job.completed") + 1


def kind_of(type: str, status: str, *, cached: bool = False) -> int:
    """An event's kind."""
    place = CACHED if cached and type == "job.completed" else TYPES.index(type) + 1
    return place * 10 + JOB_STATUSES.index(status) + 1


def kind_sql(type: str, status: str, cached: str = "false") -> str:
    """An SQL expression for an event's kind, from expressions for its type, its status and whether it was cached."""
    types, statuses = (f"'{{{','.join(names)}}}'::text[]" for names in (TYPES[: CACHED - 1], JOB_STATUSES))
    place = f"array_position({types}, {type})"
    place = f"case when {cached} and {type} = 'job.completed' then {CACHED} else {place} end"
    return f"(({place}) * 10 + array_position({statuses}, {status}))::smallint"


TALLY_SQL: Final = "regexp_replace(array_to_string({counters}, ','), '(,0)+$', '')"
"""Counters as text, without those that are zero at the end: in a small batch 8 bytes instead of 53."""


@lru_cache(maxsize=4096)
def counters_of(tally: str) -> tuple[int, ...]:
    """All counters, in the order of `states.COUNTERS`."""
    found = [int(number) for number in tally.split(",")]
    return (*found, *([0] * (len(COUNTERS) - len(found))))


def type_of(kind: int) -> str:
    return TYPES[kind // 10 - 1]


def data_of(kind: int, sequence: int, attempt: int, stage: str, more: str | None) -> Mapping[str, Any]:
    """What the event says, as its `data` had it in the long form; `more` is JSON."""
    data: dict[str, Any] = {"sequence": sequence, "stage": stage, "status": JOB_STATUSES[kind % 10 - 1]}
    data["attempt"] = attempt
    place = kind // 10
    if place in (UNCACHED, CACHED):
        data["cached"] = place == CACHED
    return data | orjson.loads(more) if more else data
