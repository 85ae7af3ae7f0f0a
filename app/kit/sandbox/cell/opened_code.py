"""Makes code that lies in a folder of root's alone readable to children, in a view of the files that only they have.

A Python below /root, say: anybody may read its files, but nobody else gets there. Nothing on the disk changes.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from app.kit.sandbox.cell.system_calls import CLONE_NEWNS, mount, unshare

_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000


class Covered(tuple[tuple[Path, int], ...]):
    """Folders that were covered, each with a descriptor by which what else is in it can still be reached."""

    __slots__ = ()

    def real(self, path: str) -> str:
        """Where what was at `path` before is to be found."""
        for folder, descriptor in self:
            if Path(path).is_relative_to(folder):
                return f"/proc/self/fd/{descriptor}/{Path(path).relative_to(folder)}"
        return path


def open_code(paths: Iterable[Path]) -> Covered:
    """Cover each closed folder above the paths with one that has them alone, at their places.

    For this process and those that it starts. Raises OSError: the system does not allow it.
    """
    closed: dict[Path, list[Path]] = {}
    for path in paths:
        if folder := _first_closed(path):
            closed.setdefault(folder, []).append(path)
    if not closed:
        return Covered()
    unshare(CLONE_NEWNS)
    mount("none", "/", "none", _MS_SLAVE | _MS_REC)
    return Covered((folder, _cover(folder, wanted)) for folder, wanted in closed.items())


def _cover(folder: Path, wanted: Sequence[Path]) -> int:
    with ExitStack() as stack:
        opened = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in wanted}
        for descriptor in opened.values():
            stack.callback(os.close, descriptor)
        before = os.open(folder, os.O_PATH | os.O_CLOEXEC)
        mount("tmpfs", str(folder), "tmpfs", 0, "mode=0755,size=1m")
        mask = os.umask(0o022)
        try:
            for path, descriptor in opened.items():
                if path.exists():  # below another that is there already
                    continue
                if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                    path.mkdir(parents=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.touch()
                mount(f"/proc/self/fd/{descriptor}", str(path), "none", _MS_BIND | _MS_REC)
        finally:
            os.umask(mask)
    return before


def _first_closed(path: Path) -> Path | None:
    """The outermost folder above `path` that others may not pass."""
    return next((each for each in reversed(path.parents) if not each.stat().st_mode & stat.S_IXOTH), None)
