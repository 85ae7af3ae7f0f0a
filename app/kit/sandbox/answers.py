"""Which function a child is to call, and what its answer says: results, exceptions, and deaths without a word."""

from __future__ import annotations

import builtins
import importlib
import inspect
import json
import re
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from operator import attrgetter
from typing import Final

from app.kit.json_reading import parse_json
from app.kit.sandbox.errors import ChildLost, ResourceLimitExceeded, SandboxCrashed
from app.kit.sandbox.server import NOT_CONFINED, OUT_OF_MEMORY, Call, Limits

_MOST_CHARACTERS: Final = 8000
_NAME = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def find_function(function: Callable[..., object] | str) -> Call:
    """Module, name and file of a function; of one that is only named the file is known if its module is loaded here."""
    if isinstance(function, str):
        found = _NAME.fullmatch(function)
        if not found:
            raise ValueError(f"{function} is not the name of a function, such as package.module:function.")
        return Call(found[1], found[2], getattr(sys.modules.get(found[1]), "__file__", None))
    qualname = getattr(function, "__qualname__", "<no name>")
    if "<" in qualname:
        raise ValueError(f"{qualname} is not a function at the top level of a module.")
    file = getattr(inspect.unwrap(function), "__globals__", {}).get("__file__")
    return Call(function.__module__, qualname, file)


def check_exit(call: Call, limits: Limits, code: int | None, *, answered: bool) -> None:
    """Raise what the exit code means, unless the child ended as it should.

    ResourceLimitExceeded; SandboxCrashed; ChildLost: its fork server died, or it was killed from outside, as the system
    does when the machine has no memory left: that may be its own, so it is not tried again at once.
    """
    if code is None:
        raise ChildLost(f"{call.qualname} was stopped.").because_of(None)
    if code == -signal.SIGKILL:
        raise ChildLost(f"{call.qualname} was killed.")
    if code == -signal.SIGXCPU:
        raise ResourceLimitExceeded(f"{call.qualname} used more than {limits.cpu_seconds} seconds of processor time.")
    if code == OUT_OF_MEMORY:
        raise ResourceLimitExceeded(f"{call.qualname} needed more than {limits.memory_bytes:,} bytes of memory.")
    if code == NOT_CONFINED:
        raise SandboxCrashed(f"{call.qualname} was not started, as its child could not be closed in.")
    if code == -signal.SIGABRT:  # PDFium and the C++ runtime abort when an allocation fails, and say it nowhere
        few = f"{limits.memory_bytes:,} bytes of memory were too few"
        raise ResourceLimitExceeded(f"{call.qualname} was aborted: {few}.")
    if code or not answered:
        cause = f"died of {signal.Signals(-code).name}" if code < 0 else f"left with exit code {code}"
        raise SandboxCrashed(f"{call.qualname} {cause}.")


async def read_answer(call: Call, kind: bytes, body: bytearray) -> object:
    """The result that an answer holds; raises the exception that it holds."""
    if kind == b"B":
        return bytes(body)
    try:
        value = await parse_json(body)
        error = _rebuild(call.module, *value) if kind == b"E" else None
    except (ValueError, TypeError, RecursionError):
        raise SandboxCrashed(f"{call.qualname} answered with something that is not JSON.") from None
    if error:
        raise error
    return value


def _rebuild(home: str, module: str, qualname: str, text: str, stack: str, carried: str | None) -> Exception:
    """The exception of the child, or SandboxCrashed when its class is none that the function may raise, or refuses."""
    if not all(isinstance(each, str) for each in (module, qualname, text, stack, carried or "")):
        raise TypeError("an exception is told in texts")
    error: Exception = SandboxCrashed(f"{module}.{qualname}: {text}"[:_MOST_CHARACTERS])
    if carried and (module in (home, builtins.__name__) or _package(module) == _package(home)):
        args, state = json.loads(carried)
        with suppress(ImportError, AttributeError, TypeError):
            kind = attrgetter(qualname)(importlib.import_module(module))
            if isinstance(kind, type) and issubclass(kind, Exception):
                # Not kind(*args): the __init__ of our classes may take other arguments than it leaves in `args`.
                error = kind(*args) if module == builtins.__name__ else kind.__new__(kind, *args)
                error.__dict__.update(state)
    error.add_note(f"In the child process:\n{stack[-_MOST_CHARACTERS:]}")
    return error


def _package(module: str) -> str:
    """The room of a module of the service; of any other its outermost package."""
    return ".".join(module.split(".")[: 2 if module.startswith("app.") else 1])
