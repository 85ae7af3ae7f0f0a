"""Moves what was made with the secret before over to the installation's current one, while both count."""

from __future__ import annotations

import logging

from app.kit.db import Database
from app.kit.isolation import each
from app.kit.room import Reseal, Rooms
from app.kit.secrets.sealed_columns import resealing_of
from app.kit.secrets.signing import SigningKey
from app.kit.service import Periodic

log = logging.getLogger("tranche.secrets")


class Resealing(Periodic):
    """A turn at the start and one a minute: processes that have not been started again still use the secret before."""

    interval = 60.0
    log = log

    def __init__(self, database: Database, key: SigningKey, rooms: Rooms) -> None:
        super().__init__()
        self._database, self._key = database, key
        self._reseal = [reseal for room in rooms for reseal in room.resealing]
        self._reseal += [resealing_of(place) for room in rooms for place in room.sealed]

    async def turn(self) -> None:
        if len(self._key.valid()) == 1:
            return
        await each(self._reseal, self._move, log, lambda one: f"{one.__module__}.{one.__qualname__}")

    async def _move(self, reseal: Reseal) -> None:
        moved = 0
        while True:
            async with self._database.transaction() as session:
                now = await reseal(session, self._key)
            moved += now
            if not now:
                break
        if moved:
            log.info("%s.%s: %s moved to the current secret", reseal.__module__, reseal.__qualname__, moved)
