"""Leads: who one is among the data that is kept, and that data, kept while it is fresh and fetched by one at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.plays.data_types import DataBatchType
from app.plays.models import LeadData

LEAD_KEYS: Final = ("lead", "id", "email", "linkedin_url", "domain")
"""Members that can identify a lead, the first that is there wins."""
LONGEST: Final = 500
LEASE: Final = timedelta(seconds=75)
"""Longer than a fetching step may take; whoever dies in the middle holds others up no longer than this."""


def lead_key(lead: Mapping[str, Any]) -> str | None:
    """The lead's identity: without blanks around it and in lower case, as addresses and links are compared."""
    for name in LEAD_KEYS:
        value = lead.get(name)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return normalise(str(value))
    return None


def normalise(lead: str) -> str:
    return lead.strip().lower()[:LONGEST]


def lead_record(lead: str | Mapping[str, Any]) -> dict[str, Any]:
    """A lead as the record of a job: a text becomes an object, with an `email` when it looks like one."""
    if not isinstance(lead, str):
        return dict(lead)
    return {"lead": lead} | ({"email": lead} if "@" in lead else {})


@dataclass(frozen=True, slots=True)
class Known:
    """Data that is there: `fresh` as of the database's clock."""

    number: int
    data: Any
    source: str | None
    fetched_at: datetime
    fresh_until: datetime
    fresh: bool


async def list_known(
    session: AsyncSession, organisation_id: UUID, lead: str, kinds: Sequence[DataBatchType]
) -> dict[int, Known]:
    """What is known of a lead, by the number of the kind, fresh or not."""
    query = select(LeadData, func.clock_timestamp()).where(
        LeadData.organisation_id == organisation_id,
        LeadData.lead == lead,
        LeadData.number.in_([kind.number for kind in kinds]),
        LeadData.fetched_at.is_not(None),
    )
    lives = {kind.number: kind.fresh_for for kind in kinds}
    known = {}
    for row, now in await session.execute(query):
        until = row.fetched_at + lives[row.number]
        known[row.number] = Known(row.number, row.data, row.source, row.fetched_at, until, until > now)
    return known


async def list_stale(
    session: AsyncSession, organisation_id: UUID, leads: Collection[str], kinds: Iterable[DataBatchType]
) -> list[DataBatchType]:
    """The kinds whose data is not there, or no longer fresh, for one of the leads."""
    stale = []
    for kind in kinds:
        query = select(func.count()).where(
            LeadData.organisation_id == organisation_id,
            LeadData.lead.in_(leads),
            LeadData.number == kind.number,
            LeadData.fetched_at > func.clock_timestamp() - kind.fresh_for,
        )
        if (await session.execute(query)).scalar_one() < len(leads):
            stale.append(kind)
    return stale


async def claim_fetch(session: AsyncSession, organisation_id: UUID, lead: str, kind: DataBatchType) -> bool:
    """Take it upon the caller to fetch stale or missing data; False when it is fresh, or another one is fetching it."""
    now = func.clock_timestamp()
    row = {"organisation_id": organisation_id, "lead": lead, "number": kind.number, "leased_until": now + LEASE}
    statement = insert(LeadData).values(row)
    free = or_(LeadData.leased_until.is_(None), LeadData.leased_until < now)
    stale = or_(LeadData.fetched_at.is_(None), LeadData.fetched_at < now - kind.fresh_for)
    statement = statement.on_conflict_do_update(
        index_elements=["organisation_id", "lead", "number"], set_={"leased_until": now + LEASE}, where=free & stale
    )
    return (await session.execute(statement.returning(LeadData.number))).scalar_one_or_none() is not None


async def keep(
    session: AsyncSession, organisation_id: UUID, lead: str, kind: DataBatchType, data: Any, source: str
) -> datetime:
    """Keep data that was fetched just now; returns when that was."""
    values = {"data": data, "source": source, "fetched_at": func.clock_timestamp(), "leased_until": None}
    row = {"organisation_id": organisation_id, "lead": lead, "number": kind.number, **values}
    statement = insert(LeadData).values(row)
    statement = statement.on_conflict_do_update(index_elements=["organisation_id", "lead", "number"], set_=values)
    kept_at = (await session.execute(statement.returning(LeadData.fetched_at))).scalar_one()
    assert kept_at is not None
    return kept_at


async def give_up_fetch(session: AsyncSession, organisation_id: UUID, lead: str, kind: DataBatchType) -> None:
    """Let another one try at once."""
    mine = (LeadData.organisation_id == organisation_id, LeadData.lead == lead, LeadData.number == kind.number)
    await session.execute(update(LeadData).where(*mine).values(leased_until=None))
