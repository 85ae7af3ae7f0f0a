"""Keys and sessions that were looked up in the last seconds, so that a busy client's are not at each request.

What is remembered counts no longer than the row would: a trigger on keys, sessions, users and organisations notifies
every process, what this process changes itself it forgets before the change is committed, and whoever cannot hear
notifications remembers nothing. A connection that was cut without a word is the one case in which a key may outlive its
row, by `SECONDS`.
"""

from __future__ import annotations

import time
from typing import Final, Generic, TypeVar

from app.kit.metrics import counter

SECONDS: Final = 3.0
"""The longest that anything is remembered."""
MOST: Final = 10_000
"""Credentials that are remembered at once: about 1 KB each."""
TABLES: Final = ("api_keys", "sessions", "users", "organisations")
LOOK_UPS: Final = counter(
    "tranche_credential_lookups_total",
    "Keys and sessions that were looked for, by where",
    ("where",),
    known=("memory", "database"),
)
_IN_MEMORY, _IN_DATABASE = LOOK_UPS.labels("memory"), LOOK_UPS.labels("database")
V = TypeVar("V")


class Remembered(Generic[V]):
    """Values by the hash of their secret. Nothing is kept unless `hears` is set, nor while a change is under way."""

    def __init__(self) -> None:
        self.hears = False
        self._values: dict[bytes, tuple[float, V]] = {}
        self._changes, self._generation = 0, 0

    @property
    def generation(self) -> int:
        """Grows whenever everything is forgotten: what was read before that is not kept."""
        return self._generation

    def recall(self, secret_hash: bytes) -> V | None:
        """What is known of a secret and still counts."""
        found = self._values.get(secret_hash)
        if found is None or found[0] <= time.monotonic():
            _IN_DATABASE.inc()
            return None
        _IN_MEMORY.inc()
        return found[1]

    def keep(self, generation: int, secret_hash: bytes, value: V, seconds: float) -> None:
        """Remember what was read after `generation` was asked for, which counts for so many seconds by itself."""
        if not self.hears or self._changes or generation != self._generation or seconds <= 0:
            return
        if len(self._values) >= MOST:
            self._values.clear()
        self._values[secret_hash] = time.monotonic() + min(seconds, SECONDS), value

    def forget(self) -> None:
        """Something may have changed, whatever it was."""
        self._generation += 1
        self._values.clear()

    def change(self) -> None:
        """A change is being made: until `changed`, nothing is kept."""
        self._changes += 1
        self.forget()

    def changed(self) -> None:
        """A change is over, committed or not."""
        self._changes -= 1
        self.forget()

    def hear(self) -> None:
        """Notifications are heard from now on, and something may have changed before."""
        self.hears = True
        self.forget()

    def hear_nothing(self) -> None:
        """Notifications are not heard until `hear`."""
        self.hears = False
        self.forget()
