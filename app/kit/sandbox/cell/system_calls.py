"""System calls that Python does not offer, made directly."""

from __future__ import annotations

import ctypes
import os
from typing import Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 22, 38, 47
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
_CAPABILITIES_V3: Final = 0x20080522
_CALL: Final = ctypes.CFUNCTYPE(*[ctypes.c_long] * 6, use_errno=True)(("syscall", _LIBC))
_PRCTL: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, *[ctypes.c_ulong] * 4, use_errno=True)(("prctl", _LIBC))
"""Made once: each conversion by itself would cost a child more than the call."""
_CAPABILITY_HEADER: Final = (ctypes.c_uint32 * 2)(_CAPABILITIES_V3, 0)
_NO_CAPABILITIES: Final = (ctypes.c_uint32 * 6)()


def system_call(number: int, first: int, second: int = 0, third: int = 0, fourth: int = 0) -> int:
    """The result of a call by its number; an address is a number too. Raises OSError."""
    return _checked(_CALL(number, first, second, third, fourth))


def prctl(option: int, first: int = 0, second: int = 0) -> int:
    """As in prctl(2); an address is a number too. Raises OSError."""
    return _checked(_PRCTL(option, first, second, 0, 0))


def unshare(flags: int) -> None:
    """As in unshare(2); raises OSError."""
    _checked(_LIBC.unshare(flags))


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """As in mount(2); raises OSError."""
    texts = [text.encode() for text in (source, target, kind)]
    _checked(_LIBC.mount(*texts, ctypes.c_ulong(flags), options.encode()))


def drop_capabilities() -> None:
    """Give up every capability of this thread, and those that a program started by it would have; raises OSError."""
    try:
        prctl(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    finally:
        _checked(_LIBC.capset(_CAPABILITY_HEADER, _NO_CAPABILITIES))


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
