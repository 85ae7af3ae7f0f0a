"""Who may hold a stream: so many for each key, so many for the process, and only while the key or session is valid.

The places of the process are shared: when they are all taken, an eighth more are there for organisations that hold less
than their part of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Protocol
from uuid import UUID

from app.auth.caller import Caller
from app.auth.credential_repository import list_live
from app.events.errors import NoStreamsLeft, TooManyStreams
from app.events.metrics import CUT, REFUSED, STREAMS
from app.events.settings import StreamSettings
from app.kit.db import Database
from app.kit.memory import return_memory
from app.kit.service import Periodic
from app.kit.shares import Turn, Weigh, alike
from app.kit.turns import Party, Turns

log = logging.getLogger("tranche.streams")
RETRY_AFTER: Final = 5
MANY: Final = 200
"""Streams: 40 KB each, 8 MB together (measured)."""
CREDENTIALS: Final = "tranche_credentials"
"""Where a trigger tells that a key, a session or a user may have ended."""


class Holder(Protocol):
    """The stream that sits on a seat."""

    def finish(self) -> None:
        """End it in good order."""


class Seat:
    """A place for one stream, which whoever holds it releases. `is_closed`: the key or session behind it has ended."""

    __slots__ = ("_admission", "_turn", "credential_id", "give_back", "holder", "is_closed")

    def __init__(self, admission: Admission, credential_id: UUID | None, turn: Turn) -> None:
        self._admission, self._turn, self.credential_id = admission, turn, credential_id
        self.holder: Holder | None = None
        self.is_closed = False
        self.give_back: Callable[[], None] | None = None
        """What else is to be given back with it."""

    def close(self) -> None:
        """End the stream."""
        self.is_closed = True
        if self.holder:
            self.holder.finish()

    def release(self) -> None:
        """Give the place back. Called once."""
        self._admission.take_back(self, self._turn)
        self.holder = None
        if self.give_back:
            self.give_back()


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
        self._open: dict[UUID | None, set[Seat]] = defaultdict(set)
        self._ended = 0

    @property
    def count(self) -> int:
        """The open streams of this process."""
        return self._turns.held

    def has_place(self, caller: Caller) -> bool:
        """Whether `admit` would give one."""
        mine = self._open.get(caller.credential_id, ())
        return bool(self._turns.room_of(caller.organisation_id)) and len(mine) < self._settings.streams_per_key

    def admit(self, caller: Caller) -> Seat:
        """A place for one stream, to be released; raises TooManyStreams (429) or NoStreamsLeft (503)."""
        party = Party(caller.organisation_id)
        if not self._turns.room_of(party.organisation):
            REFUSED.labels("process").inc()
            raise NoStreamsLeft("This process serves as many streams as it may.", retry_after=RETRY_AFTER)
        mine = self._open.get(caller.credential_id, ())
        if len(mine) >= self._settings.streams_per_key:
            REFUSED.labels("key").inc()
            detail = f"This key or session holds {len(mine)} streams, which is the most. Close one first."
            raise TooManyStreams(detail, headers={"Retry-After": str(RETRY_AFTER)})
        seat = Seat(self, caller.credential_id, self._turns.hold(party))
        self._open[caller.credential_id].add(seat)
        self._look_at(caller.ends_at)
        STREAMS.inc()
        return seat

    def take_back(self, seat: Seat, turn: Turn) -> None:
        """A seat is free again."""
        STREAMS.dec()
        self._ended += 1
        self._turns.give_back(turn)
        mine = self._open[seat.credential_id]
        mine.discard(seat)
        if not mine:
            del self._open[seat.credential_id]

    def _look_at(self, end: datetime | None) -> None:
        """Take a turn when a credential ends before the next one would be taken."""
        seconds = (end - datetime.now(UTC)).total_seconds() if end else None
        if seconds is not None and seconds < self._settings.stream_recheck_seconds:
            asyncio.get_running_loop().call_later(max(seconds, 0), self.wake)

    async def tidy(self) -> None:
        """Give back the memory of streams that have ended, when they are many, and more than are open.

        The collector looks at everything, open streams too, while nothing else runs: it may not do so for each few.
        """
        if self._ended >= max(MANY, self.count):
            self._ended = 0
            await asyncio.to_thread(return_memory)

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
            for seat in self._open.get(credential_id, set()).copy():
                CUT.labels("credential").inc()
                seat.close()
