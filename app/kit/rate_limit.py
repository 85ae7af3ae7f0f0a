"""A limit on how often one caller may do something, in this process."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from app.kit.declarations import raises
from app.kit.errors import TooManyRequests

CALLERS_KEPT: Final = 10_000


class RateLimit:
    """A bucket for each caller: `per_minute` are let through at once, and then one every 60 / `per_minute` seconds.

    Each process counts for itself, so that several processes together let several times as many through.
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._full_at: OrderedDict[Hashable, float] = OrderedDict()

    @raises(TooManyRequests)
    def check(self, caller: Hashable) -> None:
        """Count one request of the caller; raises TooManyRequests (429) when it is one too many."""
        now, interval = time.monotonic(), 60.0 / self.per_minute
        full_at = max(now, self._full_at.pop(caller, now)) + interval
        wait = full_at - now - 60.0
        if wait > 1e-6:
            self._full_at[caller] = full_at - interval
            headers = {"Retry-After": str(math.ceil(wait))}
            raise TooManyRequests(f"At most {self.per_minute} of these a minute.", headers=headers)
        self._full_at[caller] = full_at
        if len(self._full_at) > CALLERS_KEPT:
            self._full_at.popitem(last=False)
