"""One LISTEN connection of a process: what was told, and that something may have been missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final
from uuid import UUID

import asyncpg

from app.batches.log import CHANNEL
from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN

log = logging.getLogger("tranche.listen")
RECONNECT_SECONDS: Final = 0.5
PROBE_SECONDS: Final = 30.0
EVERYTHING: Final = "*"


class Listener:
    """Calls `on_batch(batch, organisation)` for each named batch, the organisation where it is named as well.

    Calls `on_everything()` when it cannot say what changed: too many batches at once, or nobody was listening.
    """

    def __init__(
        self, database: Database, on_batch: Callable[[UUID, UUID | None], None], on_everything: Callable[[], None]
    ) -> None:
        self._database, self._on_batch, self._on_everything = database, on_batch, on_everything

    async def run(self) -> None:
        """Listen until cancelled, over as many connections as it takes."""
        while True:
            try:
                await self._listen_once()
                log.warning("LISTEN was lost: connecting again")
            except (*DATABASE_DOWN, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("LISTEN failed: %s", type(error).__name__)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _listen_once(self) -> None:
        connection = await self._database.connect("tranche-listen")
        try:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._on_notify)
            self._on_everything()  # whatever was told while nobody listened
            while not lost.is_set():
                try:
                    await asyncio.wait_for(lost.wait(), PROBE_SECONDS)
                except TimeoutError:
                    # A link that a firewall dropped in silence shows no end by itself.
                    await connection.execute("select 1", timeout=PROBE_SECONDS)
        finally:
            connection.terminate()

    def _on_notify(self, connection: object, pid: int, channel: str, payload: object) -> None:
        if payload == EVERYTHING:
            self._on_everything()
            return
        for name in str(payload).split(","):
            batch, _, organisation = name.partition("@")
            try:
                self._on_batch(UUID(batch), UUID(organisation) if organisation else None)
            except ValueError:
                log.warning("a notification names no batch: %.80r", name)
