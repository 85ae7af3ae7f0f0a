"""LISTEN on a connection of its own, for as long as the task runs; a lost connection is opened again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from app.kit.db import Database

log = logging.getLogger("tranche.listen")
RECONNECT_SECONDS: Final = 0.5
PROBE_SECONDS: Final = 30.0


def _nothing() -> None: ...


async def listen(
    database: Database,
    channel: str,
    *,
    hear: Callable[[str], None],
    missed: Callable[[], None],
    name: str,
    wake: Mapping[str, Sequence[Callable[[], None]]] | None = None,
    lost: Callable[[], None] = _nothing,
) -> None:
    """Call `hear` with the payload of each notification, and `missed` whenever there may have been some unheard.

    `name` is how the connection shows in pg_stat_activity. `wake` are further channels, and who is woken by each and
    whenever there may have been something unheard. `lost` is called when nothing is heard any more.
    """
    others = wake or {}

    def missed_all() -> None:
        missed()
        for rouse in (one for several in others.values() for one in several):
            rouse()

    def on_notify(connection: object, pid: int, channel: str, payload: object) -> None:
        hear(str(payload))

    while True:
        try:
            connection = await database.connect(name)
            ended = asyncio.Event()
            connection.add_termination_listener(lambda _, ended=ended: ended.set())
            try:
                await connection.add_listener(channel, on_notify)
                for other, several in others.items():
                    for rouse in several:
                        await connection.add_listener(other, lambda *_, rouse=rouse: rouse())
                missed_all()
                while not ended.is_set():
                    try:
                        await asyncio.wait_for(ended.wait(), PROBE_SECONDS)
                    except TimeoutError:
                        # A link that a firewall dropped in silence shows no end by itself.
                        await connection.execute("select 1", timeout=PROBE_SECONDS)
            finally:
                lost()
                connection.terminate()
            database.note_outage(ConnectionError("the connection that listens was lost"))
        except Exception as error:
            if not database.note_outage(error):
                log.exception("LISTEN failed")
        await asyncio.sleep(RECONNECT_SECONDS)
