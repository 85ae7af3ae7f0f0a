"""What waits to be sent, for Prometheus."""

from __future__ import annotations

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.metrics import Figure, Samples, figure

PENDING: Final = figure(
    "tranche_outbox_messages",
    "Messages that wait to be sent, also for their next try, by channel: webhook, mail",
    ("channel",),
    scope="installation",
)
OLDEST: Final = figure(
    "tranche_outbox_oldest_seconds",
    "How long the message has waited that has waited longest",
    ("channel",),
    scope="installation",
)
ENDPOINTS: Final = figure(
    "tranche_webhook_endpoints",
    "Webhooks by state: enabled, failing (enabled, but nothing gets through), disabled by the service as they failed",
    ("state",),
    scope="installation",
)
_READ = text("""
select 'webhook' as channel, count(*) as messages, extract(epoch from clock_timestamp() - min(created_at)) as age
from webhook_deliveries where status = 'pending'
union all
select 'mail', count(*), extract(epoch from clock_timestamp() - min(created_at))
from batch_mails where status = 'pending'
""")
_ENDPOINTS = text("""
select count(*) filter (where enabled) as enabled,
  count(*) filter (where enabled and failing_since is not null) as failing,
  count(*) filter (where disabled_reason is not null) as disabled
from webhook_endpoints""")


async def read_outbox(session: AsyncSession) -> Samples:
    """One reading."""
    samples: list[tuple[Figure, tuple[str, ...], float]] = []
    for row in (await session.execute(_READ)).all():
        samples += [(PENDING, (row.channel,), row.messages), (OLDEST, (row.channel,), float(row.age or 0))]
    endpoints = (await session.execute(_ENDPOINTS)).one()
    states = ("enabled", "failing", "disabled")
    return [*samples, *((ENDPOINTS, (state,), getattr(endpoints, state)) for state in states)]
