"""Columns whose JSON has encrypted secrets in it: moved to the installation's current secret, and encrypted at first.

Rows of before secrets were encrypted have them in clear. Each column is gone through once at a start, in the order of
the rows' keys and a transaction's worth at a time; a row that somebody changes meanwhile is taken as it is then.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import cast, false, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from app.kit.db import Database
from app.kit.secrets.sealing import CannotUnseal, Sealer
from app.kit.secrets.signing import SigningKey
from app.kit.service import Periodic

log = logging.getLogger("tranche.secrets")
AT_A_TIME: Final = 200


class SealedColumn(NamedTuple):
    """A JSONB column with secrets in it, or one of text that is a secret as a whole; the table's key, and the column
    with the organisation."""

    column: Any
    key: Any
    owner: Any


def resealing_of(place: SealedColumn) -> Callable[[AsyncSession, SigningKey], Awaitable[int]]:
    """Moves rows whose secrets are encrypted with the secret before: see `Room.resealing`."""

    async def reseal(session: AsyncSession, key: SigningKey) -> int:
        marks = Sealer(key).marks_before()
        if isinstance(place.column.type, JSONB):
            wanted = or_(false(), *(cast(place.column, Text).contains(f'"{mark}') for mark in marks))
        else:
            wanted = or_(false(), *(place.column.startswith(mark) for mark in marks))
        query = select(place.key, place.owner, place.column).where(wanted).order_by(place.key).limit(AT_A_TIME)
        rows = (await session.execute(query.with_for_update(key_share=True, skip_locked=True))).all()
        return await _rewrite(session, Sealer(key), place, rows)

    reseal.__qualname__ = f"reseal_{place.key.class_.__tablename__}_{place.column.key}"
    return reseal


async def _rewrite(session: AsyncSession, sealer: Sealer, place: SealedColumn, rows: Sequence[Any]) -> int:
    """Renew the secrets in locked rows; how many had any that were not current."""
    changed = 0
    for key, owner, value in rows:
        try:
            renewed = sealer.renew_tree(value, owner)
        except CannotUnseal:
            continue  # with a secret that no longer counts: nobody can read it
        if renewed != value:
            model = place.key.class_
            stored = cast(renewed, JSONB) if isinstance(place.column.type, JSONB) else renewed
            await session.execute(update(model).where(place.key == key).values({place.column: stored}))
            changed += 1
    return changed


@dataclass
class _Cursor:
    place: SealedColumn
    after: Any = None
    done: bool = False


class FirstSealing(Periodic):
    """Encrypts the secrets of rows from before they were encrypted, once after each start."""

    interval = 3600.0
    log = log

    def __init__(self, database: Database, sealer: Sealer, places: Sequence[SealedColumn]) -> None:
        super().__init__()
        self._database, self._sealer = database, sealer
        self._cursors = [_Cursor(place) for place in places]

    async def turn(self) -> None:
        for cursor in self._cursors:
            sealed = 0
            while not cursor.done:
                async with self._database.transaction() as session:
                    sealed += await self._next(session, cursor)
            if sealed:
                name = f"{cursor.place.key.class_.__tablename__}.{cursor.place.column.key}"
                log.info("secrets in %s rows of %s are encrypted now", sealed, name)

    async def _next(self, session: AsyncSession, cursor: _Cursor) -> int:
        place = cursor.place
        query = select(place.key, place.owner, place.column).order_by(place.key).limit(AT_A_TIME)
        if isinstance(place.column.type, JSONB):
            query = query.where(place.column != cast({}, JSONB))  # most batches have no parameters: 5,000 pages of them
        if cursor.after is not None:
            query = query.where(place.key > cursor.after)
        found = (await session.execute(query)).all()
        cursor.done = len(found) < AT_A_TIME
        cursor.after = found[-1][0] if found else cursor.after
        clear = [key for key, owner, value in found if self._has_clear(value, owner)]
        if not clear:
            return 0
        locked = select(place.key, place.owner, place.column).where(place.key.in_(clear)).order_by(place.key)
        rows = (await session.execute(locked.with_for_update(key_share=True))).all()
        return await _rewrite(session, self._sealer, place, rows)

    def _has_clear(self, value: Any, owner: UUID) -> bool:
        return bool(self._sealer.seal_tree(value, owner) != value)
