"""What a commit leaves to do: batches to close, to cancel the rest of, and to notify for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.runner.transitions import Settled, Transition


@dataclass(slots=True)
class FollowUp:
    """`to_notify` has the delay in seconds for each batch, `to_notify_of_suspects` for its suspects."""

    to_close: list[UUID] = field(default_factory=list)
    to_cancel: list[UUID] = field(default_factory=list)
    to_notify: dict[UUID, float] = field(default_factory=dict)
    to_notify_of_suspects: dict[UUID, float] = field(default_factory=dict)

    def notify(self, batch_id: UUID, delay: float = 0.0, *, suspects: bool = False) -> None:
        """Several delays of a batch: the shortest counts."""
        kind = self.to_notify_of_suspects if suspects else self.to_notify
        kind[batch_id] = min(delay, kind.get(batch_id, delay))


def follow_up(written: Sequence[tuple[Transition, Settled | None]], live: Container[UUID]) -> FollowUp:
    """Whoever makes work claimable claims it or notifies, after the commit and before the dispatch over it ends.

    `live`: the batches whose jobs, other than suspects, this process claims anyhow. A transition that was fenced off,
    whose Settled is None, leaves nothing to do.
    """
    found = FollowUp()
    freed = _ended_jobs(written)
    for transition, settled in written:
        if settled is None:
            continue
        batch_id = transition.batch_id
        if settled.needs_closing and settled.status != "running":
            found.to_close.append(batch_id)
        if settled.needs_cancelling:
            found.to_cancel.append(batch_id)
        if transition.outcome in ("lost", "released") and settled.status == "pending":
            found.notify(batch_id, suspects=settled.is_suspect)
        elif batch_id in live or not settled.pending_jobs:
            continue
        elif settled.running_jobs < settled.max_parallel <= settled.running_jobs + freed[batch_id]:
            found.notify(batch_id)  # there is room again in a batch that was full
        elif transition.outcome == "retry" and settled.status == "pending":
            found.notify(batch_id, transition.delay, suspects=settled.is_suspect)
    return found


def _ended_jobs(written: Iterable[tuple[Transition, Settled | None]]) -> Counter[UUID]:
    """How many jobs of each batch no longer run."""
    return Counter(transition.batch_id for transition, settled in written if settled and settled.status != "running")
