"""The runner's figures for Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final

from app.batches.metrics import JOBS_ENDED, End, count_ended
from app.kit.metrics import OTHER, counter, histogram
from app.runner.transitions import Settled, Transition

_STEP: Final = ("pipeline", "step")
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_MOMENTS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_RUNS: Final = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900)
_WAITS: Final = (0.05, 0.25, 1, 5, 15, 60, 300, 900, 3600, 14_400, 86_400)

GROUP_SIZE = histogram("tranche_commit_group_size", "Job transitions written in one commit", buckets=_SIZES)
COMMIT_SECONDS = histogram("tranche_commit_seconds", "Time that writing a group of transitions took", buckets=_MOMENTS)
CLAIM_SECONDS = histogram("tranche_claim_seconds", "Time that claiming jobs took", buckets=_MOMENTS)
FENCED = counter("tranche_fenced_transitions_total", "Transitions refused because another attempt holds the job")
EXPIRED = counter(
    "tranche_expired_removed_total",
    "What this process removed as its time was over: batches, contents, or rows of the room that is named",
    ("kind",),
    known=("batches", "contents"),
)
REQUEUED = counter(
    "tranche_jobs_requeued_total",
    "Running jobs that went back to pending: worker_lost, released (the process stops, or the job only waits in a batch"
    " that was stopped), paused, retry",
    ("pipeline", "reason"),
)
JOB_WAIT = histogram(
    "tranche_job_wait_seconds",
    "Time from when a job was due at a step, its batch started, to when a process took it",
    _STEP,
    buckets=_WAITS,
)
STEP_RUN = histogram(
    "tranche_step_run_seconds", "Time that an attempt at a step ran, without what it waited", _STEP, buckets=_RUNS
)
STEP_WAIT = histogram(
    "tranche_step_wait_seconds",
    "Time that an attempt at a step waited for a turn, such as for a reader process, if it did",
    _STEP,
    buckets=_WAITS,
)
ATTEMPTS = counter(
    "tranche_step_attempts_total",
    "Attempts at steps, by what came of them: completed, failed, skipped, retry",
    (*_STEP, "outcome"),
)
RETRIES = counter(
    "tranche_step_retries_total",
    "Attempts that are tried again, by the code of the failure",
    (*_STEP, "code"),
)
UNNOTIFIED = counter(
    "tranche_unnotified_batches_total",
    "Batches with due jobs of which no process was told, found by a sweep; more than 0 only after a fault, or when an"
    " organisation is enabled again",
)
_REASONS: Final = {"lost": "worker_lost", "released": "released", "next": "paused", "retry": "retry"}
MOST_CODES: Final = 50


class StepFigures:
    """The figures of one step, found once: looking labels up costs more than counting."""

    def __init__(self, pipeline: str, step: str) -> None:
        self._labels = pipeline, step
        self.wait = JOB_WAIT.labels(pipeline, step)
        self.run, self.pause = STEP_RUN.labels(pipeline, step), STEP_WAIT.labels(pipeline, step)
        self._outcomes = {
            outcome: ATTEMPTS.labels(pipeline, step, outcome) for outcome in ("completed", "failed", "skipped", "retry")
        }
        self._codes: set[str] = set()

    def ran(self, seconds: float, waited: float) -> None:
        """An attempt is over, after so many seconds, and so many in which it waited."""
        self.run.observe(seconds)
        if waited > 0:
            self.pause.observe(waited)

    def ended(self, outcome: str) -> None:
        """The attempt was committed as completed, failed or skipped."""
        self._outcomes[outcome].inc()

    def retried(self, code: str) -> None:
        """The attempt is to be tried again."""
        self._outcomes["retry"].inc()
        if code not in self._codes and len(self._codes) >= MOST_CODES:
            code = OTHER
        self._codes.add(code)
        RETRIES.labels(*self._labels, code).inc()


def expect_pipelines(pipelines: Iterable[str]) -> None:
    """Have what is counted of these pipelines there from the start, at 0."""
    for pipeline in pipelines:
        for reason in _REASONS.values():
            REQUEUED.labels(pipeline, reason)
        for status in ("completed", "cancelled"):
            JOBS_ENDED.labels(pipeline, status, "")


@cache
def step_figures(pipeline: str, step: str) -> StepFigures:
    """The figures of a step. Cached: pipelines and their steps are known, and few."""
    return StepFigures(pipeline, step)


def count_commit(size: int, seconds: float) -> None:
    """Count one commit of a group."""
    GROUP_SIZE.observe(size)
    COMMIT_SECONDS.observe(seconds)


def count_written(written: Sequence[tuple[Transition, Settled | None]], name_of: Callable[[int], str]) -> None:
    """Count what was written, however that came about. `name_of` gives the key of a pipeline."""
    ends: Counter[End] = Counter()
    for transition, settled in written:
        if settled is None:
            FENCED.inc()
        elif settled.status == "pending":
            REQUEUED.labels(name_of(settled.pipeline_id), _REASONS.get(transition.outcome, transition.outcome)).inc()
        elif settled.status != "running":
            code = settled.error_code if settled.status == "failed" else None
            ends[End(name_of(settled.pipeline_id), settled.status, code or "")] += 1
    count_ended(ends)
