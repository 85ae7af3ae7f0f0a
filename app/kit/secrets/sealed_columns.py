"""Columns whose JSON has encrypted secrets in it: how they are moved to the installation's current secret."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import cast, false, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Text

from app.kit.secrets.sealing import CannotUnseal, Sealer
from app.kit.secrets.signing import SigningKey

AT_A_TIME: Final = 200


class SealedColumn(NamedTuple):
    """A JSONB column with secrets in it, or one of text that is a secret as a whole; the table's key, and the column
    with the organisation."""

    column: Any
    key: Any
    owner: Any

    @property
    def name(self) -> str:
        """Table and column."""
        return f"{self.key.class_.__tablename__}.{self.column.key}"


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
        return await rewrite(session, Sealer(key), place, rows)

    reseal.__qualname__ = f"reseal_{place.key.class_.__tablename__}_{place.column.key}"
    return reseal


async def rewrite(session: AsyncSession, sealer: Sealer, place: SealedColumn, rows: Sequence[Any]) -> int:
    """Renew the secrets in locked rows (key, organisation, value); how many had any that were not current."""
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
