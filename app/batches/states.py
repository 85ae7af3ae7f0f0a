"""The words for where a batch, a job and a step can be, and what may follow what. Code, docs and tests read this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

BATCH_TERMINAL: Final = ("completed", "partial", "failed", "cancelled")
BATCH_OPEN: Final = ("draft", "pending", "processing", "paused", "cancelling")
BATCH_STATUSES: Final = (*BATCH_OPEN, *BATCH_TERMINAL)
JOB_TERMINAL: Final = ("completed", "failed", "cancelled", "skipped")
JOB_STATUSES: Final = ("pending", "running", *JOB_TERMINAL)
STEP_TERMINAL: Final = ("completed", "failed", "skipped", "cancelled")
STEP_STATUSES: Final = ("pending", "running", *STEP_TERMINAL)

JOB_ACTIONS: Final = ("cancel", "retry", "skip")
"""What a client may ask of a job."""

COUNTERS: Final = ("total", "pending", "running", "completed", "failed", "cancelled", "skipped", "cached")
"""A batch's counters, in the order of `events.counters`. Each is the column `{name}_jobs`."""

BATCH_ALIASES: Final = {"queued": "pending", "in_progress": "processing", "success": "completed"}
JOB_ALIASES: Final = {"queued": "pending", "in_progress": "running", "success": "completed"}
"""Words of older clients that filters take as well."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way on: `event` takes a batch from any of `sources` to `target`.

    `command`: what a client may ask for, as it ends the sentence "A batch that is pending cannot ..."; or "".
    """

    event: str
    sources: tuple[str, ...]
    target: str
    command: str
    meaning: str


RULES: Final = (
    Rule("created", (), "pending", "", "a submission; a draft when it says start=false"),
    Rule("start", ("draft",), "pending", "be started", "an empty batch is refused"),
    Rule("claimed", ("pending", "processing"), "processing", "", "the first job is claimed"),
    Rule(
        "add",
        ("draft", "pending", "processing", "paused"),
        "",
        "be given more jobs",
        "unless it is sealed; one that waits for more jobs does not end before",
    ),
    Rule("pause", ("pending", "processing"), "paused", "be paused", "running jobs finish their step, then wait"),
    Rule(
        "threshold_reached",
        ("processing",),
        "paused",
        "",
        "too many failures under the policy `pause`; raises an alert",
    ),
    Rule(
        "pipeline_changed",
        ("pending", "processing"),
        "paused",
        "",
        "a step that its jobs need is gone from the code (`PIPELINE_CHANGED`); raises an alert",
    ),
    Rule("trial_ended", ("pending", "processing"), "paused", "", "the first jobs of a trial run have ended"),
    Rule("resume", ("paused",), "processing", "be resumed", "counts failures anew; pending when nothing had started"),
    Rule(
        "cancel",
        ("pending", "processing", "paused"),
        "cancelling",
        "be cancelled",
        "pending jobs now, running ones in 30 s",
    ),
    Rule("given_up", ("processing",), "cancelling", "", "the policy `fail`, or a step that gives the batch up"),
    Rule(
        "completed",
        ("pending", "processing", "paused", "cancelling"),
        "completed",
        "",
        "the last job ended, none failed or was cancelled",
    ),
    Rule(
        "partly_completed",
        ("processing", "paused", "cancelling"),
        "partial",
        "",
        "the last job ended, some failed or were cancelled",
    ),
    Rule("failed", ("processing", "paused", "cancelling"), "failed", "", "only failures, or the batch was given up"),
    Rule(
        "cancelled",
        ("pending", "processing", "paused", "cancelling"),
        "cancelled",
        "",
        "the last job ended, and some were cancelled with the batch, or all that were not skipped",
    ),
    Rule(
        "retry-failed",
        (*BATCH_TERMINAL, "paused"),
        "",
        "have its failed jobs retried",
        "a new batch with a copy of each failed job",
    ),
    Rule("restart", BATCH_TERMINAL, "", "be restarted", "a new batch with all jobs, from the beginning"),
    Rule("archive", BATCH_TERMINAL, "", "be archived", "out of the lists, kept"),
    Rule("delete", ("draft", *BATCH_TERMINAL), "", "be deleted", "gone with its jobs, results and files"),
)
"""Every way a batch can go on. A target of "" leaves the batch itself where it is."""


@dataclass(frozen=True, slots=True)
class Ending:
    """A batch whose last job has ended ends as `status` when all of `facts` are as said here."""

    facts: Mapping[str, bool]
    status: str


ENDINGS: Final = (
    Ending({"given_up": True}, "failed"),
    Ending({"cancelling": True, "any_cancelled": True}, "cancelled"),
    Ending({"any_failed": False, "any_cancelled": False}, "completed"),
    Ending({"any_failed": False, "any_completed": False}, "cancelled"),
    Ending({"any_completed": False}, "failed"),
    Ending({}, "partial"),
)
"""How a batch ends; the first that fits. `settle.sql` is built from this, and `outcome_of` reads it."""


def outcome_of(completed: int, failed: int, cancelled: int, *, cancelling: bool = False, given_up: bool = False) -> str:
    """How a batch ends with so many jobs that ended so."""
    facts = {
        "given_up": given_up,
        "cancelling": cancelling,
        "any_completed": completed > 0,
        "any_failed": failed > 0,
        "any_cancelled": cancelled > 0,
    }
    return next(ending.status for ending in ENDINGS if ending.facts.items() <= facts.items())


def outcome_sql(completed: str, failed: str, cancelled: str, *, cancelling: str, given_up: str) -> str:
    """`outcome_of` as an SQL expression over SQL expressions, none of which may be null."""
    facts = {
        "given_up": given_up,
        "cancelling": cancelling,
        "any_completed": f"{completed} > 0",
        "any_failed": f"{failed} > 0",
        "any_cancelled": f"{cancelled} > 0",
    }
    branches = ""
    for ending in ENDINGS:
        fits = " and ".join(f"({facts[name]}) is {value}" for name, value in ending.facts.items()) or "true"
        branches += f" when {fits} then '{ending.status}'"
    return f"case{branches} end"


RULES_BY_EVENT: Final = {rule.event: rule for rule in RULES}
COMMANDS: Final = {rule.event: rule for rule in RULES if rule.command}


def allowed_commands(status: str) -> list[str]:
    """What a client may ask of a batch in this status."""
    return [name for name, rule in COMMANDS.items() if status in rule.sources]


def sql_list(words: Iterable[str]) -> str:
    """The words as an SQL list of literals, for CHECKs."""
    return ", ".join(f"'{word}'" for word in words)
