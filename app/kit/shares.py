"""Who is next: slots are shared between owners by weight, and by each owner's batches alike. No waiting, no loop.

What counts is the time for which slots were held: one child of half an hour weighs as much as thousands of short ones.
Whoever has used least of it, divided by the weight, is next (weighted fair queuing, RFC 7806). Nobody saves up: who
comes, or comes back, begins with as much as the least of the others has used. And nobody starves: those that are served
use more and more, until the one who waits has used least.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Weigh = Callable[[Hashable], float]
TURN: Final = 1.0
"""Seconds that a turn under way counts at least, so that slots which are given out at one moment go round."""
LEAST: Final = 0.001
"""Seconds that a turn counts at least once it has ended: what takes no time goes round as well."""


NO_OWNER: Final = object()


class Turn(NamedTuple):
    """A slot that is held, to be given back: whose it is, and since when by the clock of its shares."""

    owner: Hashable
    batch: Hashable
    began: float


@dataclass(eq=False, slots=True)
class Share:
    """What one of those who share has used. `begun` is the sum of the moments at which its `held` turns began."""

    weight: float
    ended: float = 0.0
    held: int = 0
    begun: float = 0.0
    waiting: int = 0

    @property
    def takes_part(self) -> bool:
        return bool(self.held or self.waiting)

    def used(self, now: float) -> float:
        """Seconds of slots by the weight, those under way as long as they have lasted."""
        return self.ended + (self.held * now - self.begun) / self.weight

    def counted(self, now: float) -> float:
        """The same, with those under way as a whole turn at least: by this the next is chosen."""
        return self.ended + max(self.held * now - self.begun, self.held * TURN) / self.weight


class Level:
    """Those who share at one level: owners, or the batches of one owner."""

    def __init__(self, weigh: Weigh) -> None:
        self._weigh = weigh
        self._floor = 0.0
        self.shares: dict[Hashable, Share] = {}

    def refresh(self, now: float) -> None:
        """Bring up to now what whoever comes begins with, and forget those that left and owe nothing."""
        used = [share.used(now) for share in self.shares.values() if share.takes_part]
        if not used:  # nobody is here to whom any of them could owe anything
            self.shares.clear()
            self._floor = 0.0
            return
        self._floor = max(self._floor, min(used))
        for key in [key for key, share in self.shares.items() if not share.takes_part and share.ended <= self._floor]:
            del self.shares[key]

    def enter(self, key: Hashable) -> Share:
        """The share of one that takes part from now on, if it does not yet."""
        share = self.shares.get(key)
        if share and share.takes_part:
            return share
        weight = self._weigh(key)
        share = self.shares.setdefault(key, Share(weight))
        share.weight, share.ended = weight, max(share.ended, self._floor)
        return share

    def total_weight(self, with_key: Hashable) -> float:
        """The weights of all that take part, and of this one."""
        others = (share.weight for key, share in self.shares.items() if share.takes_part and key != with_key)
        return sum(others) + self.weight(with_key)

    def weight(self, key: Hashable) -> float:
        share = self.shares.get(key)
        return share.weight if share and share.takes_part else self._weigh(key)


def alike(owner: Hashable) -> float:
    """The same weight for everybody."""
    return 1.0


@dataclass(slots=True)
class Shares:
    """`slots` that owners share. Alone an owner may hold them all, or `most` of them.

    `spare` more may be held by owners that hold less than their fair part (`slots` divided by weight) while others have
    taken all: so whoever comes need not wait until somebody's long turn ends. They are given back by not being filled.
    """

    slots: int
    spare: int = 0
    most: int | None = None
    weigh: Weigh = alike
    held: int = 0
    owners: Level = field(init=False)
    _batches: dict[Hashable, Level] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.owners = Level(self.weigh)

    def enter(self, owner: Hashable, batch: Hashable, now: float) -> None:
        """One more turn of this batch is waited for."""
        for share in self._entered(owner, batch, now):
            share.waiting += 1

    def leave(self, owner: Hashable, batch: Hashable) -> None:
        """One less is."""
        self.owners.shares[owner].waiting -= 1
        self._batches[owner].shares[batch].waiting -= 1
        self._forget(owner)

    def _entered(self, owner: Hashable, batch: Hashable, now: float | None) -> tuple[Share, Share]:
        """The shares of both, which take part as soon as they are counted up. None: nothing has changed since."""
        batches = self._batches.setdefault(owner, Level(alike))
        if now is not None:
            self.owners.refresh(now)
            batches.refresh(now)
        return self.owners.enter(owner), batches.enter(batch)

    def room_of(self, owner: Hashable) -> int:
        """How many slots the owner may take now."""
        share = self.owners.shares.get(owner)
        held, room = share.held if share else 0, self.slots - self.held
        if self.spare:
            fair = self.slots * self.owners.weight(owner) / self.owners.total_weight(owner)
            room = max(room, min(room + self.spare, math.ceil(fair) - held))
        if self.most is not None:
            room = min(room, self.most - held)
        return max(0, room)

    def take(self, owner: Hashable, batch: Hashable, now: float, count: int = 1) -> Turn:
        """Hold `count` slots, all of which began now."""
        for share in self._entered(owner, batch, now):
            share.held += count
            share.begun += count * now
        self.held += count
        return Turn(owner, batch, now)

    def give_back(self, turn: Turn, now: float, count: int = 1, *, unused: bool = False) -> None:
        """Give back slots that were taken with this turn; what was not used at all is not counted."""
        seconds = 0.0 if unused else max(LEAST, now - turn.began)
        for share in (self.owners.shares[turn.owner], self._batches[turn.owner].shares[turn.batch]):
            share.held -= count
            share.begun -= count * turn.began
            share.ended += count * seconds / share.weight
            if not share.held:
                share.begun = 0.0  # what is left of it is rounding
        self.held -= count
        self._forget(turn.owner)

    def _forget(self, owner: Hashable) -> None:
        if not self.owners.shares[owner].takes_part:
            del self._batches[owner]

    def next_owner(self, waiting: Iterable[Hashable], now: float) -> Hashable:
        """Whose turn it is among owners that wait; NO_OWNER when none of them may take a slot."""
        able = [owner for owner in waiting if self.room_of(owner)]
        return min(able, key=lambda owner: self.owners.shares[owner].counted(now), default=NO_OWNER)

    def next_batch(self, owner: Hashable, waiting: Iterable[Hashable], now: float) -> Hashable:
        """Which of an owner's batches that wait is next."""
        shares = self._batches[owner].shares
        return min(waiting, key=lambda batch: shares[batch].counted(now))

    def line_up(
        self, owner: Hashable, waiting: Mapping[Hashable, int], now: float
    ) -> Iterator[tuple[Hashable, int, int]]:
        """The owner's batches as they would be served: each with what waits of it, and how many go before the first.

        It is told as if no turn ended and nobody came meanwhile.
        """
        shares, left = self._batches[owner].shares, dict(waiting)
        heap = [(shares[batch].counted(now), place, batch) for place, batch in enumerate(waiting)]
        heapq.heapify(heap)
        before = 0
        seen: set[Hashable] = set()
        while heap and len(seen) < len(waiting):
            counted, place, batch = heapq.heappop(heap)
            if batch not in seen:
                seen.add(batch)
                yield batch, waiting[batch], before
            before += 1
            left[batch] -= 1
            if left[batch]:
                heapq.heappush(heap, (counted + TURN / shares[batch].weight, place, batch))

    def divide(self, wanting: Collection[tuple[Hashable, Hashable]], now: float) -> dict[Hashable, int]:
        """Take every free slot for batches that could use any number of them; how many each got.

        `wanting` are owners and batches, each once. What turns out to be too many is given back.
        """
        found: dict[Hashable, int] = {}
        if len(wanting) == 1:
            (owner, batch), *_ = wanting
            if room := self.room_of(owner):
                self.take(owner, batch, now, room)
                found[batch] = room
            return found
        self.owners.refresh(now)
        for owner in {owner for owner, _ in wanting} & self._batches.keys():
            self._batches[owner].refresh(now)
        for owner, batch in wanting:
            for share in self._entered(owner, batch, None):
                share.waiting += 1
        for owner, batch in self._in_turn(wanting, now):
            for share in (self.owners.shares[owner], self._batches[owner].shares[batch]):
                share.held += 1
                share.begun += now
            self.held += 1
            found[batch] = found.get(batch, 0) + 1
        for owner, batch in wanting:
            self.leave(owner, batch)
        return found

    def _in_turn(self, wanting: Iterable[tuple[Hashable, Hashable]], now: float) -> Iterator[tuple[Hashable, Hashable]]:
        """Who takes the next slot, while there are any; each is to be taken before the next is asked for."""
        batches: dict[Hashable, list[tuple[float, int, Hashable]]] = {}
        for place, (owner, batch) in enumerate(wanting):
            entry = (self._batches[owner].shares[batch].counted(now), place, batch)
            batches.setdefault(owner, []).append(entry)
        owners = [(self.owners.shares[owner].counted(now), place, owner) for place, owner in enumerate(batches)]
        for heap in (owners, *batches.values()):
            heapq.heapify(heap)
        while owners:
            _, place, owner = owners[0]
            if not self.room_of(owner):
                heapq.heappop(owners)
                continue
            _, batch_place, batch = batches[owner][0]
            yield owner, batch
            counted = self._batches[owner].shares[batch].counted(now)
            heapq.heapreplace(batches[owner], (counted, batch_place, batch))
            heapq.heapreplace(owners, (self.owners.shares[owner].counted(now), place, owner))
