"""Runs one CPU-bound or hostile function call in a child process with limits, without blocking the event loop.

A fork server imports the heavy modules once and forks a fresh process for each call, so that every call starts with
clean limits and leaves nothing behind. Each call has two socket pairs. *data* joins caller and child: the request goes
down as pickle (ours, trusted), the answer comes up as JSON or bytes (from a process that has read hostile input, so it
is never unpickled). *status* joins caller and server: pid and exit code come up, and a hang-up asks for SIGKILL. Only
the server, which reaps the children, sends signals to them, so a pid in its second life is never hit.

Measured on 2 cores, Python 3.11: 5 ms a call (6 ms with pypdfium2 and Pillow preloaded), 3 ms each when two run side by
side; 100 ms (300 ms) for the first one, which starts the server. These are limits, not a jail: a child keeps the user,
the network and the file system of the service. Linux only.
"""

from __future__ import annotations

import asyncio
import builtins
import importlib
import inspect
import json
import os
import pickle
import re
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from operator import attrgetter
from subprocess import DEVNULL, Popen, TimeoutExpired
from typing import TypeVar, cast

from app.kit.json_reading import parse_json
from app.kit.sandbox_server import CHUNK, NUMBER, OUT_OF_MEMORY, Call, serve

T = TypeVar("T")
Preload = Sequence[str | tuple[str, str]]
"""Modules by name, or by name and file for those that cannot be imported by name."""

_NAME = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")
_START_SECONDS = 60.0  # for a new server to import its modules
_KILL_SECONDS = 5.0  # a killed process is gone in milliseconds unless the kernel holds it
_JSON_SHARE = 8  # a MiB of JSON becomes 20 MiB of memory if made to hurt


class SandboxError(Exception):
    """The call did not end by itself. `code` is stable, `message` is one sentence."""

    code = "SANDBOX_ERROR"

    @property
    def message(self) -> str:
        return str(self)


class ResourceLimitExceeded(SandboxError):
    """The call wanted more memory, processor time or result bytes than it may have."""

    code = "RESOURCE_LIMIT"


class SandboxTimeout(SandboxError):
    """The call took longer than its wall time."""

    code = "TIMEOUT"


class SandboxCrashed(SandboxError):
    """The child died of a signal, left by itself, or raised an exception that cannot be carried across."""

    code = "CHILD_CRASHED"


class Sandbox:
    """At most `workers` child processes at once; a call beyond that waits for its turn.

    `memory_bytes` is the address space a call may add to what the preloaded modules already map, `cpu_seconds` its
    processor time, `max_result` the size of its answer in bytes (JSON may have an eighth of that). `preload` names the
    modules that the server imports once.
    """

    def __init__(
        self, *, workers: int, memory_bytes: int, cpu_seconds: int, preload: Preload = (), max_result: int = 2**26
    ) -> None:
        self._memory_bytes, self._cpu_seconds, self._max_result = memory_bytes, cpu_seconds, max_result
        self._preload = [(entry, None) if isinstance(entry, str) else entry for entry in preload]
        self._slots = asyncio.Semaphore(workers)
        self._server: tuple[Popen[bytes], socket.socket] | None = None
        self._stopped = False

    async def start(self) -> None:
        """Start the fork server and wait until it has imported its modules. SandboxCrashed: it cannot."""
        self._stopped = False
        await self.run(os.getpid, timeout=_START_SECONDS)

    async def stop(self) -> None:
        """Kill what still runs (those calls raise SandboxCrashed) and end the fork server."""
        self._stopped = True
        if self._server:
            (process, control), self._server = self._server, None
            control.close()
            try:
                await asyncio.to_thread(process.wait, _KILL_SECONDS)
            except TimeoutExpired:
                process.kill()

    async def run(
        self, function: Callable[..., T] | str, *args: object, timeout: float, memory_bytes: int | None = None
    ) -> T:
        """Call `function(*args)` in a child of its own and return what it returned.

        A function of the top level of a module, or its name as `package.module:function`: then only the child imports
        the module, and the caller says what type the result has. It is found by its module and name, or through its
        module's file when that cannot be imported by name. ValueError: it can have no such name; AttributeError and
        ModuleNotFoundError: there is none of that name.

        Arguments are pickled. The result is a JSON value, or bytes; tuples come back as lists. `timeout` is in seconds
        of wall time from the moment the child exists; `memory_bytes` replaces the sandbox's own.

        What the function raises is raised here as well if its class is a built-in one, of the function's own module or
        of the service, and its arguments and attributes are JSON values; anything else becomes SandboxCrashed.
        Cancelling kills the child. When this returns or raises, the child is gone.
        """
        module, qualname, file = _find(function)
        call = Call(module, qualname, file, sys.path, memory_bytes or self._memory_bytes, self._cpu_seconds)
        request = pickle.dumps(call) + pickle.dumps(args)
        loop = asyncio.get_running_loop()
        async with self._slots:
            data, status = await self._spawn()
            with data, status:
                try:
                    async with asyncio.timeout(timeout):
                        answer = await self._exchange(data, request)
                        code = await loop.sock_recv(status, NUMBER.size)
                except BaseException as error:
                    await _kill(status)
                    if isinstance(error, TimeoutError):
                        raise SandboxTimeout(f"{qualname} took longer than {timeout:g} seconds.") from None
                    raise
        return cast(T, await _outcome(call, code, answer))

    async def _exchange(self, data: socket.socket, request: bytes) -> bytearray:
        """Send the request and return all that the child answers."""
        loop = asyncio.get_running_loop()
        answer = bytearray()
        with suppress(ConnectionError):  # it died: the exit code says of what
            await loop.sock_sendall(data, request)
            while chunk := await loop.sock_recv(data, CHUNK):
                answer += chunk
                room = self._max_result if answer[:1] == b"B" else self._max_result // _JSON_SHARE
                if len(answer) > room + 1:
                    raise ResourceLimitExceeded(f"The result is larger than {room:,} bytes.")
        return answer

    async def _spawn(self) -> tuple[socket.socket, socket.socket]:
        """A new child: our ends of its data and its status sockets. A server that died meanwhile is replaced."""
        loop = asyncio.get_running_loop()
        for _ in range(3):
            server = process, control = self._running_server()
            with ExitStack() as ours:
                (data, child_data), (status, child_status) = socket.socketpair(), socket.socketpair()
                for mine in (data, status):
                    ours.enter_context(mine).setblocking(False)
                with child_data, child_status, suppress(OSError):
                    socket.send_fds(control, [b"+"], [child_data.fileno(), child_status.fileno()])
                with suppress(TimeoutError, ConnectionError):
                    async with asyncio.timeout(_START_SECONDS):
                        pid = await loop.sock_recv(status, NUMBER.size)
                    if any(pid):
                        ours.pop_all()
                        return data, status
                    if pid:
                        raise SandboxCrashed("The system has no room for another process.")
            control.close()
            process.kill()
            process.wait()
            if self._server == server:
                self._server = None
        raise SandboxCrashed("The fork server does not start.")

    def _running_server(self) -> tuple[Popen[bytes], socket.socket]:
        if self._stopped:
            raise SandboxCrashed("The sandbox is stopped.")
        if self._server is None:
            control, theirs = socket.socketpair()
            control.setblocking(False)
            server = serve.__module__
            code = f"import sys; sys.path[:] = {sys.path!r}; from {server} import serve; serve({self._preload!r})"
            command = [sys.executable, "-c", code]
            with theirs:  # a session of its own, because a Ctrl-C in the terminal is for the service
                process = Popen(command, stdin=theirs.fileno(), stdout=DEVNULL, start_new_session=True)
            self._server = process, control
        return self._server


