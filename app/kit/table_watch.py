"""Tells of changes of some tables that this process makes itself, before anybody learns that they were made.

A notification of PostgreSQL comes on another connection than the answer to the commit, and may come after it: who asks
again at once would still be answered by what was remembered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Engine, event

UNNOTED: Final = "tranche_unnoted"
"""The execution option of a statement that changes nothing of what is remembered."""


def watch_tables(engine: Engine, tables: Collection[str], began: Callable[[], None], ended: Callable[[], None]) -> None:
    """Call `began` before a statement that updates or deletes rows of the tables, and `ended` once its transaction is
    over, however it ended: each time the one, then the other. What the tables' triggers and cascades change is not
    seen, nor what is sent past the engine."""
    changes = re.compile(rf"\b(?:update|delete\s+from)\s+(?:only\s+)?(?:{'|'.join(tables)})\b", re.IGNORECASE)
    changing: set[Any] = set()

    @lru_cache(maxsize=2000)
    def concerns(statement: str) -> bool:
        return changes.search(statement) is not None

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement[:6] in ("SELECT", "select", "INSERT") or not concerns(statement):
            return
        record = connection.connection._connection_record
        if record in changing or (context and context.execution_options.get(UNNOTED)):
            return
        changing.add(record)
        began()

    def note_end(connection: Any, record: Any) -> None:
        if record in changing:
            changing.discard(record)
            ended()

    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine.pool, "checkin", note_end)
