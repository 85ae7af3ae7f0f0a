"""Forgets links that nobody has checked for a while."""

import logging
from datetime import timedelta

from sqlalchemy import delete, func

from app.kit.db import Database
from app.kit.service import Periodic
from tranche_link_watch.models import Link


class Forgetting(Periodic):
    """Looks once an hour, and when the service starts."""

    interval, log = 3600.0, logging.getLogger("tranche.link_watch")

    def __init__(self, database: Database, keep: timedelta) -> None:
        super().__init__()
        self._database, self._keep = database, keep

    async def turn(self) -> None:
        async with self._database.transaction() as session:
            await session.execute(delete(Link).where(Link.checked_at < func.now() - self._keep))
