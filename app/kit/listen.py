"""LISTEN on a connection of its own, for as long as the task runs; a lost connection is opened again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

import asyncpg

from app.kit.db import Database
from app.kit.errors import DATABASE_DOWN

log = logging.getLogger("tranche.listen")
RECONNECT_SECONDS: Final = 0.5
PROBE_SECONDS: Final = 30.0


async def listen(
    database: Database,
    channel: str,
    *,
    hear: Callable[[str], None],
    missed: Callable[[], None],
    name: str,
    wake: Mapping[str, Callable[[], None]] | None = None,
) -> None:
    """Call `hear` with the payload of each notification, and `missed` whenever there may have been some unheard.

    `name` is how the connection shows in pg_stat_activity. `wake` are further channels, and who is woken by each and
    whenever there may have been something unheard.
    """
    others = wake or {}

    def missed_all() -> None:
        missed()
        for rouse in others.values():
            rouse()

    def on_notify(connection: object, pid: int, channel: str, payload: object) -> None:
        hear(str(payload))

    while True:
        try:
            connection = await database.connect(name)
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _, lost=lost: lost.set())
            try:
                await connection.add_listener(channel, on_notify)
                for other, rouse in others.items():
                    await connection.add_listener(other, lambda *_, rouse=rouse: rouse())
                missed_all()
                while not lost.is_set():
                    try:
                        await asyncio.wait_for(lost.wait(), PROBE_SECONDS)
                    except TimeoutError:
                        # A link that a firewall dropped in silence shows no end by itself.
                        await connection.execute("select 1", timeout=PROBE_SECONDS)
            finally:
                connection.terminate()
            log.warning("LISTEN was lost: connecting again")
        except (*DATABASE_DOWN, asyncpg.PostgresError, TimeoutError) as error:
            log.warning("LISTEN failed: %s", type(error).__name__)
        await asyncio.sleep(RECONNECT_SECONDS)
