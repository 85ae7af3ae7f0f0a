"""Rows of connections and of what may be reached. Every query for a caller takes the organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import cast, delete, false, func, or_, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import Organisation, User
from app.connections.models import Connection, OutboundAllowance, SealedMark
from app.kit.secrets.sealed_columns import SealedColumn
from app.kit.secrets.sealing import Sealer
from app.kit.secrets.signing import SigningKey

RESEALED_AT_A_TIME: Final = 500
VALUES_AT_A_TIME: Final = 200
SURE_AFTER: Final = timedelta(days=1)
"""After a first walk. By then no process of the release before is left that writes secrets in clear."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides which accounts and which hosts an organisation may use."""

    id: UUID
    name: str
    has_operator: bool
    allow: tuple[str, ...]


async def list_standings(session: AsyncSession, organisation_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    operators = select(User.id).where(User.organisation_id == Organisation.id, User.operator).exists()
    query = select(Organisation.id, Organisation.name, operators, OutboundAllowance.allow)
    query = query.outerjoin(OutboundAllowance, OutboundAllowance.organisation_id == Organisation.id)
    rows = await session.execute(query.where(Organisation.id.in_(organisation_ids)))
    return {id_: Standing(id_, name, operates, tuple(allow or ())) for id_, name, operates, allow in rows}


async def find_connection(session: AsyncSession, organisation_id: UUID, kind: str) -> Connection | None:
    return await session.get(Connection, (organisation_id, kind), populate_existing=True)


async def list_connections(session: AsyncSession, organisation_id: UUID) -> Sequence[tuple[Connection, str | None]]:
    """The organisation's own, each with the name of who set it."""
    query = select(Connection, User.name).outerjoin(User, User.id == Connection.set_by)
    rows = await session.execute(query.where(Connection.organisation_id == organisation_id).order_by(Connection.kind))
    return [(connection, name) for connection, name in rows]


async def list_kinds(session: AsyncSession, organisation_id: UUID) -> set[str]:
    """The services that the organisation has accounts of its own for."""
    query = select(Connection.kind).where(Connection.organisation_id == organisation_id)
    return set((await session.execute(query)).scalars())


async def save_connection(
    session: AsyncSession, organisation_id: UUID, kind: str, *, sealed: str, hint: str | None, set_by: UUID | None
) -> None:
    values = {"sealed": sealed, "hint": hint, "set_by": set_by, "set_at": func.clock_timestamp()}
    statement = insert(Connection).values(organisation_id=organisation_id, kind=kind, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["organisation_id", "kind"], set_=values))


async def delete_connection(session: AsyncSession, organisation_id: UUID, kind: str) -> bool:
    mine = (Connection.organisation_id == organisation_id, Connection.kind == kind)
    return (await session.execute(delete(Connection).where(*mine).returning(Connection.kind))).first() is not None


async def find_allowance(session: AsyncSession, organisation_id: UUID) -> OutboundAllowance | None:
    return await session.get(OutboundAllowance, organisation_id, populate_existing=True)


async def save_allowance(
    session: AsyncSession, organisation_id: UUID, allow: Sequence[str], set_by: UUID | None
) -> None:
    values = {"allow": list(allow), "set_by": set_by, "set_at": func.clock_timestamp()}
    statement = insert(OutboundAllowance).values(organisation_id=organisation_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=values))


async def find_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation | None:
    return await session.get(Organisation, organisation_id)


async def reseal_connections(session: AsyncSession, key: SigningKey) -> int:
    """Move accounts over to the installation's current secret, a transaction's worth; returns how many."""
    sealer = Sealer(key)
    before = or_(false(), *(Connection.sealed.startswith(mark) for mark in sealer.marks_before()))
    query = select(Connection).where(before).limit(RESEALED_AT_A_TIME).with_for_update(skip_locked=True)
    rows = (await session.execute(query)).scalars().all()
    for row in rows:
        row.sealed = sealer.seal(sealer.unseal(row.sealed, row.organisation_id), row.organisation_id)
    await session.flush()
    return len(rows)


class Mark(NamedTuple):
    """How far a column is: there is nothing more to find, or it was gone through long ago."""

    done: bool
    is_old: bool


async def list_marks(session: AsyncSession, rules: str) -> dict[str, Mark]:
    """The columns that were gone through by these rules, by table and column."""
    is_old = SealedMark.first_at < func.clock_timestamp() - SURE_AFTER
    query = select(SealedMark.place, SealedMark.done_at.is_not(None), is_old).where(SealedMark.rules == rules)
    return {place: Mark(*mark) for place, *mark in await session.execute(query)}


async def save_mark(session: AsyncSession, place: str, rules: str, *, done: bool) -> None:
    """Remember that a column was gone through, and whether there is nothing more to find."""
    statement = insert(SealedMark).values(place=place, rules=rules)
    if done:
        values = {"done_at": func.clock_timestamp()}
        await session.execute(statement.on_conflict_do_update(index_elements=["place", "rules"], set_=values))
    else:
        await session.execute(statement.on_conflict_do_nothing())


async def list_next_values(session: AsyncSession, place: SealedColumn, after: Any) -> Sequence[Any]:
    """The next rows of a column behind a key: (key, organisation, value). Empty objects are left out."""
    query = select(place.key, place.owner, place.column).order_by(place.key).limit(VALUES_AT_A_TIME)
    if isinstance(place.column.type, JSONB):
        query = query.where(place.column != cast({}, JSONB))  # most batches have no parameters: 5,000 pages of them
    if after is not None:
        query = query.where(place.key > after)
    return (await session.execute(query)).all()


async def lock_values(session: AsyncSession, place: SealedColumn, keys: Sequence[Any]) -> Sequence[Any]:
    """The rows of these keys as they are now, locked."""
    if not keys:
        return []
    query = select(place.key, place.owner, place.column).where(place.key.in_(keys)).order_by(place.key)
    return (await session.execute(query.with_for_update(key_share=True))).all()
