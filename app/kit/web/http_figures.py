"""Requests for Prometheus: by method, route and status. A route is its pattern: paths hold ids and share codes."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from app.kit.metrics import OTHER, counter, gauge, histogram

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Others are told as one: a client may send any word."""
NO_ROUTE: Final = "none"
GONE: Final = "gone"
REQUESTS: Final = counter(
    "tranche_http_requests_total",
    "Requests that were answered, by method, pattern of the path (none: no such path) and status (gone: the client left"
    " before the answer)",
    ("method", "route", "status"),
)
DURATION: Final = histogram(
    "tranche_http_request_duration_seconds",
    "Time from a request to the end of its answer; a stream's is its whole life",
    ("method", "route"),
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
)
PROBLEMS: Final = counter("tranche_http_problems_total", "Requests that were refused or failed, by problem", ("code",))
IN_PROGRESS: Final = gauge("tranche_http_requests_in_progress", "Requests that are being answered, streams too")
_children: dict[tuple[str, str, int | None], tuple[Counter, Histogram]] = {}


def count_request(method: str, route: str | None, status: int | None, seconds: float, problem: str | None) -> None:
    """Count a request that is over; `status` is None when the client was gone before the answer."""
    key = method if method in METHODS else OTHER, route or NO_ROUTE, status
    found = _children.get(key)
    if found is None:
        found = _children[key] = REQUESTS.labels(*key[:2], status or GONE), DURATION.labels(*key[:2])
    found[0].inc()
    found[1].observe(seconds)
    if problem:
        PROBLEMS.labels(problem).inc()
