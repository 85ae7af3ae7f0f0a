"""Files that are written as a whole and then sent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import IO


def written(fill: Callable[[IO[bytes]], object]) -> tuple[IO[bytes], int]:
    """A new file that `fill` has written, at its start and for the caller to close, and its size in bytes. Blocks."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (handed on)
    try:
        fill(file)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, size
