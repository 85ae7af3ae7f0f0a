"""How much of what is shared each organisation gets, beside the others: the operator sets it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Hashable
from typing import Final

from sqlalchemy import select

from app.auth.models import Organisation
from app.kit.db import Database
from app.kit.loop_turns import FairLoop
from app.kit.service import Periodic

SECONDS: Final = 30.0
"""A weight that was set counts in every process after so long."""


class Weights(Periodic):
    """The weights of organisations, read now and then: where there are turns, nobody may wait for a query."""

    interval, log = SECONDS, logging.getLogger("tranche.weights")

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._unusual: dict[Hashable, float] = {}

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        if isinstance(loop, FairLoop):
            loop.turns.weigh = self.of
        await super().start()

    def of(self, organisation_id: Hashable) -> float:
        """The organisation's weight, 1 unless the operator has set another."""
        return self._unusual.get(organisation_id, 1.0)

    async def turn(self) -> None:
        query = select(Organisation.id, Organisation.weight).where(Organisation.weight != 1)
        async with self._database.statements() as session:
            self._unusual = {row[0]: row[1] for row in await session.execute(query)}
