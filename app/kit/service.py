"""One protocol for everything that runs in the background: started in order, stopped in reverse."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

log = logging.getLogger("tranche.service")


class Service(Protocol):
    """A background loop or a held resource."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


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
