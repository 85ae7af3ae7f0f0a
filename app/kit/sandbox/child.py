"""The fork server and its children as the service holds them: by sockets.

A child has two. *data* joins it and the service: requests go down as pickle (ours, trusted), answers come up as JSON or
bytes (from a process that has read hostile input, so they are never unpickled). *status* joins the service and the
server: pid and exit code come up, and a hang-up asks for SIGKILL. Only the server, which reaps the children, sends
signals to them, so a pid in its second life is never hit.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from subprocess import DEVNULL, Popen, TimeoutExpired
from types import TracebackType

from app.kit.sandbox.errors import ChildLost, ResourceLimitExceeded
from app.kit.sandbox.server import CHUNK, HEAD, NUMBER, serve

START_SECONDS = 60.0  # for a new server to import its modules
KILL_SECONDS = 5.0  # a killed process is gone in milliseconds unless the kernel holds it
_JSON_SHARE = 8  # a MiB of JSON becomes 20 MiB of memory if made to hurt
_HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # the picture of a camera is 10,000 page faults without
_FOR_PYTHON = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")
"""Without the first two a Python in an unusual place does not start. Secrets are in others, and children have none."""


class Child:
    """One child process; it is gone when `exit_code` or `kill` has returned. Its sockets close with the block."""

    def __init__(self, data: socket.socket, status: socket.socket) -> None:
        self._data, self._status = data, status

    def __enter__(self) -> Child:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._data.close()
        self._status.close()

    async def send(self, request: bytes) -> None:
        """Send a request; that the child has died is for those to notice who want its answer."""
        with suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(self._data, request)

    async def receive(self, most: int) -> tuple[bytes, bytearray] | None:
        """The next answer: its kind and its body, of at most so many bytes; None when the child dies instead.

        ResourceLimitExceeded: it is larger.
        """
        head = await self._read(HEAD.size)
        if head is None:
            return None
        kind, size = HEAD.unpack(head)
        room = most if kind == b"B" else most // _JSON_SHARE
        if size > room:
            raise ResourceLimitExceeded(f"The result is larger than {room:,} bytes.")
        body = await self._read(size)
        return None if body is None else (kind, body)

    async def _read(self, size: int) -> bytearray | None:
        loop, buffer, got = asyncio.get_running_loop(), bytearray(size), 0
        with suppress(ConnectionError), memoryview(buffer) as view:
            while got < size:
                count = await loop.sock_recv_into(self._data, view[got : got + CHUNK])
                if not count:
                    return None
                got += count
        return buffer if got == size else None

    async def exit_code(self) -> int | None:
        """Its exit code, negative for a signal, once it has ended; None when the server went with it."""
        code = await asyncio.get_running_loop().sock_recv(self._status, NUMBER.size)
        return int(NUMBER.unpack(code)[0]) if code else None

    def hang_up(self) -> None:
        """Ask the server for SIGKILL; who waits for an answer or the exit code gets what then comes."""
        with suppress(OSError):
            self._status.shutdown(socket.SHUT_WR)

    async def kill(self) -> None:
        """Hang up, and wait until the server has reaped the child."""
        self.hang_up()
        with suppress(OSError):
            async with asyncio.timeout(KILL_SECONDS):
                while await asyncio.get_running_loop().sock_recv(self._status, NUMBER.size):
                    pass


class ForkServer:
    """The process that imports the modules once and forks the children. It starts with the first of them."""

    def __init__(self, preload: Sequence[tuple[str, str | None]]) -> None:
        self._preload = preload
        self._running: tuple[Popen[bytes], socket.socket] | None = None
        self._stopped = False

    def allow(self) -> None:
        """Let it start, again after a stop."""
        self._stopped = False

    async def stop(self) -> None:
        """Kill the children and end the server."""
        self._stopped = True
        if self._running:
            (process, control), self._running = self._running, None
            control.close()
            try:
                await asyncio.to_thread(process.wait, KILL_SECONDS)
            except TimeoutExpired:
                process.kill()

    async def fork(self) -> Child:
        """A new child. A server that died meanwhile is replaced. ChildLost: there is none to be had."""
        loop = asyncio.get_running_loop()
        for _ in range(3):
            server = process, control = self._server()
            with ExitStack() as ours:
                (data, child_data), (status, child_status) = socket.socketpair(), socket.socketpair()
                for mine in (data, status):
                    ours.enter_context(mine).setblocking(False)
                with child_data, child_status, suppress(OSError):
                    socket.send_fds(control, [b"+"], [child_data.fileno(), child_status.fileno()])
                with suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(START_SECONDS):
                        pid = await loop.sock_recv(status, NUMBER.size)
                    if any(pid):
                        ours.pop_all()
                        return Child(data, status)
                    if pid:
                        raise ChildLost("The system has no room for another process.").because_of(None)
            control.close()
            process.kill()
            process.wait()
            if self._running == server:
                self._running = None
        raise ChildLost("The fork server does not start.").because_of(None)

    def _server(self) -> tuple[Popen[bytes], socket.socket]:
        if self._stopped:
            raise ChildLost("The sandbox is stopped.")
        if self._running is None:
            control, theirs = socket.socketpair()
            control.setblocking(False)
            server = serve.__module__
            code = f"import sys; sys.path[:] = {sys.path!r}; from {server} import serve; serve({self._preload!r})"
            command = [sys.executable, "-c", code]
            environment = {name: os.environ[name] for name in _FOR_PYTHON if name in os.environ} | _HUGE_PAGES
            with theirs:  # a session of its own, because a Ctrl-C in the terminal is for the service
                process = Popen(command, stdin=theirs.fileno(), stdout=DEVNULL, env=environment, start_new_session=True)
            self._running = process, control
        return self._running
