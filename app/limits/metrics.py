"""What limits refused, for Prometheus."""

from __future__ import annotations

from typing import Final

from app.kit.metrics import counter

RATE_LIMITED: Final = counter(
    "tranche_rate_limited_total",
    "Requests refused because of a rate: key, organisation, address",
    ("limit",),
    known=("key", "organisation", "address"),
)
QUOTA_REFUSALS: Final = counter("tranche_quota_refusals_total", "Requests refused because of a quota", ("quota",))
