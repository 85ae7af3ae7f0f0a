"""Batches that come in all the time, whatever happens, and readers that follow some of them to their end."""

from __future__ import annotations

import asyncio
import hashlib
import random
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from httpx_sse import SSEError, aconnect_sse

TERMINAL = ("completed", "partial", "failed", "cancelled")
STANDING = 6
"""Batches under way at a time. Each has jobs for two thirds of a minute, so that hardly one ends while nothing can be
submitted, as until the service is ready again."""
EXPECTED = (200, 201, 409, 429, 503, 507)
"""409: the first request under this key is still being worked on."""


@dataclass
class Load:
    """What was acknowledged: batches by id with their numbers of jobs, and contents by name."""

    client: httpx.AsyncClient
    random: random.Random
    jobs: dict[str, int] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    followers: dict[str, list[int]] = field(default_factory=dict)
    strange: list[str] = field(default_factory=list)
    cuts: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: bool = False

    async def run(self) -> None:
        """Keep enough batches under way until stopped."""
        open_batches: set[str] = set()
        while not self.stopping:
            for batch_id in list(open_batches):
                if await self._is_over(batch_id):
                    open_batches.discard(batch_id)
            if len(open_batches) < STANDING:
                open_batches.add(await self._submit(len(self.jobs)))
            else:
                await asyncio.sleep(0.3)

    async def finish(self) -> None:
        """Wait for the readers."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=60)
            for task in self._tasks:
                task.cancel()

    async def _is_over(self, batch_id: str) -> bool:
        reply = await self.ask("GET", f"/api/batches/{batch_id}")
        return reply is not None and reply.json()["batch"]["status"] in TERMINAL

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        """An answer that is one; None for what is expected while something is broken."""
        try:
            reply = await self.client.request(method, path, **options)
        except httpx.HTTPError:
            return None
        if reply.status_code not in EXPECTED:
            self.strange.append(f"{method} {path}: {reply.status_code} {reply.text[:200]}")
        return reply if reply.status_code < 300 else None

    async def _submit(self, number: int) -> str:
        """Submit the same batch under the same key until it is acknowledged."""
        headers = {"Idempotency-Key": f"chaos-{number}"}
        if number % 3:
            count = self.random.randint(160, 320)
            seconds = [round(self.random.uniform(0.3, 3), 2) for _ in range(count)]
            items = [{"record": {"seconds": each}} for each in seconds]
            sent: dict[str, Any] = {"json": {"pipeline": "chaos", "name": f"chaos-{number}", "items": items}}
        else:
            count = 240
            contents = {
                f"{number}-{n}.bin": self.random.randbytes(self.random.randint(1, 60_000)) for n in range(count)
            }
            self.contents |= {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
            form = {"pipeline": "chaos", "name": f"chaos-{number}"}
            sent = {"data": form, "files": [("files", (name, content)) for name, content in contents.items()]}
        path = "/api/batches" if "json" in sent else "/api/jobs/batch"
        while (reply := await self.ask("POST", path, headers=headers, **sent)) is None:
            await asyncio.sleep(0.5)
        batch_id: str = reply.json()["batch_id"]
        self.jobs[batch_id] = count
        if number % 2:
            self._tasks.add(asyncio.create_task(self._follow(batch_id)))
        return batch_id

    async def _follow(self, batch_id: str) -> None:
        """Read the events of a batch to its last, coming back where the stream was cut."""
        seen = self.followers[batch_id] = []
        path = f"/api/batches/{batch_id}/events"
        while True:
            headers = {"Last-Event-ID": str(seen[-1] if seen else 0)}
            with suppress(httpx.HTTPError, SSEError):
                async with aconnect_sse(self.client, "GET", path, headers=headers, timeout=40) as source:
                    async for event in source.aiter_sse():
                        if event.id and event.data and event.event != "bye" and int(event.id) not in seen[-1:]:
                            seen.append(int(event.id))
                        if event.event in {f"batch.{status}" for status in TERMINAL}:
                            return
            self.cuts += 1
            await asyncio.sleep(0.3)
