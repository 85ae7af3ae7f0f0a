"""Tries, from inside a child, what its cell is to prevent: what is missing on this system is seen, not assumed."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Final

PROTECTIONS: Final[Mapping[str, str]] = {
    "user": "children run as root",
    "environment": "children see the environment of the service",
    "files": "children can read other files of this machine: the kernel has no Landlock, or it is switched off",
    "network": "children reach the network and sockets of this machine: the kernel takes no seccomp filter",
    "processes": "children can start processes: the kernel takes no seccomp filter",
    "programs": "children can start programs: the kernel takes no seccomp filter",
    "signals": "children can send signals to other processes",
    "tracing": "children can look into other processes",
    "threads": "the threads of a child are not counted by themselves: there is neither a user nor a namespace for it",
    "limits": "children have no limits on files and descriptors",
}
"""What children are kept from, and what it means when one of them gets through."""
MINOR: Final = {"threads"}
"""What memory and time limit as well; containers give their users no namespaces."""
_PTRACE_PEEKDATA: Final = 2


def try_everything(closed: Sequence[str] = ()) -> dict[str, bool]:
    """Which of the protections hold. `closed` are files that exist and are not for a child."""
    parent = os.getppid()
    return {
        "user": 0 not in (*os.getresuid(), *os.getresgid()),
        "environment": not os.environ,
        "files": all(_refused(lambda path=path: open(path).close()) for path in ("/etc/passwd", *closed)),  # type: ignore[misc]
        "network": _refused(lambda: socket.socket(socket.AF_INET).close())
        and _refused(lambda: socket.socket(socket.AF_UNIX).close()),
        "processes": _refused(_fork),
        "programs": _refused(lambda: os.execv("/no/such/program", ["program"])),
        "signals": _refused(lambda: os.kill(parent, 0)),
        "tracing": _refused(lambda: _peek(parent)) and _refused(lambda: open(f"/proc/{parent}/environ").close()),
        "threads": resource.getrlimit(resource.RLIMIT_NPROC)[1] != resource.RLIM_INFINITY,
        "limits": resource.getrlimit(resource.RLIMIT_CORE)[1] == 0
        and resource.RLIM_INFINITY
        not in (resource.getrlimit(what)[1] for what in (resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)),
    }


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False  # something else was in the way, such as that there is no such program
    return False


def _fork() -> None:
    if pid := os.fork():
        os.waitpid(pid, 0)
    else:
        os._exit(0)


def _peek(process: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace(_PTRACE_PEEKDATA, process, None, None)
    if number := ctypes.get_errno():  # of a process that is not traced: no such one, unless the call itself is refused
        raise OSError(number, os.strerror(number))
