"""The runner's figures for Prometheus."""

from prometheus_client import Counter, Gauge, Histogram

COMMITS = Counter("tranche_commits", "Group commits of the runner")
TRANSITIONS = Counter("tranche_transitions", "Job transitions written", ["outcome"])
FENCED = Counter("tranche_fenced", "Transitions refused because another attempt holds the job")
GROUP_SIZE = Histogram(
    "tranche_commit_group_size", "Transitions in one commit", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
SLOTS_USED = Gauge("tranche_slots_used", "Jobs this process runs now")
RECOVERIES = Counter("tranche_runner_recoveries", "Lost database connections that the runner recovered from")
