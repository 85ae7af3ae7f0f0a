"""How long a test waits before it says that something does not come about.

Such a limit ends a test that hangs, and nothing else: it grows with what the machine has to do besides, so that no test
fails for being slow.
"""

from __future__ import annotations

import asyncio
import os


def patience() -> float:
    """How many times longer everything may take: TRANCHE_TEST_PATIENCE, or by the load of the processors."""
    given = os.environ.get("TRANCHE_TEST_PATIENCE")
    return float(given) if given else max(2.0, 3 * os.getloadavg()[0] / (os.cpu_count() or 1))


def patient(seconds: float) -> float:
    """The seconds as a limit on this machine at this moment."""
    return seconds * patience()


def within(seconds: float) -> asyncio.Timeout:
    """`asyncio.timeout` with as much patience as is needed."""
    return asyncio.timeout(patient(seconds))
