"""The audit log while much is written: what is old goes, what is exported is whole, and nobody waits for either."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.audit import repository
from app.audit.actions import Action
from app.audit.record import SERVICE, Target, record
from tests.conftest import Api
from tests.patience import patient

pytestmark = pytest.mark.own_service
OLD, KEPT, WRITTEN = 25_000, 5_000, 300
FILL = text("""
insert into audit_log (id, organisation_id, at, actor_kind, action, outcome, target_name)
select gen_random_uuid(), :organisation_id, now() - make_interval(days => :days, secs => number), 'service',
  'play.deleted', 'success', :name || number
from generate_series(1, :count) number
""")


async def test_retention_and_export_while_entries_are_written(api: Api) -> None:
    organisation = (await api.get("/api/session")).json()["organisation"]["id"]
    database = api.installation.database
    async with database.transaction() as session:
        for name, count, days in (("old-", OLD, 400), ("kept-", KEPT, 100)):
            values = {"organisation_id": organisation, "count": count, "days": days, "name": name}
            await session.execute(FILL, values)
    slowest = 0.0

    async def write() -> None:
        nonlocal slowest
        for number in range(WRITTEN):
            began = time.monotonic()
            async with database.transaction() as session:
                target = Target("play", number, f"new-{number}")
                await record(session, SERVICE, Action.PLAY_DELETED, target=target)
            slowest = max(slowest, time.monotonic() - began)

    async def remove() -> int:
        gone = 0
        while True:
            async with database.transaction() as session:
                count = await repository.remove_old(session, timedelta(days=365))
            if not count:
                return gone
            gone += count

    async def export(form: str) -> str:
        query = {"format": form, "action": "play.deleted"}
        answer = await api.get("/api/audit/export", params=query, timeout=patient(120))
        assert answer.status_code == 200
        return answer.text

    _, gone, lines, table = await asyncio.gather(write(), remove(), export("ndjson"), export("csv"))
    assert gone == OLD
    names = [json.loads(line)["target_name"] for line in lines.splitlines()]
    assert len(names) == len(set(names))
    kept = {f"kept-{number}" for number in range(1, KEPT + 1)}
    assert kept <= set(names)
    assert all(f"kept-{number}," in table for number in range(1, KEPT + 1))
    after = [json.loads(line)["target_name"] for line in (await export("ndjson")).splitlines()]
    assert set(after) == kept | {f"new-{number}" for number in range(WRITTEN)}
    assert len(after) == KEPT + WRITTEN
    assert slowest < patient(2)  # nothing that is removed or read holds up a change
