"""The streams' figures for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

STREAMS = Gauge("tranche_streams_open", "Event streams that this process serves")
REFUSED = Counter("tranche_streams_refused", "Event streams refused because of a limit", ["limit"])
CUT = Counter("tranche_streams_cut", "Event streams ended by us", ["reason"])
MISSING = Counter("tranche_events_missing", "Event ids that a batch's log should hold and does not")
