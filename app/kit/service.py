"""One protocol for everything that runs in the background: started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import ClassVar, Final, Protocol

from app.kit.outage import Outage

log = logging.getLogger("tranche.service")
BEAT: Final = 2.0
"""Seconds. Waits of this and more end together, at multiples of it: one wake-up of the process serves many services."""
_PHASE: Final = random.randrange(int(BEAT * 1000)) / 1000
"""Processes of one machine do not all wake at the same moment."""
FAILURE_PAUSE: Final = 1.0
"""Seconds after a failed turn in which not even `wake` brings the next: what is down would be asked without pause."""


class CannotStart(ValueError):
    """As it is set up the service cannot start; the message is one sentence for its operator."""


class Service(Protocol):
    """A background loop or a held resource."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Periodic(ABC):
    """A service that waits `first_wait` seconds, takes a turn, waits `interval` seconds, takes the next, and so on.

    A wait of `BEAT` seconds and more ends up to half a `BEAT` sooner or later, with those of others.
    `wake` cuts a wait short. A turn that fails is only logged, with its traceback, or left out if there is an outage.
    """

    interval: float
    first_wait: float = 0.0
    log: ClassVar[logging.Logger]

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()

    @abstractmethod
    async def turn(self) -> None:
        """What is done each time."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=type(self).__name__)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def is_running(self) -> bool:
        """Whether it was started and not stopped."""
        return self._task is not None and not self._task.done()

    def wake(self) -> None:
        """Take the next turn now, or right after the one under way."""
        self._woken.set()

    async def _run(self) -> None:
        await self._wait(self.first_wait)
        while True:
            self._woken.clear()
            if not await self._take_turn():
                await asyncio.sleep(min(FAILURE_PAUSE, self.interval))
            await self._wait(self.interval)

    async def _wait(self, seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(on_the_beat(end) if seconds >= BEAT else end):
                await self._woken.wait()

    async def _take_turn(self) -> bool:
        try:
            await self.turn()
        except Outage:
            pass  # which was logged when it began
        except Exception:
            self.log.exception("the turn failed")
        else:
            return True
        return False


def on_the_beat(moment: float) -> float:
    """The beat that is next to a moment, in seconds by the loop's clock."""
    return round((moment - _PHASE) / BEAT) * BEAT + _PHASE


async def _stop(service: Service) -> None:
    try:
        await service.stop()
    except Exception:
        log.exception("%s did not stop cleanly", type(service).__name__)


@asynccontextmanager
async def running(services: Sequence[Service]) -> AsyncIterator[None]:
    """Start the services in order; on leaving, stop those that started, in reverse, each one whatever the others do."""
    async with AsyncExitStack() as stack:
        for service in services:
            await service.start()
            stack.push_async_callback(_stop, service)
        yield
