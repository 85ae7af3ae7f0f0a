"""The partitions of the event log: one for the batches of each month, made ahead, and dropped once nothing is in it.

A batch's id is a UUIDv7, which tells when it was made: all events of a batch lie together, in the partition of that
month, and go with the last batch of it. An id that tells another time, of an older system or by a clock that jumped,
leads to the default partition.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

log = logging.getLogger("tranche.partitions")
AHEAD: Final = 2
"""Months for which there is a partition before they begin: a service may stand still as long."""
SETTLED: Final = timedelta(days=1)
"""A month is over for good so long after its end: clocks differ, and a batch's id is older than its rows."""
_WAIT: Final = text("set local lock_timeout = '100ms'")  # who waits for the lock of the log holds up everybody behind
_BOUNDS: Final = text("""
select c.relname as name, substring(b.bound from 'FROM \\(''?([^'')]+)') as first,
  substring(b.bound from 'TO \\(''?([^'')]+)') as last
from pg_inherits i join pg_class c on c.oid = i.inhrelid, pg_get_expr(c.relpartbound, c.oid) b(bound)
where i.inhparent = 'event_log'::regclass and b.bound <> 'DEFAULT'
""")
_IN_DEFAULT: Final = text("""
select exists (select from event_log_default where batch_id >= :first and batch_id < :last)
""")


def least_id(at: datetime) -> UUID:
    """The least UUIDv7 of a moment (RFC 9562: the first 48 bits are milliseconds since 1970)."""
    return UUID(int=int(at.timestamp() * 1000) << 80)


def months(now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """This month and those ahead, each with its end."""
    first = datetime(now.year, now.month, 1, tzinfo=UTC)
    for _ in range(AHEAD + 1):
        last = datetime(first.year + first.month // 12, first.month % 12 + 1, 1, tzinfo=UTC)
        yield first, last
        first = last


async def keep_partitions(session: AsyncSession) -> int:
    """Make a partition that will be needed, or drop one that is empty and over; returns how many, 0 or 1.

    One change in a transaction, which waits 0.1 s for its locks: raises DatabaseUnavailable where they are held longer.
    """
    now = (await session.execute(text("select now()"))).scalar_one()
    found = [(name, first, last) for name, first, last in await session.execute(_BOUNDS)]
    await session.execute(_WAIT)
    return int(await _make_one(session, now, found) or await _drop_one(session, now, found))


async def _make_one(session: AsyncSession, now: datetime, found: list[tuple[str, str, str]]) -> bool:
    covered = max((UUID(last) for _, _, last in found), default=UUID(int=0))
    for first, last in months(now):
        ids = {"first": max(least_id(first), covered), "last": least_id(last)}
        if ids["first"] >= ids["last"]:
            continue
        if (await session.execute(_IN_DEFAULT, ids)).scalar_one():
            continue  # batches of that month came before it had a place of its own: it keeps this one
        name = f"event_log_{first:%Y_%m}"
        if name in {existing for existing, _, _ in found}:
            continue
        # Attached, as a table that is made as a partition locks out every reader of the log.
        await session.execute(text(f"create table {name} (like event_log including defaults including constraints)"))
        bounds = f"from ('{ids['first']}') to ('{ids['last']}')"
        await session.execute(text(f"alter table event_log attach partition {name} for values {bounds}"))
        log.info("the event log has a partition for %s", f"{first:%Y-%m}")
        return True
    return False


async def _drop_one(session: AsyncSession, now: datetime, found: list[tuple[str, str, str]]) -> bool:
    over = least_id(now - SETTLED)
    for name, _, last in sorted(found):
        empty = text(f"select not exists (select from {name})")
        if UUID(last) > over or not (await session.execute(empty)).scalar_one():
            continue
        await session.execute(text("lock table event_log in access exclusive mode"))
        if (await session.execute(empty)).scalar_one():
            await session.execute(text(f"drop table {name}"))
            log.info("the partition %s of the event log was empty and is dropped", name)
            return True
    return False
