"""Jobs that ended, for Prometheus: counted once each, wherever a job can end."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Final, NamedTuple

from prometheus_client import Counter as PrometheusCounter

from app.kit.metrics import OTHER, counter

JOBS_ENDED: Final = counter(
    "tranche_jobs_ended_total",
    "Jobs that this process ended, by status (completed, failed, cancelled) and the code of a failure",
    ("pipeline", "status", "code"),
)
MOST_CODES: Final = 100
"""Different codes of failures of one pipeline: its author chooses them, and might put anything into one."""


class End(NamedTuple):
    """How a job ended. `code` is empty unless it failed."""

    pipeline: str
    status: str
    code: str = ""


_children: dict[End, PrometheusCounter] = {}
_codes: defaultdict[str, set[str]] = defaultdict(set)


def count_ended(ends: Mapping[End, int] | Counter[End]) -> None:
    """Count jobs whose end has been committed."""
    for end, jobs in ends.items():
        child = _children.get(end)
        if child is None:
            known = _codes[end.pipeline]
            if len(known) < MOST_CODES:
                known.add(end.code)
            code = end.code if end.code in known else OTHER
            child = JOBS_ENDED.labels(end.pipeline, end.status, code)
            if code != OTHER:
                _children[end] = child
        child.inc(jobs)
