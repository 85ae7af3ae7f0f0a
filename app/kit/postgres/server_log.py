"""What the embedded PostgreSQL writes to its standard output and error: a file, and the one before it."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from app.kit.postgres.system_user import SystemUser

MOST_BYTES: Final = 2 << 20
"""From so many on the file is emptied. A server that fails at each start, twice a second, fills them in a quarter of an
hour; one that is well writes a few lines a day."""
MOST_READ: Final = 100_000


class ServerLog:
    """`server.log` in a data folder; emptied in place, as the server holds it open and always writes at its end."""

    def __init__(self, data: Path, user: SystemUser | None) -> None:
        self.path, self.before, self._user = data / "server.log", data / "server.log.1", user

    def open(self) -> BinaryIO:
        """To write at its end, as the server's own."""
        return self._open(self.path, os.O_APPEND)

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def since(self, size: int) -> str:
        """What was written since it had that size."""
        with suppress(OSError), self.path.open("rb") as file:
            file.seek(size if self.size() >= size else 0)  # emptied meanwhile
            return file.read(MOST_READ).decode(errors="replace")
        return ""

    def bound(self) -> None:
        """Once it is large, keep it as the one before and empty it; without room for that it is emptied all the same.

        Lines that are written between the two are lost.
        """
        if self.size() < MOST_BYTES:
            return
        with suppress(OSError), self.path.open("rb") as full, self._open(self.before, os.O_TRUNC) as kept:
            full.seek(-MOST_BYTES, os.SEEK_END)
            shutil.copyfileobj(full, kept)
        with suppress(OSError):
            os.truncate(self.path, 0)

    def _open(self, path: Path, how: int) -> BinaryIO:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | how
        number = os.open(path, flags, 0o600)
        if self._user:
            os.fchown(number, self._user.uid, self._user.gid)
        return os.fdopen(number, "ab")
