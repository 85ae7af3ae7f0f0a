"""A data loader: while one read is on its way, whatever else is asked for waits and goes together in the next.

There is no timer: who asks alone is answered as fast as by a query of its own. When thousands come back at once, after
a restart, they share a few queries. Nobody gets an answer that was read before they asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Final, Generic, TypeVar

from app.kit.loop_turns import current_tenant

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
AT_A_TIME: Final = 500


class DataLoader(Generic[K, V]):
    """Gives the value of a key, or None. `read` is asked for many keys and leaves out those without a value.

    Each tenant's reads are its own: nobody's wait for those of another.
    """

    def __init__(self, read: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._read = read
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[Hashable, dict[K, list[asyncio.Future[V | None]]]] = {}

    async def find(self, key: K) -> V | None:
        """The key's value; raises what `read` raises."""
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        tenant = current_tenant()
        waiting = self._waiting.get(tenant)
        if waiting is None:
            waiting = self._waiting[tenant] = {}
            task = asyncio.create_task(self._read_all(tenant, waiting), name="data-loader")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        waiting.setdefault(key, []).append(answer)
        return await answer

    async def _read_all(self, tenant: Hashable, waiting: dict[K, list[asyncio.Future[V | None]]]) -> None:
        try:
            while waiting:
                asked = {key: waiting.pop(key) for key in list(waiting)[:AT_A_TIME]}
                try:
                    found = await self._read(list(asked))
                except Exception as error:
                    for answer in (one for answers in asked.values() for one in answers if not one.done()):
                        answer.set_exception(error)
                    continue
                for key, answers in asked.items():
                    for answer in answers:
                        if not answer.done():  # whoever asked may have left meanwhile
                            answer.set_result(found.get(key))
        finally:
            del self._waiting[tenant]
