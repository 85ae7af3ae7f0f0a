"""uvicorn as it serves here: it sleeps until a signal comes, and then ends what is under way within seconds."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from email.utils import formatdate
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.server import ServerState

from app.kit.ending import Ending
from app.kit.web.connection_guard import GuardedProtocol, guarded
from app.kit.web.door import Door
from app.kit.web.proxies import TrustedProxies
from app.settings import Settings

REQUEST_END_SECONDS: Final = 2.0
"""How long requests go on once the process is asked to end."""
CANCEL_SECONDS: Final = 1.0
KEEP_ALIVE_SECONDS: Final = 75
"""Longer than the pools of common clients keep a connection. With uvicorn's own 5 s, which is httpx's as well, a client
could send its request just as the server hung up."""


class _State(ServerState):
    """What uvicorn's connections share. The date is made when it is asked for, once a second, not by a timer."""

    def __init__(self) -> None:
        self._second = -1
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The header that each answer has."""
        second = int(time.time())
        if second != self._second:
            self._second, self._headers = second, [(b"date", formatdate(second, usegmt=True).encode())]
        return self._headers

    @default_headers.setter
    def default_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        self._headers = headers


def _is_about_no_end(record: logging.LogRecord) -> bool:
    """uvicorn logs the traceback of each request that is cancelled because the process ends."""
    return not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)


class Server(uvicorn.Server):
    """uvicorn, which calls `ready` once it serves, and serves until the installation's `Ending` is asked for."""

    def __init__(self, app: FastAPI, ready: Callable[[], None]) -> None:
        settings: Settings = app.state.container.settings
        config = uvicorn.Config(
            app,
            http=guarded(
                settings.request_patience_seconds,
                most_of_address=settings.connections_per_address,
                proxies=TrustedProxies(settings.trusted_proxies.split(",")),
                door=app.state.container.get(Door),
            ),
            ws="none",
            lifespan="on",
            proxy_headers=False,  # the application reads them itself: see kit/web/proxies.py
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        super().__init__(config)
        self.server_state = _State()
        self.ending: Ending = app.state.container.get(Ending)
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn would raise the signal again at the end, and a process that ended well would exit with it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        with self.ending.on_signals():
            yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def main_loop(self) -> None:
        """uvicorn's own wakes ten times a second, to see whether a signal has come."""
        await self.ending.asked.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, let those under way end for a moment, then end everything else."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._end_requests()
        await self.lifespan.shutdown()

    async def _end_requests(self) -> None:
        logging.getLogger("uvicorn.error").addFilter(_is_about_no_end)
        late = await self.ending.wait(self.server_state.tasks, REQUEST_END_SECONDS)
        for connection in list(self.server_state.connections):
            if isinstance(connection, GuardedProtocol):
                connection.refuse_unfinished()
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=CANCEL_SECONDS)
