"""The words for where a batch, a job and a step can be, and what may follow what. Code, docs and tests read this."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

BATCH_TERMINAL: Final = ("completed", "partial", "failed", "cancelled")
BATCH_STATUSES: Final = ("draft", "pending", "processing", "paused", "cancelling", *BATCH_TERMINAL)
JOB_TERMINAL: Final = ("completed", "failed", "cancelled", "skipped")
JOB_STATUSES: Final = ("pending", "running", *JOB_TERMINAL)
STEP_TERMINAL: Final = ("completed", "failed", "skipped", "cancelled")
STEP_STATUSES: Final = ("pending", "running", *STEP_TERMINAL)

COUNTERS: Final = ("total", "pending", "running", "completed", "failed", "cancelled", "skipped", "cached")
"""A batch's counters, in the order of `events.counters`. Each is the column `{name}_jobs`."""

STATUS_ALIASES: Final = {"queued": "pending", "in_progress": "processing", "success": "completed"}
"""Words of documents 001, 002 and 004 that filters take as well."""

TRANSITIONS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "start": (("draft",), "pending"),
    "claim": (("pending", "processing"), "processing"),
}
"""Event -> (from, to)."""


def sql_list(words: Iterable[str]) -> str:
    """The words as an SQL list of literals, for CHECKs."""
    return ", ".join(f"'{word}'" for word in words)
