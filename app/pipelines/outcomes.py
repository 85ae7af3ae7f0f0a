"""What a step may return, and which failures pass by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RETRYABLE = frozenset({"RATE_LIMIT", "TIMEOUT", "NETWORK_ERROR", "UPSTREAM_5XX", "WORKER_LOST"}) | {
    *("STORAGE_UNAVAILABLE", "STORAGE_FAILED", "DISK_NEARLY_FULL", "DATABASE_UNAVAILABLE", "CHILD_LOST"),
}
"""Codes that pass by themselves; every other failure is final, as another try would meet the same."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The step asks to be run again after `after` seconds (None: the usual back-off), within its `max_retries`."""

    after: float | None = None
    code: str = "RATE_LIMIT"
    message: str = "The step asked to be tried again."


@dataclass(frozen=True, slots=True)
class Stop:
    """The job cannot succeed and fails now. `batch=True`: nothing of the whole batch can."""

    code: str
    message: str
    batch: bool = False


StepOutcome = Stop | Retry | dict[str, Any] | None