def _find(function: Callable[..., object] | str) -> tuple[str, str, str | None]:
    """Module, name and file of a function; of one that is only named the file is known if its module is loaded here."""
    if isinstance(function, str):
        found = _NAME.fullmatch(function)
        if not found:
            raise ValueError(f"{function} is not the name of a function, such as package.module:function.")
        return found[1], found[2], getattr(sys.modules.get(found[1]), "__file__", None)
    qualname = getattr(function, "__qualname__", "<no name>")
    if "<" in qualname:
        raise ValueError(f"{qualname} is not a function at the top level of a module.")
    return function.__module__, qualname, getattr(inspect.unwrap(function), "__globals__", {}).get("__file__")


async def _kill(status: socket.socket) -> None:
    """Hang up, which asks the server for SIGKILL, and wait until the server has reaped the child."""
    with suppress(OSError):
        status.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(_KILL_SECONDS):
            while await asyncio.get_running_loop().sock_recv(status, NUMBER.size):
                pass


async def _outcome(call: Call, code: bytes, answer: bytearray) -> object:
    if not code:
        raise SandboxCrashed(f"{call.qualname} was stopped.")
    (number,) = NUMBER.unpack(code)
    if number == -signal.SIGXCPU:
        raise ResourceLimitExceeded(f"{call.qualname} used more than {call.cpu_seconds} seconds of processor time.")
    if number == OUT_OF_MEMORY:
        raise ResourceLimitExceeded(f"{call.qualname} needed more than {call.memory_bytes:,} bytes of memory.")
    if number == -signal.SIGABRT:  # PDFium and the C++ runtime abort when an allocation fails, and say it nowhere
        raise ResourceLimitExceeded(f"{call.qualname} was aborted: {call.memory_bytes:,} bytes of memory were too few.")
    if number or not answer:
        cause = f"died of {signal.Signals(-number).name}" if number < 0 else f"left with exit code {number}"
        raise SandboxCrashed(f"{call.qualname} {cause}.")
    kind, body = answer[:1], answer[1:]
    if kind == b"B":
        return bytes(body)
    try:
        value = await parse_json(body)
        error = _rebuild(call.module, *value) if kind == b"E" else None
    except (ValueError, TypeError, RecursionError):
        raise SandboxCrashed(f"{call.qualname} answered with something that is not JSON.") from None
    if error:
        raise error
    return value


def _rebuild(home: str, module: str, qualname: str, text: str, stack: str, carried: str | None) -> Exception:
    """The exception of the child, or SandboxCrashed when its class is not one of ours or refuses."""
    error: Exception = SandboxCrashed(f"{module}.{qualname}: {text}")
    if carried and (module in (home, builtins.__name__) or module.startswith("app.")):
        args, state = json.loads(carried)
        with suppress(ImportError, AttributeError, TypeError):
            kind = attrgetter(qualname)(importlib.import_module(module))
            if isinstance(kind, type) and issubclass(kind, Exception):
                # Not kind(*args): the __init__ of our classes may take other arguments than it leaves in `args`.
                error = kind(*args) if module == builtins.__name__ else kind.__new__(kind, *args)
                error.__dict__.update(state)
    error.add_note(f"In the child process:\n{stack}")
    return error
