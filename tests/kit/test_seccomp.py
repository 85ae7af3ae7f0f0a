"""The filter of system calls, carried out here as a kernel would, for every processor that it is written for."""

from __future__ import annotations

import errno
import struct

import pytest

from app.kit.sandbox.cell.seccomp import _ARCHITECTURES, _THIS_PROCESS, _instructions
from app.kit.sandbox.cell.system_call_numbers import ALLOWED, FATAL, NUMBERS

ALLOW, KILL, ERROR = 0x7FFF0000, 0x80000000, 0x00050000
REFUSE = ERROR | errno.EPERM
TESTED = {"clone", "clone3", "prctl", "ioctl", "fcntl", "kill", "tgkill", "prlimit64"}


def carried_out(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What becomes of a call: the instructions of linux/bpf_common.h on a struct seccomp_data."""
    values = [*arguments, 0, 0, 0, 0, 0, 0][:6]
    data = struct.pack("<iIQ6Q", number, architecture or _ARCHITECTURES[machine], 0, *values)
    code, place, loaded = _instructions(machine), 0, 0
    while True:
        kind, when, otherwise, operand = code[place]
        place += 1
        if kind == 0x20:
            (loaded,) = struct.unpack_from("<I", data, operand)
        elif kind == 0x06:
            return operand
        elif kind == 0x05:
            place += operand
        else:
            holds = {0x15: loaded == operand, 0x35: loaded >= operand, 0x45: bool(loaded & operand)}[kind]
            place += when if holds else otherwise


@pytest.mark.parametrize("machine", sorted(NUMBERS))
def test_each_call_has_the_answer_that_its_list_says(machine: str) -> None:
    names = {number: name for name, number in NUMBERS[machine].items()}
    assert len(names) == len(NUMBERS[machine])  # no number twice
    assert names.keys() <= set(range(512))
    for number in range(600):
        name = names.get(number, "")
        if name not in TESTED:
            wanted = ALLOW if name in ALLOWED else KILL if name in FATAL else REFUSE
            assert carried_out(machine, number) == wanted, (number, name)


@pytest.mark.parametrize("machine", sorted(NUMBERS))
@pytest.mark.parametrize(
    ("name", "arguments", "wanted"),
    [
        ("clone", (0x3D0F00,), ALLOW),  # as pthread_create calls it
        ("clone", (0x01200011,), REFUSE),  # as fork does
        ("clone3", (), ERROR | errno.ENOSYS),
        ("kill", (_THIS_PROCESS, 6), ALLOW),
        ("kill", (1, 9), REFUSE),
        ("kill", (0xFFFFFFFFFFFFFFFF, 9), REFUSE),
        ("kill", (0, 9), REFUSE),
        ("tgkill", (_THIS_PROCESS, 5, 6), ALLOW),
        ("tgkill", (5, 5, 6), REFUSE),
        ("prlimit64", (0, 1), ALLOW),
        ("prlimit64", (1, 1), REFUSE),
        ("prctl", (15,), ALLOW),
        ("prctl", (4, 1), REFUSE),
        ("ioctl", (0, 0x5401), ERROR | errno.ENOTTY),
        ("ioctl", (0, 0x5412), ERROR | errno.ENOTTY),  # to type on a terminal
        ("fcntl", (3, 2), ALLOW),
        ("fcntl", (3, 8), REFUSE),  # to send signals
    ],
)
def test_calls_that_depend_on_their_arguments(machine: str, name: str, arguments: tuple[int, ...], wanted: int) -> None:
    assert carried_out(machine, NUMBERS[machine][name], *arguments) == wanted


def test_other_numberings_are_fatal() -> None:
    assert carried_out("x86_64", 0x40000000 + NUMBERS["x86_64"]["read"]) == KILL
    assert carried_out("x86_64", NUMBERS["x86_64"]["read"], architecture=0x40000003) == KILL  # of 32 bits
