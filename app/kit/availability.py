"""Whether what the whole service leans on is there: the database, the file store. Its absence is waited for.

Whoever meets an absence reports it, in one place for each such thing. The first report starts a watcher that asks until
the thing is there again; everything that can wait then goes on. An outage is two lines in the log, whatever met it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from app.kit.loop_turns import context_for
from app.kit.metrics import counter, gauge
from app.kit.outage import Outage
from app.kit.words import quantity

T = TypeVar("T")
log = logging.getLogger("tranche.availability")
Trouble = Literal["away", "full", "read_only", "refused", "failing"]
"""What is wrong: it does not answer, has no room, takes no writes, refuses our credentials, or its disk fails."""
Waiting = Callable[[str], AbstractContextManager[None]]
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two looks at what is away."""
SETTLED_AFTER: Final = 1.0
"""Seconds without a report after which an outage is over: a server that starts takes some and refuses others."""
APART: Final = 0.2
"""Up to so many seconds lie between those who go on after an outage, so that they do not come all at once."""
MOST_TRIES: Final = 20
"""Of what is in its own way again and again."""
OUTAGES = counter("tranche_outages_total", "Times that one was away, full or failing", ["of", "trouble"])
MET = counter("tranche_outage_errors_total", "Operations that met such an outage", ["of"])
AVAILABLE = gauge("tranche_available", "1: the database or the storage takes writes; 0: it does not", ["of"])


@dataclass(slots=True)
class Absence:
    """One outage: `since` is time.monotonic(), `began` seconds since 1970, `errors` how often it was met."""

    trouble: Trouble
    reason: str
    since: float
    began: float
    errors: int = 0


class Availability:
    """Whether one thing is there. `name` completes "waits for ..."; `probe` raises while the thing is not.

    `sentences` say, of each trouble, what people are told.
    """

    def __init__(
        self, name: str, sentences: Mapping[Trouble, str], probe: Callable[[Trouble], Awaitable[None]]
    ) -> None:
        self.name, self._sentences, self._probe = name, sentences, probe
        self.absence: Absence | None = None
        self._there, self._reported = asyncio.Event(), asyncio.Event()
        self._there.set()
        self._watcher: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._when_back: list[Callable[[], None]] = []
        AVAILABLE.labels(name).set(1)
        MET.labels(name)  # figures that have never counted are 0, not missing
        for trouble in sentences:
            OUTAGES.labels(name, trouble)

    def when_back(self, call: Callable[[], None]) -> None:
        """Call this each time that it is back."""
        self._when_back.append(call)

    @property
    def trouble(self) -> Trouble | None:
        """What is wrong at the moment."""
        return self.absence.trouble if self.absence and not self._there.is_set() else None

    def explain(self) -> str | None:
        """What is wrong at the moment, in a sentence for people."""
        return self._sentences[trouble] if (trouble := self.trouble) else None

    def report(self, error: BaseException, trouble: Trouble) -> None:
        """Something met the outage. May be called in a thread of a service that has started."""
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            if self._loop:
                self._loop.call_soon_threadsafe(self._note, error, trouble)
            return
        self._note(error, trouble)

    def _note(self, error: BaseException, trouble: Trouble) -> None:
        MET.labels(self.name).inc()
        self._reported.set()
        if self.absence is None:
            self.absence = Absence(trouble, describe(error), time.monotonic(), time.time())
            self._watcher = asyncio.create_task(self._watch(), name=f"watch {self.name}", context=context_for(None))
        self.absence.errors += 1
        if self._there.is_set():
            self._there.clear()
            self.absence.trouble, self.absence.reason = trouble, describe(error)

    async def back(self) -> None:
        """Wait until it is there."""
        await self._there.wait()

    async def start(self) -> None:
        """From now on threads may report."""
        self._loop = asyncio.get_running_loop()

    async def stop(self) -> None:
        if self._watcher:
            self._watcher.cancel()
            await asyncio.wait([self._watcher])

    async def _watch(self) -> None:
        absence, told, pause, over = self.absence, False, FIRST_PAUSE, time.monotonic()
        assert absence
        if absence.trouble != "away":
            told = self._tell_lost(absence)  # it may answer those who look and fail those who write
        while True:
            try:
                await self._probe(absence.trouble)
            except Exception as error:
                self._there.clear()
                absence.reason = describe(error)
                if not told:
                    told = self._tell_lost(absence)
                await asyncio.sleep(pause * random.uniform(0.8, 1.2))
                pause = min(LONGEST_PAUSE, pause * 1.5)
                continue
            over = time.monotonic()
            self._reported.clear()
            self._there.set()
            for call in self._when_back:
                try:
                    call()
                except Exception:
                    log.exception("who waited for %s does not go on; the others do", self.name)
            try:
                async with asyncio.timeout(SETTLED_AFTER):
                    await self._reported.wait()
            except TimeoutError:
                break
            if not told:
                told = self._tell_lost(absence)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 1.5)
        self._tell_back(absence, over - absence.since, told=told)
        self.absence = None

    def _tell_lost(self, absence: Absence) -> bool:
        AVAILABLE.labels(self.name).set(0)
        OUTAGES.labels(self.name, absence.trouble).inc()
        log.error("%s: %s (%s)", self.name, self._sentences[absence.trouble], absence.reason)
        return True

    def _tell_back(self, absence: Absence, seconds: float, *, told: bool) -> None:
        AVAILABLE.labels(self.name).set(1)
        errors = quantity(absence.errors, "operation")
        if told:
            log.warning("%s is back after %.1f s, in which %s failed", self.name, seconds, errors)
        else:  # it was there all the time: a single connection was cut
            log.warning("%s was there all the time for others than %s (%s)", self.name, errors, absence.reason)


def describe(error: BaseException) -> str:
    """An error on one line of the log."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


_waiting: ContextVar[Waiting | None] = ContextVar("waiting", default=None)


def unseen(what: str) -> AbstractContextManager[None]:
    """The patience of what nobody looks at meanwhile."""
    return nullcontext()


class _Patience:
    """The block of `patience`."""

    __slots__ = ("_before", "_for")

    def __init__(self, waiting: Waiting) -> None:
        self._for = waiting

    def __enter__(self) -> None:
        self._before = _waiting.set(self._for)

    def __exit__(self, *_: object) -> None:
        _waiting.reset(self._before)


def patience(waiting: Waiting) -> _Patience:
    """A block in which outages are waited for. `waiting` gives a block that is entered meanwhile, by what is away."""
    return _Patience(waiting)


async def has_passed(error: Outage, tries: int = 1) -> bool:
    """Waits until what failed may be tried again, after `tries` tries.

    False where nobody has patience, and where it is not for the moment although it looked so.
    """
    waiting = _waiting.get()
    if waiting is None or error.given_up or not (error.availability or error.momentary):
        return False
    if tries > MOST_TRIES and (error.momentary or not error.lasting):
        error.given_up = True  # or whoever repeats more would begin to count anew
        return False
    if error.availability:
        with waiting(error.availability.name):
            await error.availability.back()
            await asyncio.sleep(random.uniform(0, APART))
    else:
        await asyncio.sleep(random.uniform(APART / 4, APART))
    return True


async def outlast(operation: Callable[[], Awaitable[T]]) -> T:
    """What the operation gives, which is begun anew after each outage: it must be harmless to repeat."""
    tries = 0
    while True:
        try:
            return await operation()
        except Outage as error:
            tries += 1
            if not await has_passed(error, tries):
                raise
