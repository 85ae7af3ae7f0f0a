"""PostgreSQL refuses to run as root: the system user that it runs as instead, and what that user can reach."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.kit.service import CannotStart

NAME: Final = "tranche"
FALLBACK: Final = Path("/var/lib/tranche")
"""Where root's service keeps what the database's user must reach and cannot reach where it is."""


class NoUserForPostgres(CannotStart):
    """PostgreSQL has nobody to run as; the message says what to do."""


@dataclass(frozen=True, slots=True)
class SystemUser:
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def database_user() -> SystemUser | None:
    """Whom PostgreSQL runs as: the system user where we are root, else None, for who we are."""
    if os.geteuid() == 0:
        return system_user()
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise NoUserForPostgres(
            f"PostgreSQL does not run as a user without a name, and the user {os.geteuid()} has none in /etc/passwd:"
            " run the service as one that has, or set DATABASE_URL"
        ) from None
    return None


def system_user(name: str = NAME) -> SystemUser:
    """The system user `name`, made with `useradd` when it is missing (needs root)."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        with suppress(KeyError):  # a group of that name would have it refused
            command += ["--gid", str(grp.getgrnam(name).gr_gid)]
        try:
            subprocess.run([*command, name], check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)
            entry = pwd.getpwnam(name)
        except (OSError, subprocess.CalledProcessError, KeyError) as error:
            said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) else str(error)
            raise NoUserForPostgres(
                f"PostgreSQL does not run as root, and the system user {name} that it would run as cannot be made"
                f" ({said}): make one, run the service as a plain user, or set DATABASE_URL"
            ) from None
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def is_reachable(path: Path, uid: int) -> bool:
    """Whether the user `uid` can pass the folder and every one above it. Folders that do not exist are no hindrance.

    Folders are looked at, never opened up: making a closed home folder readable is not ours to decide.
    """
    real = path.resolve()
    for folder in (real, *real.parents):
        if not folder.exists():
            continue
        state = folder.stat()
        if not (state.st_mode & stat.S_IXOTH or (state.st_uid == uid and state.st_mode & stat.S_IXUSR)):
            return False
    return True


def open_fallback() -> None:
    """Make the fallback folder, which is ours, passable for everybody, whatever the umask was when it was made."""
    FALLBACK.mkdir(parents=True, exist_ok=True)
    mode = stat.S_IMODE(FALLBACK.stat().st_mode)
    if mode & 0o011 != 0o011:
        FALLBACK.chmod(mode | 0o011)
