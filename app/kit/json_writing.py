"""JSON texts of values of any size, made in a thread without holding up whatever else the process does."""

from __future__ import annotations

import json
from typing import Any, Final

_FEW: Final = 2000
"""Values that the encoder in C, which does not let go of the interpreter, writes in a millisecond."""


def _is_small(value: Any) -> bool:
    """Whether a JSON value has few values."""
    seen, waiting = 0, [value]
    while waiting:
        inside = waiting.pop()
        if isinstance(inside, dict):
            seen += len(inside)
            waiting += inside.values()
        elif isinstance(inside, (list, tuple)):
            seen += len(inside)
            waiting += inside
        if seen > _FEW:
            return False
    return True


def dump_json(value: Any, *, sort_keys: bool = False) -> str:
    """What json.dumps gives. A large value is written by the part of `json` that is in Python, five times as slowly: so
    call it in a thread."""
    if _is_small(value):
        return json.dumps(value, sort_keys=sort_keys)
    return "".join(json.JSONEncoder(sort_keys=sort_keys).iterencode(value))
