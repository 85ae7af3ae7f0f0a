"""Secrets in rows from before they were encrypted are encrypted after a start; nobody looks again once that is sure.

Each column is gone through in the order of the rows' keys and a transaction's worth at a time; a row that somebody
changes meanwhile is taken as it is then. While an installation is upgraded, processes of the release before may still
write: so a column is done when a walk that began a day after the first one met nothing in clear.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.connections import repository
from app.kit.db import Database
from app.kit.isolation import each
from app.kit.secrets import sealing, values
from app.kit.secrets.sealed_columns import SealedColumn, rewrite
from app.kit.secrets.sealing import Sealer
from app.kit.service import Periodic

log = logging.getLogger("tranche.secrets")


def _digest_of_rules() -> str:
    texts = [Path(str(module.__file__)).read_bytes() for module in (values, sealing)]
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


RULES: Final = _digest_of_rules()
"""What says which values are secrets: a version that knows more of them looks again."""


@dataclass
class _Walk:
    """Through a column: how far it is, how many rows had something in clear, and in how many it is encrypted now."""

    place: SealedColumn
    after: Any = None
    ended: bool = False
    met: int = 0
    sealed: int = 0


class FirstSealing(Periodic):
    """Encrypts the secrets of rows from before they were encrypted."""

    interval = 3600.0
    log = log

    def __init__(self, database: Database, sealer: Sealer, places: Sequence[SealedColumn]) -> None:
        super().__init__()
        self._database, self._sealer = database, sealer
        self._places = list(places)

    async def turn(self) -> None:
        if not self._places:
            return
        async with self._database.transaction() as session:
            marks = await repository.list_marks(session, RULES)

        async def seal(place: SealedColumn) -> None:
            mark = marks.get(place.name, repository.Mark(done=False, is_old=False))
            if not mark.done:
                walk = await self._walk(place)
                async with self._database.transaction() as session:
                    await repository.save_mark(session, place.name, RULES, done=mark.is_old and not walk.met)
            self._places.remove(place)

        await each(list(self._places), seal, log, lambda place: f"looking for secrets in {place.name}")

    async def _walk(self, place: SealedColumn) -> _Walk:
        walk = _Walk(place)
        while not walk.ended:
            async with self._database.transaction() as session:
                await self._next(session, walk)
        if walk.sealed:
            log.info("secrets in %s rows of %s are encrypted now", walk.sealed, place.name)
        return walk

    async def _next(self, session: AsyncSession, walk: _Walk) -> None:
        place = walk.place
        found = await repository.list_next_values(session, place, walk.after)
        walk.ended = len(found) < repository.VALUES_AT_A_TIME
        walk.after = found[-1][0] if found else walk.after
        clear = [key for key, owner, value in found if self._has_clear(value, owner)]
        walk.met += len(clear)
        walk.sealed += await rewrite(session, self._sealer, place, await repository.lock_values(session, place, clear))

    def _has_clear(self, value: Any, owner: UUID) -> bool:
        return bool(self._sealer.seal_tree(value, owner) != value)
