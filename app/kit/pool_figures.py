"""The pool of database connections, with what Prometheus is told of it."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy.pool import AsyncAdaptedQueuePool

from app.kit.metrics import Samples, figure, histogram

WAIT: Final = histogram(
    "tranche_database_pool_wait_seconds",
    "Time until a connection of the pool was there, a new one's making too",
    buckets=(0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 10),
)
CONNECTIONS = figure(
    "tranche_database_pool_connections",
    "Connections of the pool by state: in_use, idle; and who waits for one",
    ("state",),
    scope="process",
)
SIZE = figure("tranche_database_pool_size", "Most connections of the pool", scope="process")


class MeasuredPool(AsyncAdaptedQueuePool):
    """SQLAlchemy's pool, which knows who waits for it, and for how long."""

    __module__ = AsyncAdaptedQueuePool.__module__  # its log lines are those of SQLAlchemy's, from warnings on
    waiting = 0

    def _do_get(self) -> Any:
        began = time.perf_counter()
        self.waiting += 1
        try:
            return super()._do_get()
        finally:
            self.waiting -= 1
            WAIT.observe(time.perf_counter() - began)

    def figures(self) -> Samples:
        """How it is just now."""
        yield CONNECTIONS, ("in_use",), self.checkedout()
        yield CONNECTIONS, ("idle",), self.checkedin()
        yield CONNECTIONS, ("waiting",), self.waiting
        yield SIZE, (), self.size()
