"""Rows of a whole organisation, whatever tables they are in, some at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.live import USER_IS_LIVE
from app.auth.models import ApiKey, Organisation, Session, User
from app.batches.models import Batch, Job
from app.batches.states import BATCH_TERMINAL
from app.files.models import File
from app.tenants.models import Erasure, ErasureContent
from app.tenants.tables import OwnedTable

AT_A_TIME: Final = 2000


async def find_organisation(session: AsyncSession, wanted: UUID | str) -> Organisation | None:
    """By id or by name."""
    column = Organisation.id if isinstance(wanted, UUID) else Organisation.name
    return (await session.execute(select(Organisation).where(column == wanted))).scalar_one_or_none()


async def has_other_operators(session: AsyncSession, organisation_id: UUID) -> bool:
    """Whether somebody of another organisation operates the installation."""
    query = select(User.id).where(User.operator, User.organisation_id != organisation_id, USER_IS_LIVE)
    return (await session.execute(query.limit(1))).first() is not None


async def add_erasure(session: AsyncSession, organisation_id: UUID, requested_by: str | None) -> None:
    values = {"organisation_id": organisation_id, "requested_by": requested_by}
    await session.execute(insert(Erasure).values(values).on_conflict_do_nothing())


async def list_erasures(session: AsyncSession) -> Sequence[UUID]:
    return (await session.execute(select(Erasure.organisation_id).order_by(Erasure.started_at))).scalars().all()


async def close_doors(session: AsyncSession, organisation_id: UUID) -> None:
    """Let nobody of the organisation in any more, and nothing start by itself."""
    users = select(User.id).where(User.organisation_id == organisation_id)
    await session.execute(delete(Session).where(Session.user_id.in_(users)))
    await session.execute(delete(ApiKey).where(ApiKey.user_id.in_(users)))
    values = {"deactivated_at": func.coalesce(User.deactivated_at, func.now())}
    await session.execute(update(User).where(User.organisation_id == organisation_id).values(values))
    for statement in (
        "delete from schedules where organisation_id = :id",
        "update webhook_endpoints set enabled = false where organisation_id = :id and enabled",
    ):
        await session.execute(text(statement), {"id": organisation_id})


async def find_any_user(session: AsyncSession, organisation_id: UUID) -> User | None:
    query = select(User).where(User.organisation_id == organisation_id).order_by(User.created_at).limit(1)
    return (await session.execute(query)).scalar_one_or_none()


async def list_unfinished(session: AsyncSession, organisation_id: UUID) -> Sequence[UUID]:
    """Batches that could still be worked on; drafts wait for nobody."""
    over = (*BATCH_TERMINAL, "draft", "cancelling")
    query = select(Batch.id).where(Batch.organisation_id == organisation_id, Batch.status.not_in(over))
    return (await session.execute(query.order_by(Batch.id))).scalars().all()


async def has_running_jobs(session: AsyncSession, organisation_id: UUID) -> bool:
    query = select(Job.id).join(Batch, Batch.id == Job.batch_id)
    query = query.where(Batch.organisation_id == organisation_id, Job.status == "running").limit(1)
    return (await session.execute(query)).first() is not None


async def release_batches(session: AsyncSession, user_id: UUID) -> int:
    """Make some batches of a user nobody's; how many."""
    some = select(Batch.id).where(Batch.created_by == user_id).order_by(Batch.id).limit(AT_A_TIME)
    ids = (await session.execute(some.with_for_update(key_share=True))).scalars().all()
    await session.execute(update(Batch).where(Batch.id.in_(ids)).values(created_by=None))
    return len(ids)


async def remove_some_files(session: AsyncSession, organisation_id: UUID) -> int:
    """Remove file rows, and keep which contents they named, in one transaction; how many rows."""
    query = select(File.id, File.storage_key).where(File.organisation_id == organisation_id).limit(AT_A_TIME)
    rows = (await session.execute(query.with_for_update(skip_locked=True))).all()
    if rows:
        contents = [
            {"storage_key": key, "organisation_id": organisation_id} for key in {row.storage_key for row in rows}
        ]
        await session.execute(insert(ErasureContent).on_conflict_do_nothing(), contents)
        await session.execute(delete(File).where(File.id.in_([row.id for row in rows])))
    return len(rows)


async def remove_some(session: AsyncSession, owned: OwnedTable, organisation_id: UUID) -> int:
    """Remove rows of a table; how many."""
    where = owned.condition.replace("$1", ":id")
    # By their keys: in a table that has partitions, a place (`ctid`) is no row's alone.
    query = f"""delete from {owned.name} t where ({owned.keys}) in (
      select {owned.keys} from {owned.name} t where {where} limit {AT_A_TIME})"""
    result: Any = await session.execute(text(query), {"id": organisation_id})
    return int(result.rowcount)


async def remove_rates(session: AsyncSession, organisation_id: UUID) -> None:
    """Counts whose key names the organisation; others end with their window."""
    await session.execute(text("delete from rate_counts where position(:id in key) > 0"), {"id": str(organisation_id)})


async def list_contents(session: AsyncSession, organisation_id: UUID, after: str) -> Sequence[str]:
    query = select(ErasureContent.storage_key).where(ErasureContent.organisation_id == organisation_id)
    query = query.where(ErasureContent.storage_key > after).order_by(ErasureContent.storage_key).limit(500)
    return (await session.execute(query)).scalars().all()


async def list_named(session: AsyncSession, keys: Sequence[str]) -> set[str]:
    """Those of the contents that a file names."""
    return set((await session.execute(select(File.storage_key).where(File.storage_key.in_(keys)))).scalars())


async def forget_contents(session: AsyncSession, keys: Sequence[str]) -> None:
    await session.execute(delete(ErasureContent).where(ErasureContent.storage_key.in_(keys)))


async def end_erasure(session: AsyncSession, organisation_id: UUID) -> bool:
    """Forget the erasure, unless something is left; whether it is over, also by another process."""
    left = select(ErasureContent.storage_key).where(ErasureContent.organisation_id == organisation_id).exists()
    alive = select(Organisation.id).where(Organisation.id == organisation_id).exists()
    mine = Erasure.organisation_id == organisation_id
    await session.execute(delete(Erasure).where(mine, ~or_(left, alive)))
    return (await session.execute(select(Erasure.organisation_id).where(mine))).first() is None
