"""Numbers base directory names: a second batch of the same name gets `_2`, as a folder of that name exists."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, array, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.models import Organisation
from app.batches.models import Batch, DirectoryName
from app.batches.naming import Namer
from app.kit.quick_reads import QuickStatement
from app.pipelines.contract import Pipeline

LONGEST = 255
_MANY: Final = 200
_SPELLINGS: Final = 1000
"""So many beginnings of names, the commonest, are looked up among the customers of earlier batches."""


_NEW: Final = insert(DirectoryName).values(organisation_id=bindparam("organisation_id"), name=bindparam("name"), used=1)
CLAIM: Final = _NEW.on_conflict_do_update(
    index_elements=["organisation_id", "name"], set_={"used": DirectoryName.used + 1}
).returning(DirectoryName.used)
"""Counts one more use of a name, with the values of `use_of`; it returns how many there are now."""


_CLAIM: Final = QuickStatement(CLAIM)


async def claim_name(session: AsyncSession, organisation_id: UUID, wanted: str) -> str:
    """The wanted name, or the wanted name with the next number; nobody else gets it.

    The row is locked until the transaction ends, so those who want the same name at the same time get theirs in turn.
    """
    ((used,),) = await _CLAIM.send(session, use_of(organisation_id, wanted))
    return numbered(wanted, used)


def use_of(organisation_id: UUID, wanted: str) -> dict[str, Any]:
    return {"organisation_id": organisation_id, "name": wanted[:LONGEST]}


def numbered(wanted: str, used: int) -> str:
    """The name of the batch that used it as number `used`."""
    ending = "" if used == 1 else f"_{used}"
    return wanted[: LONGEST - len(ending)] + ending


async def make_namer(
    session: AsyncSession, pipeline: Pipeline | None, organisation: Organisation, filenames: Sequence[str]
) -> Namer:
    """What names a batch of these files: the pipeline's naming, with what the organisation said and had so far."""
    make = partial(seen_statement, pipeline, organisation.id, filenames)
    statement = await asyncio.to_thread(make) if len(filenames) > _MANY else make()
    seen = [] if statement is None else (await session.execute(statement)).scalars().all()
    return Namer.of(pipeline, organisation, seen)


def seen_statement(pipeline: Pipeline | None, organisation_id: UUID, filenames: Sequence[str]) -> Select[str] | None:
    """Which customers that these names may begin with the organisation has had a batch of; None: there are none."""
    counts = Counter(text for name in filenames for text in (pipeline.naming.customers_in(name) if pipeline else ()))
    if not counts:
        return None
    spellings = [text for text, _ in counts.most_common(_SPELLINGS)]
    wanted = func.unnest(array(spellings, type_=ARRAY(Text))).column_valued("wanted")
    had = select(Batch.id).where(Batch.organisation_id == organisation_id, Batch.customer_prefix == wanted)
    return select(wanted).where(had.exists())
