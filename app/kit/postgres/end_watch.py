"""Tells at once when a process ends, whoever started it, and costs nothing until then: a pidfd (Linux 5.3)."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable


class EndWatch:
    """Calls `on_end` once when the process that is followed has ended."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._file: int | None = None

    def follow(self, number: int) -> bool:
        """Follow this process from now on; whether it can be: it may be gone, or the system too old."""
        self.stop()
        try:
            self._file = os.pidfd_open(number)
        except OSError:
            return False
        asyncio.get_running_loop().add_reader(self._file, self._ended)
        return True

    def stop(self) -> None:
        """Follow nobody."""
        if self._file is not None:
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
            self._file = None

    def _ended(self) -> None:
        self.stop()
        self._on_end()
