"""Everything a child is confined by, found out once by the fork server and put on by each child: decision 0026."""

from __future__ import annotations

import os
import resource
import signal
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from app.kit.sandbox.cell import landlock, seccomp
from app.kit.sandbox.cell.libraries import NULL, library_paths
from app.kit.sandbox.cell.opened_code import Covered, open_code
from app.kit.sandbox.cell.system_calls import (
    CLONE_NEWUSER,
    PR_SET_DUMPABLE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_PDEATHSIG,
    drop_capabilities,
    prctl,
    unshare,
)
from app.kit.sandbox.cell.users import Users, find_users, in_a_process

_THREADS: Final = 64 + 4 * (os.cpu_count() or 1)
"""Of a child with a user of its own. Readers take one or two for each processor."""


_OWN: Final = ("/proc/self/cgroup",)
"""DuckDB looks there for its limits, and takes a refusal for a fault of the disk."""


class Lent(NamedTuple):
    """Files that a child may read, and folders that it may write to: real paths."""

    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


NOTHING: Final = Lent()


class Confinement(NamedTuple):
    """What this system offers. What it does not is None or 0, and said by `try_everything` from inside a child.

    `counted`: where there is no user for each child, its threads are counted in a namespace of its own.
    """

    users: Users | None
    counted: bool
    landlock: int
    seccomp: bool
    libraries: tuple[landlock.Rule, ...]
    covered: Covered

    def enter(self, lent: Lent, server: int) -> dict[str, str]:
        """Lock this process in; from then on it has what was lent to it under other names, which are returned.

        `server` is the parent, whose end is to be this process's end as well. Raises OSError: something that the system
        offers could not be had, and nothing hostile may be read.
        """
        names: dict[str, str] = {}
        rules = [*self.libraries]
        for rights, paths in ((landlock.READ, lent.files), (landlock.CHANGE, lent.folders)):
            for path in paths:
                with suppress(FileNotFoundError):  # whoever wants to read it will be told so
                    descriptor = os.open(self.covered.real(path), os.O_RDONLY | os.O_CLOEXEC)
                    names[path] = f"/proc/self/fd/{descriptor}"
                    if self.users:
                        _give(descriptor, self.users.owner)
                    if self.landlock:
                        rules.append(landlock.make_rule(self.landlock, descriptor, rights))
        if self.landlock:
            for path in _OWN:
                with suppress(OSError):  # it stays open, as a rule is about what is there now
                    rules.append(
                        landlock.make_rule(self.landlock, os.open(path, os.O_PATH | os.O_CLOEXEC), landlock.READ)
                    )
        os.environ.clear()
        os.umask(0o077)
        os.chdir("/")
        if self.users:
            self.users.become()
        elif self.counted:
            unshare(CLONE_NEWUSER)
        if self.users or self.counted:
            most = min(_THREADS, *(limit for limit in resource.getrlimit(resource.RLIMIT_NPROC) if limit >= 0))
            resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
        if not self.users:
            drop_capabilities()
        prctl(PR_SET_DUMPABLE, 0)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # again: a change of the user undoes it
        if os.getppid() != server:
            raise ProcessLookupError("the fork server is gone")
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        if self.landlock:
            landlock.restrict(self.landlock, rules)
        for rule in self.libraries:
            os.close(rule.descriptor)
        for _, descriptor in self.covered:
            os.close(descriptor)
        if self.seccomp:
            seccomp.restrict()
        return names


def _give(descriptor: int, owner: int) -> None:
    """Let children open what is lent, by this descriptor alone: the folders above it are closed to them.

    The content of a file stays as it is: its new owner may read it only.
    """
    state = os.fstat(descriptor)
    is_folder = stat.S_ISDIR(state.st_mode)
    if state.st_uid == owner:
        return
    try:
        os.fchown(descriptor, owner, -1)
        os.fchmod(descriptor, 0o700 if is_folder else 0o400)
    except OSError:  # a share that does not let root give files away
        os.fchmod(descriptor, 0o777 if is_folder else 0o444)


def find_confinement(needed: Sequence[str | None]) -> Confinement:
    """What this system offers; `needed` are files of modules that were imported, any of which may import more.

    It may put this process into a view of the files of its own.
    """
    libraries, covered, users = library_paths(sys.path), Covered(), None
    if os.geteuid() == 0:
        if in_a_process(lambda: open_code(libraries)):  # all of it or nothing
            covered = open_code(libraries)
        users = find_users([*libraries, *(Path(file) for file in needed if file)])
    counted = users is None and in_a_process(lambda: unshare(CLONE_NEWUSER))
    version, filters = landlock.landlock_version(), seccomp.is_known()
    if filters:
        seccomp.prepared()
    rules: list[landlock.Rule] = []
    if version:
        landlock.attributes(version)
        for path, rights in [(path, landlock.READ) for path in libraries] + [(Path(NULL), landlock.CHANGE)]:
            with suppress(OSError):
                rules.append(landlock.make_rule(version, os.open(path, os.O_PATH | os.O_CLOEXEC), rights))
    return Confinement(users, counted, version, filters, tuple(rules), covered)


def seen_as(value: object, names: dict[str, str]) -> object:
    """Arguments as a child has to have them: what was lent, and what is in a folder that was, by the names it sees."""
    if isinstance(value, str):
        return _renamed(value, names)
    if isinstance(value, Path):
        return Path(_renamed(str(value), names))
    if isinstance(value, list):
        return [seen_as(each, names) for each in value]
    if isinstance(value, dict):
        return {key: seen_as(each, names) for key, each in value.items()}
    return tuple(seen_as(each, names) for each in value) if type(value) is tuple else value


def _renamed(text: str, names: dict[str, str]) -> str:
    if text in names:
        return names[text]
    return next((f"{new}{text[len(old) :]}" for old, new in names.items() if text.startswith(f"{old}/")), text)
