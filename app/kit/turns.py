"""Waiting for a slot by turns: who gets the next free one is what `shares.py` says."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Hashable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import NamedTuple

from app.kit.shares import NO_OWNER, Shares, Turn, Weigh, alike

Waiting = Callable[[], AbstractContextManager[None]]
"""Gives a block that is entered while somebody waits for a turn."""


class Party(NamedTuple):
    """For whom a slot is held: the organisation, and its batch."""

    organisation: Hashable = None
    batch: Hashable = None


NOBODY = Party()
"""The service itself."""


class Queued(NamedTuple):
    """What of a batch waits: how many turns, and how many of the same organisation go before the first of them."""

    waiting: int
    before: int


class Turns:
    """Slots that organisations share by weight, and their batches alike; whoever finds none waits.

    `slots`, `spare`, `most` and `weigh` as in `Shares`; `clock` gives seconds and never goes back.
    """

    def __init__(
        self,
        slots: int,
        *,
        spare: int = 0,
        most: int | None = None,
        weigh: Weigh = alike,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shares, self._clock = Shares(slots, spare, most, weigh), clock
        self._waiting: dict[Hashable, dict[Hashable, deque[asyncio.Future[Turn]]]] = {}

    @property
    def slots(self) -> int:
        return self._shares.slots

    @property
    def held(self) -> int:
        """Slots that are held now, spare ones too."""
        return self._shares.held

    def room_of(self, organisation: Hashable) -> int:
        """How many slots the organisation could take at once, if nobody waited for them."""
        return self._shares.room_of(organisation)

    @asynccontextmanager
    async def slot(self, owner: Party = NOBODY) -> AsyncIterator[None]:
        """Hold a slot in the block, which is waited for."""
        turn = await self.wait(owner)
        try:
            yield
        finally:
            self.give_back(turn)

    async def wait(self, owner: Party) -> Turn:
        """A slot, to be given back. Whoever is cancelled holds none, and keeps nobody waiting."""
        organisation, batch = owner
        granted: asyncio.Future[Turn] = asyncio.get_running_loop().create_future()
        self._shares.enter(organisation, batch, self._clock())
        line = self._waiting.setdefault(organisation, {}).setdefault(batch, deque())
        line.append(granted)
        self._deal()
        try:
            return await granted
        except asyncio.CancelledError:
            if not granted.cancelled():
                self.give_back(granted.result())
            elif granted in line:
                line.remove(granted)
                self._left(owner)
                self._deal()  # by the weights of those who are left somebody may have a right to a spare one
            raise

    def take(self, owner: Party) -> Turn | None:
        """A slot, to be given back, if there is one for this organisation now."""
        if not self._shares.room_of(owner.organisation):
            return None
        return self.hold(owner)

    def hold(self, owner: Party) -> Turn:
        """A slot for what already runs, to be given back, whether one is free or not."""
        return self._shares.take(owner.organisation, owner.batch, self._clock())

    def divide(self, wanting: Collection[Party]) -> Mapping[Hashable, tuple[int, Turn]]:
        """Take all that is free for batches that could use any number: how many each got, by batch, and their turn."""
        now = self._clock()
        shared = self._shares.divide(wanting, now)
        of = {batch: organisation for organisation, batch in wanting}
        return {batch: (count, Turn(of[batch], batch, now)) for batch, count in shared.items()}

    def give_back(self, turn: Turn, count: int = 1, *, unused: bool = False) -> None:
        """Give back slots that were taken together; what was not used at all is not counted."""
        if count:
            self._shares.give_back(turn, self._clock(), count, unused=unused)
            self._deal()

    def queue(self) -> dict[Party, Queued]:
        """What waits, batch by batch, as it would be served if nothing ended or came meanwhile."""
        now = self._clock()
        return {
            Party(organisation, batch): Queued(waiting, before)
            for organisation, lines in self._waiting.items()
            for batch, waiting, before in self._shares.line_up(
                organisation, {batch: len(line) for batch, line in lines.items()}, now
            )
        }

    def _deal(self) -> None:
        now = self._clock()
        while self._waiting:
            organisation = self._shares.next_owner(self._waiting, now)
            if organisation is NO_OWNER:
                return
            batch = self._shares.next_batch(organisation, self._waiting[organisation], now)
            granted = self._waiting[organisation][batch].popleft()
            turn = None
            if not granted.done():  # else its task is being cancelled
                turn = self._shares.take(organisation, batch, now)
                granted.set_result(turn)
            self._left(Party(organisation, batch))

    def _left(self, owner: Party) -> None:
        self._shares.leave(*owner)
        lines = self._waiting.get(owner.organisation, {})
        if not lines.get(owner.batch, True):
            del lines[owner.batch]
        if not lines:
            self._waiting.pop(owner.organisation, None)
