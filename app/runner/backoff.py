"""How long a failed step waits before it is tried again."""

from __future__ import annotations

import random

FIRST_DELAY = 2.0
JITTER = 0.2
LONGEST_ASKED = 300.0
"""A Retry-After longer than five minutes is cut to that: a job that waits for hours looks stuck."""


def retry_delay(retries_so_far: int, asked: float | None = None) -> float:
    """Seconds to wait: what the other side asked for, else 2, 4, 8 ... plus up to 20 %.

    The jitter only adds, so that a crowd of failures spreads out and none comes back early.
    """
    delay = FIRST_DELAY * 2 ** min(retries_so_far, 10) if asked is None else min(max(asked, 0.0), LONGEST_ASKED)
    return delay * (1 + random.random() * JITTER)
