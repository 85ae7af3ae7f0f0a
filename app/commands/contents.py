"""The contents' part of a backup: copied one by one, and each read again to see that it is what its name says."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PIECE: Final = 1024**2


@dataclass(slots=True)
class Copied:
    """How many contents there are and their bytes; `damaged` are keys whose bytes have another hash than their name."""

    count: int = 0
    size: int = 0
    damaged: list[str] = field(default_factory=list)


def copy_contents(source: Path, target: Path, made: Callable[[Path], object] = lambda path: None) -> Copied:
    """Copy each content, by a hard link where the file system allows. `made` is told of each new file."""
    copied = Copied()
    target.mkdir(parents=True, exist_ok=True)
    for path in source.glob("??/??/*"):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            made(copy)
            try:
                os.link(path, copy)
            except OSError:
                shutil.copy2(path, copy)
        copied.count += 1
        copied.size += copy.stat().st_size
        if sha256(copy) != copy.name:
            copied.damaged.append(copy.relative_to(target).as_posix())
    return copied


def sha256(path: Path) -> str:
    """The hash of a file's bytes, as hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()
