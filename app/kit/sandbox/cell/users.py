"""The users that children run as where the service runs as root: each child one of its own that nobody else has."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

_FREE: Final = 2_000_000_000, 1 << 22
"""From 1,879,048,192 on nobody gives numbers away (systemd's list of users and groups); those of processes end at
4,194,304."""
_FREE_IN_CONTAINERS: Final = 60_578, 605
"""The free ones among the 65,536 that a container without privileges has (the same list)."""


class Users(NamedTuple):
    """`owner` is whom files are given to that children read or write; a child's real user is one of the `many` from it.

    So children can neither signal nor trace each other, each has a count of threads of its own, and the file that two
    of them read need not be copied.
    """

    owner: int
    many: int

    def become(self) -> None:
        """Turn this process into the child that its number stands for; it has no capabilities then."""
        own = self.owner + 1 + os.getpid() % (self.many - 1)
        os.setgroups([])
        os.setresgid(self.owner, self.owner, self.owner)
        os.setresuid(own, self.owner, own)  # files are opened as the effective user, all else looks at the real one


def find_users(needed: Sequence[Path]) -> Users | None:
    """Users for children; None if the system has none to give, or one could not read what is needed."""

    def read_all(users: Users) -> None:
        users.become()
        for path in needed:
            os.close(os.open(path, os.O_RDONLY))

    offered = (Users(*_FREE), Users(*_FREE_IN_CONTAINERS))
    return next((each for each in offered if _is_mapped(each) and in_a_process(partial(read_all, each))), None)


def in_a_process(work: Callable[[], object]) -> bool:
    """Whether a process of its own gets through this without an exception."""
    pid = os.fork()
    if not pid:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def _is_mapped(users: Users) -> bool:
    """Whether the user namespace of this process has all of them, as users and as groups."""
    for name in ("uid_map", "gid_map"):
        with suppress(OSError):
            lines = Path(f"/proc/self/{name}").read_text().splitlines()
            ranges = [(first, count) for first, _, count in (map(int, line.split()) for line in lines)]
            last = users.owner + users.many - 1
            if not any(first <= users.owner and last < first + count for first, count in ranges):
                return False
    return True
