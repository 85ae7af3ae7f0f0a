"""A traceback is written once a minute, however often the same error is met; then with how often it was."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from app.kit.unexpected import fingerprint

EVERY_SECONDS: Final = 60.0
MOST_KEPT: Final = 1000


@dataclass(slots=True)
class _Seen:
    at: float
    left_out: int = 0


class Repeats(logging.Filter):
    """Lets through the first record with a traceback, and those of the same lines of code a minute later.

    It is for a handler: what it leaves out is not written. Lines without a traceback always are.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: OrderedDict[tuple[str, str], _Seen] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.exc_info or record.exc_info[1] is None:
            return True
        key, now = (record.name, fingerprint(record.exc_info[1])), time.monotonic()
        seen = self._seen.get(key)
        if seen and now - seen.at < EVERY_SECONDS:
            seen.left_out += 1
            return False
        if seen and seen.left_out:
            record.msg = f"{record.getMessage()} (as {seen.left_out} times since the last of these lines)"
            record.args = None
        self._seen[key] = _Seen(now)
        self._seen.move_to_end(key)
        if len(self._seen) > MOST_KEPT:
            self._seen.popitem(last=False)
        return True
