"""The streams' figures for Prometheus."""

from __future__ import annotations

from app.kit.metrics import counter, gauge, histogram

STREAMS = gauge("tranche_streams_open", "Event streams that this process serves")
REFUSED = counter(
    "tranche_streams_refused_total", "Event streams refused because of a limit", ["limit"], known=("process", "key")
)
CUT = counter("tranche_streams_cut_total", "Event streams ended by us", ["reason"], known=("stuck", "credential"))
SENT = counter("tranche_stream_frames_total", "Events and snapshots sent to event streams")
LAG = histogram(
    "tranche_event_lag_seconds",
    "Age of the newest event, by the database's clock, when this process has read it for its streams",
    buckets=(0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60),
)
MISSING = counter("tranche_events_missing_total", "Event ids that a batch's log should hold and does not")
