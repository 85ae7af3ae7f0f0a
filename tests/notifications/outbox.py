"""Looking into the outbox, and moving its times instead of waiting for them."""

from __future__ import annotations

import asyncio
from typing import Any

from sqlalchemy import text

from tests.conftest import Api
from tests.patience import within


async def execute(api: Api, statement: str, **values: Any) -> list[Any]:
    """Run one statement on the service's database; its rows."""
    async with api.installation.database.transaction() as session:
        result: Any = await session.execute(text(statement), values)
        return list(result.all()) if result.returns_rows else []


async def make_due(api: Api) -> None:
    """Let everything that waits be due now, and tell the sender."""
    for table in ("webhook_deliveries", "batch_mails"):
        await execute(
            api, f"update {table} set next_attempt_at = now() where status = 'pending' and claim_token is null"
        )
    await execute(api, "select pg_notify('tranche_outbox', '')")


async def deliveries(api: Api, webhook_id: str, **query: str) -> list[dict[str, Any]]:
    """An endpoint's deliveries, newest first."""
    reply = await api.get(f"/api/webhooks/{webhook_id}/deliveries", params=query)
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["deliveries"]
    return found


async def recorded(api: Api, webhook_id: str, attempts: int) -> dict[str, Any]:
    """The endpoint's newest delivery, once so many tries are recorded. A record gives no event to wait for."""
    async with within(30):
        while True:
            found = await deliveries(api, webhook_id)
            if found and len(found[0]["tries"]) >= attempts:
                return found[0]
            await asyncio.sleep(0.02)
