"""Gives memory back that the process no longer needs."""

from __future__ import annotations

import ctypes
import gc

_LIBC = ctypes.CDLL(None)


def return_memory() -> None:
    """Give freed memory back to the kernel: glibc keeps what is not at the end of its heaps. Blocks, not the loop."""
    gc.collect()
    if hasattr(_LIBC, "malloc_trim"):
        _LIBC.malloc_trim(0)
