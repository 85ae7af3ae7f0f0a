"""Rows of plays and their requirements. Every query takes the caller's organisation.

Lists are put together as JSON by PostgreSQL: one query, and 10,000 plays in a fraction of what rows would cost.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.pages import Page, PageRequest, paginate_one
from app.plays.data_types import BY_NUMBER
from app.plays.models import Play, PlayBatchRequirement, PlayChange

LEAST_ID: Final = 100_000_000
_MAPPINGS = text("""
select coalesce(
  json_agg(json_build_object('play_id', play_id, 'required_batches', numbers) order by play_id), '[]'
)::text
from (
  select r.play_id, json_agg(r.batch_number order by r.batch_number) as numbers
  from play_batch_requirements r join plays p on p.id = r.play_id
  where p.organisation_id = :organisation_id group by r.play_id
) mapping
""")
_MOMENT = """to_char({} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_PLAY_JSON = f"""json_build_object('id', p.id, 'name', p.name, 'description', p.description, 'variables', p.variables,
    'play_steps', p.play_steps, 'output_type', p.output_type, 'required_batches', {{numbers}}, 'owner_id', p.owner_id,
    'created_at', {_MOMENT.format("p.created_at")}, 'updated_at', {_MOMENT.format("p.updated_at")})"""
_PLAYS = text(f"""
select coalesce(
  json_agg({_PLAY_JSON.format(numbers="coalesce(m.numbers, '[]')")} order by p.created_at, p.id), '[]'
)::text
from plays p left join (
  select r.play_id, json_agg(r.batch_number order by r.batch_number) as numbers
  from play_batch_requirements r join plays o on o.id = r.play_id
  where o.organisation_id = :organisation_id group by r.play_id
) m on m.play_id = p.id
where p.organisation_id = :organisation_id
""")
_PLAYS_ALONE = text(f"""
select coalesce(
  json_agg({_PLAY_JSON.format(numbers="'[]'::json")} order by p.created_at, p.id), '[]'
)::text
from plays p where p.organisation_id = :organisation_id
""")


async def list_mappings_as_json(session: AsyncSession, organisation_id: UUID) -> str:
    """The mappings of every play that has any, in the shape of the reply."""
    return str((await session.execute(_MAPPINGS, {"organisation_id": organisation_id})).scalar_one())


async def list_plays_as_json(session: AsyncSession, organisation_id: UUID, *, with_requirements: bool = True) -> str:
    """Every play with its requirements; without them where their table has been taken away."""
    query = _PLAYS if with_requirements else _PLAYS_ALONE
    return str((await session.execute(query, {"organisation_id": organisation_id})).scalar_one())


async def draw_id(session: AsyncSession) -> int:
    """An id that no play has, of nine digits. Two that draw the same at the same moment meet at the primary key."""
    while True:
        drawn = LEAST_ID + secrets.randbelow(2**28)
        if (await session.execute(select(Play.id).where(Play.id == drawn))).first() is None:
            return drawn


async def find_play(session: AsyncSession, organisation_id: UUID, play_id: int, *, lock: bool = False) -> Play | None:
    """One play of the organisation, locked if its requirements are about to change."""
    if not 0 < play_id < 2**31:
        return None
    query = select(Play).where(Play.id == play_id, Play.organisation_id == organisation_id)
    return (await session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()


async def list_requirements(session: AsyncSession, play_id: int) -> list[int]:
    """The numbers of the data batches a play requires, ascending."""
    column = PlayBatchRequirement.batch_number
    query = select(column).where(PlayBatchRequirement.play_id == play_id).order_by(column)
    return list((await session.execute(query)).scalars())


async def replace_requirements(session: AsyncSession, play_id: int, numbers: Iterable[int]) -> None:
    """Make these, checked, numbers the requirements of a locked play."""
    await session.execute(delete(PlayBatchRequirement).where(PlayBatchRequirement.play_id == play_id))
    rows = [{"play_id": play_id, "batch_number": number, "batch_name": BY_NUMBER[number].name} for number in numbers]
    if rows:
        await session.execute(insert(PlayBatchRequirement), rows)


async def list_changes(
    session: AsyncSession, organisation_id: UUID, play_id: int, page: PageRequest
) -> Page[PlayChange]:
    """Changes of a play's requirements, newest first."""
    query = select(PlayChange).where(PlayChange.organisation_id == organisation_id, PlayChange.play_id == play_id)
    return await paginate_one(session, query, page, key=(PlayChange.id,), descending=True)
