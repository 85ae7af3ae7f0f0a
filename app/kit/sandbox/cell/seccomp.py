"""Seccomp: the system calls that a child may still make, as a filter for the kernel (seccomp(2), linux/filter.h).

A call is on the list because a reader makes it. What is not on it is answered with EPERM, so that a library that only
tries something goes on; a few that no reader has any use for, and that faults of kernels were in, end the child.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

from app.kit.sandbox.cell.system_call_numbers import ALLOWED, FATAL, NUMBERS
from app.kit.sandbox.cell.system_calls import PR_SET_SECCOMP, prctl

_ARCHITECTURES: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_*, linux/audit.h
_X32: Final = 0x40000000
"""x86_64 has a second set of numbers, for programs with short addresses."""
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _GO, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24  # of struct seccomp_data, little end first
_ALLOW, _KILL, _ERROR, _FILTER = 0x7FFF0000, 0x80000000, 0x00050000, 2
_REFUSE: Final = _ERROR | errno.EPERM
_CLONE_THREAD: Final = 0x10000
_PRCTL: Final = (15, 16, 0x53564D41)  # names of threads and of memory
_IOCTL: Final = (0x5450, 0x5451, 0x541B)  # close-on-exec and how much can be read; a terminal there is none
_FCNTL: Final = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032, 1034)  # all but who is sent signals, leases and seals
_THIS_PROCESS: Final = 0x7FFFFFFF
"""Stands in the filter for the number of the process that it will be for: a child may end itself, and nobody else."""
Instruction = tuple[int, int, int, int]
"""Code, how many to leave out when a test holds and when not, operand."""
_SIZE: Final = 8
_ALLOWED: Final[list[Instruction]] = [(_RETURN, 0, 0, _ALLOW)]
_REFUSED: Final[list[Instruction]] = [(_RETURN, 0, 0, _REFUSE)]


def is_known() -> bool:
    """Whether there are numbers for this machine's processor, and its kernel takes filters."""
    if os.uname().machine not in _ARCHITECTURES:
        return False
    try:
        prctl(PR_SET_SECCOMP, _FILTER, 0)
    except OSError as error:
        return error.errno == errno.EFAULT  # it would have read the filter
    return True


def restrict() -> None:
    """Confine this process to the calls on the list, for good; raises OSError. Wants no_new_privs."""
    program, code, places = prepared()
    for place in places:
        struct.pack_into("=I", code, place, os.getpid())
    prctl(PR_SET_SECCOMP, _FILTER, ctypes.addressof(program))


Buffer = ctypes.Array[ctypes.c_char]


@cache
def prepared() -> tuple[Buffer, Buffer, list[int]]:
    """The filter as the kernel wants it (struct sock_fprog), its code, and where in that the process is to be named."""
    instructions = _instructions(os.uname().machine)
    content = b"".join(struct.pack("=HBBI", *each) for each in instructions)
    code = ctypes.create_string_buffer(content, len(content))
    places = [place * _SIZE + 4 for place, each in enumerate(instructions) if each[3] == _THIS_PROCESS]
    program = struct.pack("@HP", len(instructions), ctypes.addressof(code))
    return ctypes.create_string_buffer(program, len(program)), code, places


def _instructions(machine: str) -> list[Instruction]:
    """The filter for a kind of processor."""
    numbers = NUMBERS[machine]
    actions: dict[int, list[Instruction]] = {numbers[name]: _ALLOWED for name in ALLOWED if name in numbers}
    actions |= {numbers[name]: [(_RETURN, 0, 0, _KILL)] for name in FATAL}
    actions |= {
        numbers["kill"]: _one_of(_FIRST_ARGUMENT, [_THIS_PROCESS], _REFUSE),
        numbers["tgkill"]: _one_of(_FIRST_ARGUMENT, [_THIS_PROCESS], _REFUSE),
        numbers["prlimit64"]: _one_of(_FIRST_ARGUMENT, [0, _THIS_PROCESS], _REFUSE),
        numbers["prctl"]: _one_of(_FIRST_ARGUMENT, _PRCTL, _REFUSE),
        numbers["ioctl"]: _one_of(_SECOND_ARGUMENT, _IOCTL, _ERROR | errno.ENOTTY),
        numbers["fcntl"]: _one_of(_SECOND_ARGUMENT, _FCNTL, _REFUSE),
        numbers["clone"]: [(_LOAD, 0, 0, _FIRST_ARGUMENT), (_ANY_BIT, 0, 1, _CLONE_THREAD), *_ALLOWED, *_REFUSED],
        # Its flags are out of a filter's sight; libraries then call clone.
        numbers["clone3"]: [(_RETURN, 0, 0, _ERROR | errno.ENOSYS)],
    }
    head: list[Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    return head + _search(_ranges(actions))


def _one_of(argument: int, values: Sequence[int], otherwise: int) -> list[Instruction]:
    tests = [(_EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [(_LOAD, 0, 0, argument), *tests, (_RETURN, 0, 0, otherwise), *_ALLOWED]


def _ranges(actions: Mapping[int, list[Instruction]]) -> list[tuple[int, list[Instruction]]]:
    """From which number on each action is taken, in order."""
    found: list[tuple[int, list[Instruction]]] = [(0, _REFUSED)]
    for number in range(max(actions) + 2):
        action = actions.get(number, _REFUSED)
        if found[-1][1] != action:
            found.append((number, action))
    return found


def _search(ranges: Sequence[tuple[int, list[Instruction]]]) -> list[Instruction]:
    """By halves: the kernel tries the filter with every number when it is put on, a third of a millisecond in a row."""
    if len(ranges) == 1:
        return ranges[0][1]
    half = len(ranges) // 2
    less, more = _search(ranges[:half]), _search(ranges[half:])
    return [(_AT_LEAST, 0, 1, ranges[half][0]), (_GO, 0, 0, len(less)), *less, *more]
