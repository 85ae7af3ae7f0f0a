"""The runner's figures for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter, Histogram

from app.runner.transitions import Settled, Transition

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
GROUP_SIZE = Histogram("tranche_commit_group_size", "Job transitions written in one commit", buckets=_SIZES)
JOBS_ENDED = Counter("tranche_jobs_ended", "Jobs that this process ended", ["status"])
FENCED = Counter("tranche_fenced_transitions", "Transitions refused because another attempt holds the job")


def count_commit(group: Sequence[Transition], settled: Sequence[Settled | None]) -> None:
    """Count one commit of a group."""
    GROUP_SIZE.observe(len(group))
    FENCED.inc(sum(outcome is None for outcome in settled))
    for status in ("completed", "failed", "cancelled"):
        if ended := sum(outcome is not None and outcome.status == status for outcome in settled):
            JOBS_ENDED.labels(status).inc(ended)
