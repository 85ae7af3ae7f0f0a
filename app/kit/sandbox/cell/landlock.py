"""Landlock: the files that a process may still reach, chosen by itself (landlock(7), linux/landlock.h).

What an older kernel does not know is left out: the rights of files are asked for by the version of its interface.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from functools import cache
from typing import Final, NamedTuple

from app.kit.sandbox.cell.system_calls import system_call

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG, _PATH_BENEATH = 1, 1
_WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(1, 6))
_MAKE_DIR, _MAKE_REG, _MAKE_SYM, _TRUNCATE = 1 << 7, 1 << 8, 1 << 12, 1 << 14
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights of files each version knows; from EXECUTE (bit 0) to IOCTL_DEV (bit 15)."""
_NET_SINCE, _SCOPES_SINCE = 4, 6
_BIND_AND_CONNECT_TCP, _ABSTRACT_SOCKETS_AND_SIGNALS = 0b11, 0b11

READ: Final = _READ_FILE | _READ_DIR
"""Nothing may be executed, not even what may be read."""
CHANGE: Final = READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _MAKE_SYM | _TRUNCATE
"""Plain files, folders and symbolic links, which lead only to what is open anyway: no sockets, pipes or devices."""
_FILE_RIGHTS: Final = _READ_FILE | _WRITE_FILE | _TRUNCATE
"""A rule about a file must not name the rights of folders."""


class Rule(NamedTuple):
    """What may be done with a file, or with all in a folder."""

    descriptor: int
    packed: ctypes.Array[ctypes.c_char]
    """As the kernel wants it."""


def landlock_version() -> int:
    """The version of the kernel's interface; 0 without Landlock."""
    try:
        return system_call(_CREATE_RULESET, 0, 0, _VERSION_FLAG)
    except OSError:
        return 0


def make_rule(version: int, descriptor: int, rights: int) -> Rule:
    """A rule about what is open as `descriptor`, which has to stay open until the rule is used."""
    rights &= _known(version)
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        rights &= _FILE_RIGHTS
    content = struct.pack("=Qi", rights, descriptor)
    return Rule(descriptor, ctypes.create_string_buffer(content, len(content)))


@cache
def attributes(version: int) -> tuple[ctypes.Array[ctypes.c_char], int]:
    """What is closed unless a rule opens it: as the kernel wants it, and its size.

    All that can be done with files; TCP, signals to others and abstract sockets where the kernel can.
    """
    net = _BIND_AND_CONNECT_TCP if version >= _NET_SINCE else 0
    scopes = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= _SCOPES_SINCE else 0
    size = 24 if scopes else 16 if net else 8
    return ctypes.create_string_buffer(struct.pack("=QQQ", _known(version), net, scopes)), size


def restrict(version: int, rules: Iterable[Rule]) -> None:
    """Confine this process, and every thread it starts from now on, to what the rules say; raises OSError.

    Wants no_new_privs.
    """
    closed, size = attributes(version)
    ruleset = system_call(_CREATE_RULESET, ctypes.addressof(closed), size)
    try:
        for rule in rules:
            system_call(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.addressof(rule.packed))
        system_call(_RESTRICT_SELF, ruleset)
    finally:
        os.close(ruleset)


def _known(version: int) -> int:
    return (1 << max(count for since, count in _RIGHTS.items() if since <= version)) - 1
