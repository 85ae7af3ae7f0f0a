"""The senders' figures for Prometheus."""

from __future__ import annotations

from prometheus_client import Counter

DELIVERIES = Counter("tranche_webhook_deliveries", "Webhooks that this process sent, or tried to", ["outcome"])
MAILS = Counter("tranche_mails", "Mails that this process sent, or tried to", ["outcome"])
