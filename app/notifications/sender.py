"""The loop that empties the outbox: claims what is due, sends it outside any transaction, records what came of it.

Every process that runs jobs has one; what it sends at a time goes by turns between organisations. A claim is a lease by
the database's clock: what a killed process held is due again when it lapses, so a message may come twice, and never not
at all.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.kit.db import Database
from app.kit.ending import Ending, LettingGo
from app.kit.isolation import each
from app.kit.listen import listen
from app.kit.lookout import UNSEEN
from app.kit.outage import Outage
from app.kit.service import Periodic
from app.kit.shares import Turn, Weigh, alike
from app.kit.turns import Party, Turns
from app.notifications.models import Outgoing
from app.notifications.service import NOTIFY_CHANNEL

log = logging.getLogger("tranche.sender")
SOON_SECONDS: Final = 5.0
"""A retry after so long has a timer; those after longer ones are seen by the lookout, and lost notifications too."""
PRUNE_SECONDS: Final = 3600.0
STOP_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class ClaimedMessage:
    """One claimed row of an organisation. `token` is the claim's: whoever records without it writes nothing."""

    token: UUID
    organisation_id: UUID


class Channel(Protocol):
    """One kind of message. `slots`: how many it sends at a time."""

    @property
    def slots(self) -> int: ...

    @property
    def model(self) -> type[Outgoing]: ...

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def find_due(self, session: AsyncSession) -> Sequence[UUID]:
        """The organisations that have messages which are due."""

    async def claim(self, session: AsyncSession, room: Mapping[UUID, int]) -> Sequence[Any]:
        """Up to so many due messages of each organisation, each leased."""

    async def send(self, message: Any) -> float | None:
        """Send one and record the outcome; seconds until it is to be tried again, if it is."""

    async def prune(self, session: AsyncSession) -> None:
        """Remove what is too old to be of use."""


class Sender(Periodic):
    """Claims for each channel when a notification comes, when a send ends, and when the lookout sees what is due."""

    interval, log = UNSEEN, log

    def __init__(self, database: Database, channels: Sequence[Channel], ending: Ending, weigh: Weigh = alike) -> None:
        super().__init__()
        self._ending = ending
        self._letting_go = LettingGo(ending, self._let_go)
        self._database, self._channels = database, channels
        self._turns = {channel: Turns(channel.slots, spare=channel.slots // 4, weigh=weigh) for channel in channels}
        self._sending: dict[asyncio.Task[None], tuple[Channel, ClaimedMessage]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._pruned = float("-inf")

    async def start(self) -> None:
        for channel in self._channels:
            await channel.start()
        listening = listen(
            self._database,
            NOTIFY_CHANNEL,
            hear=lambda _: self.wake(),
            missed=self.wake,
            name="tranche-outbox",
        )
        self._listening = asyncio.create_task(listening, name="outbox-listen")
        self._letting_go.start()
        await super().start()

    async def _let_go(self) -> None:
        """At the end let sends end for a moment; release the rest, so that another process may send it at once."""
        if self._listening:
            self._listening.cancel()
            await asyncio.wait([self._listening])
        await super().stop()
        unfinished = await self._ending.wait(list(self._sending), STOP_SECONDS)
        if unfinished:
            held = [self._sending[task] for task in unfinished]
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
            with suppress(Outage):
                await self._release(held)

    async def stop(self) -> None:
        await self._letting_go.finish()
        for channel in self._channels:
            await channel.stop()

    async def turn(self) -> None:
        await each(self._channels, self._collect, log, lambda channel: f"collecting for {type(channel).__name__}")
        await self._prune()

    async def _collect(self, channel: Channel) -> None:
        turns = self._turns[channel]
        if not turns.room_of(None):  # not even one that holds none would get any
            return
        shares: Mapping[Hashable, tuple[int, Turn]] = {}
        messages: Sequence[ClaimedMessage] = ()
        try:
            async with self._database.transaction() as session:
                due = await channel.find_due(session)
                shares = turns.divide([Party(organisation_id, organisation_id) for organisation_id in due])
                room = {
                    organisation_id: shares[organisation_id][0] for organisation_id in due if organisation_id in shares
                }
                claimed = await channel.claim(session, room) if room else ()
            messages = claimed
        finally:
            got: Counter[Hashable] = Counter(message.organisation_id for message in messages)
            for organisation_id, (count, turn) in shares.items():
                turns.give_back(turn, count - got.get(organisation_id, 0), unused=True)
        for message in messages:
            task = asyncio.create_task(self._send(channel, message))
            self._sending[task] = (channel, message)
            task.add_done_callback(partial(self._sent, turns, shares[message.organisation_id][1]))

    async def _send(self, channel: Channel, message: ClaimedMessage) -> None:
        try:
            again = await channel.send(message)
        except Outage:
            pass  # what came of it could not be recorded: its lease lapses, and it is tried again
        except Exception:
            log.exception("a message could not be sent")
        else:
            if again is not None and again < SOON_SECONDS:
                asyncio.get_running_loop().call_later(again, self.wake)

    def _sent(self, turns: Turns, turn: Turn, task: asyncio.Task[None]) -> None:
        del self._sending[task]
        turns.give_back(turn)
        self.wake()

    async def _release(self, held: Sequence[tuple[Channel, ClaimedMessage]]) -> None:
        async with self._database.transaction() as session:
            for channel, message in held:
                model: Any = channel.model
                due = update(model).where(model.claim_token == message.token, model.status == "pending")
                await session.execute(due.values(claim_token=None, next_attempt_at=func.clock_timestamp()))

    async def _prune(self) -> None:
        if time.monotonic() - self._pruned < PRUNE_SECONDS:
            return
        self._pruned = time.monotonic()

        async def prune(channel: Channel) -> None:
            async with self._database.transaction() as session:
                await channel.prune(session)

        await each(self._channels, prune, log, lambda channel: f"pruning of {type(channel).__name__}")


def next_try(attempts: int, delays: Sequence[timedelta]) -> timedelta | None:
    """How long to wait after the failed try number `attempts`, plus up to 20 %; None: that was the last."""
    return delays[attempts - 1] * (1 + 0.2 * random.random()) if attempts <= len(delays) else None
