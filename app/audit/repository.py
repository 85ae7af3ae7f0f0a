"""Rows of the audit log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.audit.models import AuditEntry
from app.auth.models import ApiKey, User
from app.kit.pages import Page, PageRequest, paginate_one
from app.kit.rows import read_row

REMOVED_AT_A_TIME: Final = 10_000


class AuditFilter(NamedTuple):
    """Which entries are wanted; what is None or empty does not matter. `actions` are whole names."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    actions: tuple[str, ...] = ()
    target: str | None = None
    address: str | None = None
    outcome: str | None = None
    organisation_id: UUID | None = None


class DeadKey(NamedTuple):
    """A key that was refused although it is somebody's: it was revoked, or its time is over."""

    key_id: UUID
    name: str
    organisation_id: UUID


async def add(session: AsyncSession, values: dict[str, Any]) -> None:
    """Add an entry in the session's transaction."""
    await session.execute(insert(AuditEntry).values(values))


async def list_entries(session: AsyncSession, wanted: AuditFilter, page: PageRequest) -> Page[AuditEntry]:
    """A page of entries, newest first."""
    query = select(AuditEntry)
    if wanted.organisation_id:
        query = query.where(AuditEntry.organisation_id == wanted.organisation_id)
    if wanted.since:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until:
        query = query.where(AuditEntry.at < wanted.until)
    if wanted.actions:
        query = query.where(AuditEntry.action.in_(wanted.actions))
    if wanted.outcome:
        query = query.where(AuditEntry.outcome == wanted.outcome)
    if wanted.actor:
        query = query.where(_is_one(wanted.actor, AuditEntry.actor_kind, AuditEntry.actor_name, AuditEntry.actor_id))
    if wanted.target:
        columns = (AuditEntry.target_kind, AuditEntry.target_name, AuditEntry.target_id)
        query = query.where(_is_one(wanted.target, *columns))
    if wanted.address:
        query = query.where(AuditEntry.client_address.startswith(wanted.address, autoescape=True))
    return await paginate_one(session, query, page, key=(AuditEntry.at, AuditEntry.id), descending=True)


def _is_one(value: str, *columns: InstrumentedAttribute[Any]) -> ColumnElement[bool]:
    return or_(*(cast(column, Text) == value for column in columns))


async def has_audit_log(session: AsyncSession) -> bool:
    """Whether the schema has got so far."""
    return (await session.execute(select(func.to_regclass("audit_log")))).scalar_one() is not None


async def remove_old(session: AsyncSession, life: timedelta) -> int:
    """Remove entries older than `life`, the oldest first and some at a time; returns how many."""
    call = func.remove_audit_log(func.now() - life, REMOVED_AT_A_TIME)
    return int((await session.execute(select(call))).scalar_one())


async def erase_organisation(session: AsyncSession, organisation_id: UUID) -> int:
    """Remove every entry of an organisation that is erased; returns how many."""
    return int((await session.execute(select(func.erase_audit_log(organisation_id)))).scalar_one())


async def find_dead_keys(session: AsyncSession, hashes: Collection[bytes]) -> dict[bytes, DeadKey]:
    """Those of the hashes that are keys of somebody, by hash."""
    if not hashes:
        return {}
    columns = (ApiKey.key_hash, ApiKey.id.label("key_id"), ApiKey.name, User.organisation_id)
    query = select(*columns).join(User, User.id == ApiKey.user_id).where(ApiKey.key_hash.in_(hashes))
    return {row["key_hash"]: read_row(DeadKey, row) for row in (await session.execute(query)).mappings()}
