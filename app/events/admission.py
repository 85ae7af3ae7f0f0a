"""Who may hold a stream: so many for each key, so many for the process, and only while the key or session is valid.

The places of the process are shared: when they are all taken, an eighth more are there for organisations that hold less
than their part of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from app.auth.caller import Caller
from app.auth.credential_repository import list_live
from app.events.errors import NoStreamsLeft, TooManyStreams
from app.events.metrics import CUT, REFUSED, STREAMS
from app.events.settings import StreamSettings
from app.kit.db import Database
from app.kit.service import Periodic
from app.kit.shares import Weigh, alike
from app.kit.turns import Party, Turns

log = logging.getLogger("tranche.streams")
RETRY_AFTER: Final = 5
CREDENTIALS: Final = "tranche_credentials"
"""Where a trigger tells that a key, a session or a user may have ended."""


class OpenStream:
    """A stream that is being served, by the task that entered. `closed` is why somebody ended it."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task
        self._task, self.closed = task, ""

    def close(self, reason: str) -> None:
        """Interrupt the task that serves it; the first reason counts."""
        if not self.closed:
            self.closed = reason
            self._task.cancel()

    def over(self) -> None:
        """It has ended by itself: from now on there is nothing to interrupt."""
        self.closed = self.closed or "over"


class Admission(Periodic):
    """The open streams of this process. Each turn ends those whose key or session no longer counts.

    A notification brings the next turn at once, the end of a key or session that is known brings it then.
    """

    log = log

    def __init__(self, database: Database, settings: StreamSettings, weigh: Weigh = alike) -> None:
        super().__init__()
        self._turns = Turns(settings.streams_per_process, spare=settings.streams_per_process // 8, weigh=weigh)
        self.interval = self.first_wait = settings.stream_recheck_seconds
        self._database, self._settings = database, settings
        self._open: dict[UUID | None, set[OpenStream]] = defaultdict(set)

    @property
    def count(self) -> int:
        """The open streams of this process."""
        return self._turns.held

    @contextmanager
    def admit(self, caller: Caller) -> Iterator[OpenStream]:
        """A place for one stream; raises TooManyStreams (429) or NoStreamsLeft (503)."""
        party = Party(caller.organisation_id)
        if not self._turns.room_of(party.organisation):
            REFUSED.labels("process").inc()
            raise NoStreamsLeft("This process serves as many streams as it may.", retry_after=RETRY_AFTER)
        mine = self._open[caller.credential_id]
        if len(mine) >= self._settings.streams_per_key:
            REFUSED.labels("key").inc()
            detail = f"This key or session holds {len(mine)} streams, which is the most. Close one first."
            raise TooManyStreams(detail, headers={"Retry-After": str(RETRY_AFTER)})
        turn = self._turns.hold(party)
        stream = OpenStream()
        mine.add(stream)
        self._look_at(caller.ends_at)
        STREAMS.inc()
        try:
            yield stream
        finally:
            STREAMS.dec()
            self._turns.give_back(turn)
            mine.discard(stream)
            if not mine and self._open.get(caller.credential_id) is mine:
                del self._open[caller.credential_id]

    def _look_at(self, end: datetime | None) -> None:
        """Take a turn when a credential ends before the next one would be taken."""
        seconds = (end - datetime.now(UTC)).total_seconds() if end else None
        if seconds is not None and seconds < self._settings.stream_recheck_seconds:
            asyncio.get_running_loop().call_later(max(seconds, 0), self.wake)

    async def turn(self) -> None:
        self.interval = self._settings.stream_recheck_seconds
        held = [credential_id for credential_id in self._open if credential_id]
        if not held:
            return
        async with self._database.transaction() as session:
            live = await list_live(session, held)
        ends = [seconds for seconds in live.values() if seconds is not None]
        self.interval = min([self.interval, *ends], default=self.interval)
        for credential_id in set(held) - set(live):
            for stream in self._open.get(credential_id, set()).copy():
                CUT.labels("credential").inc()
                stream.close("credential")
