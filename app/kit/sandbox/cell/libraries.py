"""What of this machine's files a child may read besides its input: code that it may still import, and little else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Final

_SYSTEM: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",  # limits, which DuckDB does not start without
    "/dev/urandom",
    "/dev/zero",
)
NULL: Final = "/dev/null"


def library_paths(path: Iterable[str]) -> list[Path]:
    """The files and folders from which Python and its packages are imported, where `path` is the one to be searched.

    Of a folder that is not Python's own, such as that of a project, only what can be imported: the data folder, a
    `.env` or a key may lie in it too.
    """
    found = [Path(name) for name in _SYSTEM if Path(name).exists()]
    for entry in dict.fromkeys(Path(name or ".").absolute() for name in path):
        if entry.is_file() or _is_pythons_own(entry):
            found.append(entry)
        elif entry.is_dir():
            found += _importable(entry)
    return found


def _is_pythons_own(entry: Path) -> bool:
    prefixes = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)}
    return entry.is_dir() and bool(prefixes & set(entry.parents))


def _importable(folder: Path) -> Iterator[Path]:
    suffixes = tuple(all_suffixes())
    with suppress(OSError):
        for each in folder.iterdir():
            if (each / "__init__.py").exists() or (each.name.endswith(suffixes) and each.is_file()):
                yield each
