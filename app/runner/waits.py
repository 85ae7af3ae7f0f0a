"""For what running jobs wait, told by the process that runs them, so that every process can say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

from app.batches.waiting import Reason
from app.files.storage import THE_STORAGE
from app.kit.db import THE_DATABASE
from app.kit.turns import Party, Queued
from app.kit.words import quantity
from app.runner.context import A_READER

_CODES: Final = {THE_DATABASE: "waits_for_database", THE_STORAGE: "waits_for_storage"}


class Wait(NamedTuple):
    """So many running jobs of a batch wait for something; before the first of them go so many of the organisation."""

    what: str
    jobs: int
    before: int


def written(waiting: Mapping[UUID, Counter[str]], queue: Mapping[Party, Queued]) -> dict[str, list[Wait]]:
    """What the row of a worker holds: by batch, what its jobs wait for. `queue` is that for children."""
    before = {owner.batch: queued.before for owner, queued in queue.items()}
    return {
        str(batch_id): [
            Wait(what, jobs, before.get(batch_id, 0) if what == A_READER else 0) for what, jobs in waits.items()
        ]
        for batch_id, waits in waiting.items()
    }


def reasons(batch_id: UUID, rows: Iterable[Mapping[str, Any]]) -> list[Reason]:
    """Why running jobs of the batch do not go on, from the rows of all workers that are alive.

    Other organisations take turns with this one: how many of theirs wait is not said.
    """
    jobs: Counter[str] = Counter()
    before: dict[str, int] = {}
    for row in rows:
        for what, count, ahead in row.get(str(batch_id), ()):
            jobs[what] += count
            before[what] = min(before.get(what, ahead), ahead)
    return [_reason(what, count, before[what]) for what, count in jobs.most_common()]


def _reason(what: str, count: int, before: int) -> Reason:
    message = f"{quantity(count, 'job')} {'waits' if count == 1 else 'wait'} for {what}"
    if what != A_READER:
        return Reason(code=_CODES.get(what, "waits_for_others"), message=f"{message}.")
    ahead = f", {before} of this organisation before {'it' if count == 1 else 'them'}" if before else ""
    return Reason(code="readers_busy", message=f"{message}{ahead}.")
