"""PostgreSQL refuses to run as root: the system user that it runs as instead, and what that user can reach."""

from __future__ import annotations

import pwd
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "tranche"


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def system_user(name: str = NAME) -> SystemUser:
    """The system user `name`, made with `useradd` when it is missing (needs root)."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
        subprocess.run(command, check=True, capture_output=True)
        entry = pwd.getpwnam(name)
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def is_reachable(path: Path, uid: int) -> bool:
    """Whether the user `uid` can pass every folder above `path`.

    Folders are looked at, never opened up: making a closed home folder readable is not ours to decide.
    """
    for folder in path.absolute().parents:
        if not folder.exists():
            continue
        state = folder.stat()
        if not (state.st_mode & stat.S_IXOTH or (state.st_uid == uid and state.st_mode & stat.S_IXUSR)):
            return False
    return True
