"""Where the embedded PostgreSQL keeps its data and its socket, and who may own these folders."""

from __future__ import annotations

import hashlib
import logging
import os
import pwd
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.kit.postgres.programs import VERSION, PostgresNotStarted
from app.kit.postgres.system_user import FALLBACK, SystemUser, is_reachable, open_fallback

log = logging.getLogger("tranche.postgres")
SOCKET_PATH_BYTES: Final = 80
"""A unix socket's path holds 107 bytes; PostgreSQL adds `/.s.PGSQL.5432.lock`, and its own list a little."""
_PLAIN: Final = re.compile(r"[\w./+~ %#?&=@:;!()\[\]{}-]+")
"""What a folder of sockets may be called: PostgreSQL and its drivers read a list there, with commas and quotes."""


def data_folder(home: Path, user: SystemUser | None) -> Path:
    """Where the cluster's folder is: in `home`, or where the database's user can reach it.

    Never another one than before: a database that is there and cannot be reached is no reason to begin an empty one.
    """
    if "\n" in str(home):
        raise PostgresNotStarted(f"there is a line break in the path {str(home)!r}: set another TRANCHE_HOME")
    if user is None or (os.path.lexists(home) and not home.is_dir()):
        return home
    fallback = FALLBACK / hashlib.sha256(str(home).encode(errors="replace")).hexdigest()[:12]
    in_home, in_fallback = ((place / f"postgres-{VERSION}").exists() for place in (home, fallback))
    if is_reachable(home, user.uid):
        return fallback if in_fallback and not in_home else home
    if in_home and not in_fallback:
        raise PostgresNotStarted(
            f"the database in {home} is closed to the user {user.name} that it runs as:"
            f" let others pass that folder and those above it (chmod o+x)"
        )
    log.warning("%s is closed to the database's user %s: keeping it in %s", home, user.name, fallback)
    return fallback


def socket_folder(folder: Path) -> Path:
    """Where the server of `folder` listens: beside its data, or in the system's folder for what is temporary."""
    beside = folder / "run"
    try:
        size = len(str(beside).encode())
    except UnicodeEncodeError:
        raise PostgresNotStarted(f"this locale cannot write the name of {str(folder)!a}: set PYTHONUTF8=1") from None
    if size <= SOCKET_PATH_BYTES and _PLAIN.fullmatch(str(beside)):
        return beside
    return Path(tempfile.gettempdir()) / f"tranche-{hashlib.sha256(str(folder).encode()).hexdigest()[:12]}"


def make_folder(folder: Path, user: SystemUser | None) -> None:
    """Make the data folder, and everything above it that is missing, passable for the database's user."""
    if user and FALLBACK in folder.parents:
        open_fallback()
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        if user:
            path.chmod(0o711)


def own(folder: Path, user: SystemUser | None) -> None:
    """Make a folder that is closed to all but the database's user; raises PostgresNotStarted where it is another's.

    The system's folder for temporary files is everybody's: whoever made one of this name there would get the database.
    """
    ours = {os.geteuid(), user.uid if user else os.geteuid()}
    folder.mkdir(0o700, exist_ok=True)
    if folder.is_symlink() and (owner := folder.lstat().st_uid) not in ours:
        raise PostgresNotStarted(f"{folder} is a link that {_name(owner)} made: remove it")
    handle = os.open(folder.resolve(), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if (owner := os.fstat(handle).st_uid) not in ours:
            raise NotOurs(folder, owner, user)
        if user:
            os.fchown(handle, user.uid, user.gid)
        os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


class NotOurs(PostgresNotStarted):
    """A folder of the database belongs to somebody whom it does not run as."""

    def __init__(self, folder: Path, owner: int, user: SystemUser | None) -> None:
        advice = (
            f"the database runs as {user.name}: chown -R {user.name} it" if user else "run the service as that user"
        )
        super().__init__(f"{folder} belongs to {_name(owner)}; {advice}, or set another TRANCHE_HOME")


def _name(uid: int) -> str:
    with suppress(KeyError):
        return f"the user {pwd.getpwuid(uid).pw_name}"
    return f"the user {uid}"
