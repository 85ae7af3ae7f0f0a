"""Numbers base directory names: a second batch of the same name gets `_2`, as a folder of that name exists."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from app.batches.models import DirectoryName

LONGEST = 255


async def claim_name(session: AsyncSession, organisation_id: UUID, wanted: str) -> str:
    """The wanted name, or the wanted name with the next number; nobody else gets it.

    The row is locked until the transaction ends, so those who want the same name at the same time get theirs in turn.
    """
    return numbered(wanted, (await session.execute(claim_statement(organisation_id, wanted))).scalar_one())


def claim_statement(organisation_id: UUID, wanted: str) -> ReturningInsert[Any]:
    """Counts one more use of a name; it returns how many there are now."""
    row = {"organisation_id": organisation_id, "name": wanted[:LONGEST], "used": 1}
    statement = insert(DirectoryName).values(row)
    statement = statement.on_conflict_do_update(
        index_elements=["organisation_id", "name"], set_={"used": DirectoryName.used + 1}
    )
    return statement.returning(DirectoryName.used)


def numbered(wanted: str, used: int) -> str:
    """The name of the batch that used it as number `used`."""
    ending = "" if used == 1 else f"_{used}"
    return wanted[: LONGEST - len(ending)] + ending
