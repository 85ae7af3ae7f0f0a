"""What can happen to a running job, and the calls of `settle.sql` and `advance.sql` that write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from app.kit.rows import read_row
from app.runner.functions import ADVANCE, SETTLE

CRASH_LIMIT: Final = 3
"""A job that kills its worker so often, the last time alone and before a witness, is given up (decision 0034)."""
SETTLE_CALL: Final = f"select * from {SETTLE}($1, $2)"
ADVANCE_CALL: Final = f"select * from {ADVANCE}($1, $2, $3, $4)"
Outcome = Literal["next", "completed", "failed", "retry", "lost", "released", "progress"]


class Transition(NamedTuple):
    """What happened to a running job under `attempt` at step `position`; see `settle.sql` for the words.

    The fields are those of the type in `settle.sql`, in its order: PostgreSQL reads them by their place.
    `output` and `result` are encoded JSON; `delay` is in seconds.
    """

    batch_id: UUID
    job_id: UUID
    attempt: int
    position: int
    outcome: Outcome
    step_status: str | None = None
    next_position: int | None = None
    next_stage: str | None = None
    output: str | None = None
    result: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    delay: float = 0.0
    message: str | None = None
    progress: float | None = None
    cached: bool = False
    batch_given_up: bool = False
    skipped: Sequence[int] | None = None
    peers: int = 1
    witnessed: bool = False

    @property
    def advances(self) -> bool:
        """Whether the step went well, and the job goes on with the one behind it or is completed: see `advance.sql`."""
        return (
            self.step_status == "completed"
            and self.error_code is None
            and self.skipped is None
            and self.next_position == self.position + 1
            and (self.outcome == "next" or self.outcome == "completed")
            and not self.batch_given_up
        )


class Settled(NamedTuple):
    """Where a job and its batch stand after the commit. `error_code` is the job's, if it has failed."""

    status: str
    running_jobs: int
    pending_jobs: int
    max_parallel: int
    needs_closing: bool
    needs_cancelling: bool
    pipeline_id: int
    error_code: str | None
    is_suspect: bool


class HeldJob(NamedTuple):
    """A running job as it is found in the table: whose it is, and the fence that its holder writes under."""

    batch_id: UUID
    job_id: UUID
    attempt: int
    position: int


HELD_JOB_COLUMNS: Final = "j.batch_id, j.id as job_id, j.attempt, j.step_position as position"


def settle_arguments(group: Sequence[Transition]) -> tuple[Sequence[Transition], int]:
    """The arguments of the settle function for a group without two transitions of one job."""
    return group, CRASH_LIMIT


def advance_arguments(group: Sequence[Transition]) -> tuple[list[UUID], list[int], list[tuple[Any, ...]], int]:
    """The arguments of the function for a group of which all are `advances`."""
    completions: Counter[UUID] = Counter()
    rows = []
    for transition in group:
        completions[transition.batch_id] += transition.outcome == "completed"
        rows.append(
            (
                transition.job_id,
                transition.attempt,
                transition.position,
                transition.next_stage,
                transition.output,
                transition.result,
                transition.message,
                transition.cached,
            )
        )
    return list(completions), list(completions.values()), rows, CRASH_LIMIT


def read_settled(rows: Iterable[Any], size: int) -> list[Settled | None]:
    """The settle function's rows by place in the group; None where the job was fenced off by another attempt."""
    found: list[Settled | None] = [None] * size
    for row in rows:
        found[row["place"] - 1] = read_row(Settled, row)
    return found
