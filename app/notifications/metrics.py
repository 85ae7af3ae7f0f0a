"""The senders' figures for Prometheus."""

from __future__ import annotations

from app.kit.metrics import counter

DELIVERIES = counter(
    "tranche_webhook_deliveries_total",
    "Webhooks that this process sent, or tried to",
    ["outcome"],
    known=("delivered", "retried", "failed"),
)
MAILS = counter(
    "tranche_mails_total", "Mails that this process sent, or tried to", ["outcome"], known=("sent", "retried", "failed")
)
