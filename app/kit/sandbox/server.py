"""The fork server of the sandbox and its children: the side that runs outside the service (see `sandbox.py`)."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import json
import os
import pickle
import resource
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from types import ModuleType
from typing import NamedTuple

from app.kit.sandbox.cell.confinement import Confinement, Lent, find_confinement, seen_as

NUMBER = struct.Struct("=i")  # on *status*: the pid (0: the fork failed), then the exit code (negative: the signal)
HEAD = struct.Struct("=cQ")  # on *data* before each answer: its kind, and the bytes of its body
OUT_OF_MEMORY = 137  # an exit code needs no memory, a message would
NOT_CONFINED = 136
CHUNK = 1 << 18  # more than the kernel's default socket buffer holds (208 KiB)
_OPEN_FILES, _FILE_BYTES, _ERROR_BYTES = 256, 1 << 30, 1 << 16
_GROUP_NICENESS = 5
_STACK_CHARACTERS = 8000
_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_KEPT_BYTES, _LARGE_BYTES = 1 << 28, 1 << 25  # glibc takes no threshold over 32 MiB
_sizes: list[int] = []
"""Where a child reads its size."""


class Call(NamedTuple):
    """What the child needs before it can unpickle the arguments."""

    module: str
    qualname: str
    file: str | None


class Limits(NamedTuple):
    """What a child is told first: the limits that it gives itself, what it will call, and what is lent to it."""

    path: list[str]
    memory_bytes: int
    cpu_seconds: int
    calls: list[Call]
    lent: Lent
    niceness: int


def serve(preload: list[tuple[str, str | None]]) -> None:
    """Fork on request over standard input until the service hangs up or dies; then kill every child."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(1, 0)
    for name, file in preload:
        _module(name, file)
    confinement = find_confinement([getattr(module, "__file__", None) for module in list(sys.modules.values())])
    _lower_priority()
    gc.freeze()  # else the collector's marks would copy every page in every child
    _keep_memory()
    wake, alarm = socket.socketpair()
    alarm.setblocking(False)
    signal.set_wakeup_fd(alarm.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[socket.socket, int] = {}
    killed: set[socket.socket] = set()
    while True:
        killed &= children.keys()
        for ready in select.select([control, wake, *children.keys() - killed], [], [])[0]:
            if ready is wake:
                wake.recv(CHUNK)
                for status, pid in list(children.items()):
                    if (code := _ended(pid)) is not None:
                        del children[status]
                        with status, suppress(OSError):
                            status.sendall(NUMBER.pack(code))
            elif ready is control:
                fds = socket.recv_fds(control, 1, 2)[1]
                if not fds:
                    for pid in children.values():
                        _kill_group(pid)
                    return
                data, status = (socket.socket(fileno=fd) for fd in fds)
                pid = _fork(data, [control, wake, alarm, status, *children], confinement)
                data.close()
                with suppress(OSError):
                    status.sendall(NUMBER.pack(pid))
                if pid:
                    children[status] = pid
                else:
                    status.close()
            elif ready in children:
                _kill_group(children[ready])
                killed.add(ready)


def _lower_priority() -> None:
    """Let all children together count as much as three of niceness 10, where the kernel groups by session.

    There (autogroup, see sched(7)) niceness counts within a session only, and each session has its own: a child in a
    session by itself had as much of the processors as the whole service, however nice it was.
    """
    with suppress(OSError), open("/proc/self/autogroup", "w") as group:
        group.write(str(_GROUP_NICENESS))


def _keep_memory() -> None:
    """Let children keep what they free: to take it from the system again costs a page fault for every 4 KiB.

    A reader of PDFs frees a page's buffers and takes the next page's: half of its page faults were these.
    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def _ended(pid: int) -> int | None:
    """The exit code of a child that ended. Its group is killed while the pid still belongs to it."""
    if not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        return None
    _kill_group(pid)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _kill_group(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # before the child has called setpgid there is no such group
        with suppress(ProcessLookupError):
            kill(pid, signal.SIGKILL)


def _fork(data: socket.socket, inherited: list[socket.socket], confinement: Confinement) -> int:
    """The pid of a new child, or 0 when the system has no room for one."""
    server = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        return 0
    if pid:
        return pid
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for other in inherited:
            other.close()
        os.setpgid(0, 0)  # in the session of the server: see _lower_priority
        os.dup2(1, 2)  # warnings about hostile input do not belong in the service's log
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == server:
            code = _serve_calls(data.detach(), confinement, server)
    except MemoryError:
        code = OUT_OF_MEMORY
    finally:
        os._exit(code)


def _serve_calls(data: int, confinement: Confinement, server: int) -> int:
    """Read what is asked for, go into the cell, and answer one call after the other; the exit code.

    The functions are found first: their modules are ours or the operator's, and a cell may have no way to them.
    """
    with open(data, "rb", closefd=False) as stream:
        limits: Limits = pickle.load(stream)
        sys.path[:] = limits.path
        functions = [_found(call) for call in limits.calls]
        _limit(limits)
        try:
            names = confinement.enter(limits.lent, server)
        except OSError:
            return NOT_CONFINED
        for function in functions:
            kind, body = _answer(function, pickle.load(stream), names)
            _send(data, HEAD.pack(kind, len(body)))
            _send(data, body)
    return 0


def _send(data: int, content: bytes) -> None:
    with memoryview(content) as rest:  # by write, as a socket's own calls are closed to a child
        sent = 0
        while sent < len(content):
            sent += os.write(data, rest[sent:])


def _found(call: Call) -> Callable[..., object] | BaseException:
    """The function, or why there is none."""
    try:
        function: Callable[..., object] = attrgetter(call.qualname)(_module(call.module, call.file))
    except MemoryError:
        raise
    except BaseException as error:
        return error
    return function


def _answer(
    function: Callable[..., object] | BaseException, arguments: bytes, names: dict[str, str]
) -> tuple[bytes, bytes]:
    """Call the function and encode what comes of it: J(SON), B(ytes) or E(xception)."""
    try:
        if isinstance(function, BaseException):
            raise function
        result = function(*(seen_as(each, names) for each in pickle.loads(arguments)))
        return (b"B", result) if isinstance(result, bytes) else (b"J", json.dumps(result).encode())
    except MemoryError:
        raise
    except BaseException as error:
        carried = None
        with suppress(TypeError, ValueError, RecursionError):
            carried = json.dumps([error.args, vars(error)])
        if carried and len(carried) > _ERROR_BYTES:
            carried = None
        kind, stack = type(error), "".join(traceback.format_tb(error.__traceback__, -5))[-_STACK_CHARACTERS:]
        return b"E", json.dumps([kind.__module__, kind.__qualname__, str(error)[:2000], stack, carried]).encode()


def mapped_bytes() -> int:
    """Address space of this process, in bytes."""
    if _sizes:
        return int(os.pread(_sizes[0], 100, 0).split()[0]) * resource.getpagesize()
    with open("/proc/self/statm") as sizes:
        return int(sizes.read().split()[0]) * resource.getpagesize()


def _limit(limits: Limits) -> None:
    os.nice(limits.niceness)
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("1000")  # the first to go when the machine runs out of memory
    _sizes.append(os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC))  # in the cell it could not be opened
    memory = mapped_bytes() + limits.memory_bytes
    for what, soft, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (
            resource.RLIMIT_CPU,
            limits.cpu_seconds,
            limits.cpu_seconds + 1,
        ),  # SIGXCPU at the first, SIGKILL at the second
        (resource.RLIMIT_FSIZE, _FILE_BYTES, _FILE_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        ceiling = resource.getrlimit(what)[1]
        if ceiling != resource.RLIM_INFINITY:
            soft, hard = min(soft, ceiling), min(hard, ceiling)
        resource.setrlimit(what, (soft, hard))


def _module(name: str, file: str | None) -> ModuleType:
    """The module of this name if it is the one of this file, else the file loaded under this name."""
    with suppress(ImportError, ValueError):
        found = importlib.util.find_spec(name)
        if found and file in (None, found.origin):
            return importlib.import_module(name)
    if name == "__main__":
        name = "__mp_main__"  # as in multiprocessing: a script must only define its functions, not run again
    spec = importlib.util.spec_from_file_location(name, file)
    if not spec or not spec.loader:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    # Compiled here: what Python keeps beside the file tells changes by whole seconds, and there may be two in one.
    with open(str(file), "rb") as source:
        exec(compile(source.read(), str(file), "exec", dont_inherit=True), vars(module))  # noqa: S102 - an import
    return module
