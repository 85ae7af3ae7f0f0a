"""One protocol for everything that runs in the background: started in order, stopped in reverse."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import ClassVar, Protocol

from sqlalchemy.exc import SQLAlchemyError

from app.kit.errors import DATABASE_DOWN

log = logging.getLogger("tranche.service")


class CannotStart(ValueError):
    """As it is set up the service cannot start; the message is one sentence for its operator."""


class Service(Protocol):
    """A background loop or a held resource."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Periodic(ABC):
    """A service that takes a turn, waits `interval` seconds and takes the next. A turn that fails is only logged."""

    interval: ClassVar[float]
    log: ClassVar[logging.Logger]

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def turn(self) -> None:
        """What is done each time."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=type(self).__name__)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self.turn()
            except (SQLAlchemyError, *DATABASE_DOWN) as error:
                self.log.warning("the turn was left out: %s", type(error).__name__)
            except Exception:
                self.log.exception("the turn failed")
            await asyncio.sleep(self.interval)


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
