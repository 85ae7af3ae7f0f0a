"""Which process a worker is, so that the other processes of its machine can tell that it is gone.

A process id alone says nothing: containers with one host name each have a process 1, and a number is given again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self
from uuid import UUID

PROC: Final = Path("/proc")
_NAMESPACES: Final = ("pid", "time")
"""Process ids are those of a PID namespace; start times are told by the clock of a time namespace."""


class Identity(NamedTuple):
    """A process, told from all others.

    `boot_id` is of the kernel since its start, `start_ticks` is field 22 of /proc/PID/stat: clock ticks between the
    kernel's start and the process's (proc_pid_stat(5)).
    """

    boot_id: UUID
    namespaces: str
    pid: int
    start_ticks: int

    @classmethod
    def of_this_process(cls) -> Self | None:
        """None where the kernel does not tell, or tells of other namespaces than this process's own."""
        try:
            if os.readlink(PROC / "self") != str(os.getpid()):
                return None  # /proc was mounted outside: its numbers are not ours
            boot_id = UUID((PROC / "sys/kernel/random/boot_id").read_text().strip())
            namespaces = " ".join(os.readlink(PROC / "self/ns" / name) for name in _NAMESPACES)
            ticks = _start_ticks(os.getpid())
        except (OSError, ValueError):
            return None
        return None if ticks is None else cls(boot_id, namespaces, os.getpid(), ticks)

    def is_gone(self, other: Identity) -> bool:
        """Whether the other process has certainly ended; False for what cannot be seen from here."""
        if (self.boot_id, self.namespaces) != (other.boot_id, other.namespaces):
            return False
        try:
            os.kill(other.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass  # it exists and is another user's
        ticks = self.start_ticks if other.pid == self.pid else _start_ticks(other.pid)
        return ticks is not None and ticks != other.start_ticks


def _start_ticks(pid: int) -> int | None:
    """When a process started; 0 for one that has ended and waits for its parent; None when that cannot be read."""
    with suppress(OSError, ValueError, IndexError):
        # The name is in brackets and may contain anything, also brackets. It is field 2, the state field 3.
        state, *fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        return 0 if state in ("Z", "X", "x") else int(fields[18])
    return None
