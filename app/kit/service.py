"""One protocol for everything that runs in the background: started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import ClassVar, Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from app.kit.errors import DATABASE_DOWN

log = logging.getLogger("tranche.service")
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

    `wake` cuts a wait short. A turn that fails is only logged: a database that is away in one line, anything else with
    its traceback.
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
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _take_turn(self) -> bool:
        try:
            await self.turn()
        except (SQLAlchemyError, *DATABASE_DOWN) as error:
            self.log.warning("the turn was left out: %s", type(error).__name__)
        except Exception:
            self.log.exception("the turn failed")
        else:
            return True
        return False


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
