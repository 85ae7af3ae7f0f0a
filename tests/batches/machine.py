"""The workers of the state machine. They know who holds which job, and where a batch must stand after each write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from app.runner.transitions import Settled, Transition
from tests.batches.world import PIPELINES, Held, Ledger, World, step_ended

CODES: Final = ("NOT_WANTED", "UPSTREAM_4XX")
PICK = st.integers(0, 11)
ENDINGS = ("completed", "completed", "failed", "failed", "skipped", "retry", "released", "progress", "given_up")


class Workers(RuleBasedStateMachine):
    """Workers that claim and write, that may die, and that come back when they are thought dead."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        world.reset()
        self.ledgers: dict[UUID, Ledger] = {}
        self.batches: dict[UUID, Any] = {}
        self.holders: dict[UUID, Held] = {}
        self.stale: list[Held] = []
        self.workers, self.dead, self.dispatches = [1, 2, 3], set[int](), count(4)
        self.ended: dict[UUID, str] = {}
        self.cancelling: set[UUID] = set()

    @property
    def held(self) -> list[Held]:
        """What living workers hold."""
        return [held for held in self.holders.values() if held.dispatch not in self.dead]

    def some(self, pick: int, *statuses: str) -> UUID:
        """A batch, if possible one in these statuses."""
        fitting = [batch_id for batch_id, batch in self.batches.items() if batch["status"] in statuses]
        among = fitting or list(self.batches)
        return among[-1 - pick % len(among)]

    @rule(pick=PICK, worker=st.integers(0, 2), wanted=st.sampled_from((4, 3, 2, 1)), alone=st.booleans())
    def claim(self, pick: int, worker: int, wanted: int, alone: bool) -> None:
        batch_ids = [self.some(pick, "pending", "processing")] if alone else list(self.batches)
        for held in self.world.claim(batch_ids, wanted, self.workers[worker]):
            assert self.batches[held.batch_id]["status"] in ("pending", "processing")
            assert held.job_id not in self.holders
            self.holders[held.job_id] = held

    def tell(self, held: Held, how: str, *, code: str = CODES[0], cached: bool = False) -> Transition:
        """What a worker says about the job it holds; `given_up`: that the whole batch is."""
        if how in ("completed", "failed", "skipped", "given_up"):
            pipeline, status = PIPELINES[self.ledgers[held.batch_id].pipeline], "failed" if how == "given_up" else how
            return step_ended(held, pipeline, status, code=code, given_up=how == "given_up", cached=cached)
        place = (held.batch_id, held.job_id, held.attempt, held.position)
        if how == "retry":
            return Transition(*place, "retry", error_code="RATE_LIMIT", error_message="Not yet.")
        return Transition(*place, "released" if how == "released" else "progress", progress=0.5)

    @precondition(lambda self: self.held)
    @rule(pick=PICK, cached=st.booleans())
    def finish_a_step(self, pick: int, cached: bool) -> None:
        held = self.held[pick % len(self.held)]
        self.write([held], [self.tell(held, "completed", cached=cached)])

    @precondition(lambda self: self.held)
    @rule(pick=PICK, code=st.sampled_from(CODES), others=st.booleans())
    def fail_a_step(self, pick: int, code: str, others: bool) -> None:
        """A step fails, and perhaps those that run beside it, which is what trips a policy."""
        held = self.held[pick % len(self.held)]
        group = [each for each in self.held if each == held or (others and each.batch_id == held.batch_id)]
        self.write(group, [self.tell(each, "failed", code=code) for each in group])

    @precondition(lambda self: self.held)
    @rule(pick=PICK, how=st.sampled_from(ENDINGS[4:]))
    def end_otherwise(self, pick: int, how: str) -> None:
        held = self.held[pick % len(self.held)]
        self.write([held], [self.tell(held, how)])

    @precondition(lambda self: len(self.held) > 1)
    @rule(pick=PICK, hows=st.lists(st.sampled_from(ENDINGS), min_size=2, max_size=5))
    def write_together(self, pick: int, hows: list[str]) -> None:
        start = pick % len(self.held)
        group = (self.held[start:] + self.held[:start])[: len(hows)]
        self.write(group, [self.tell(held, how) for held, how in zip(group, hows, strict=False)])

    @precondition(lambda self: self.held)
    @rule(pick=PICK, reaped=st.booleans())
    def crash(self, pick: int, reaped: bool) -> None:
        dead = self.held[pick % len(self.held)].dispatch
        self.stale += [held for held in self.held if held.dispatch == dead]
        self.dead.add(dead)
        self.workers[self.workers.index(dead)] = next(self.dispatches)
        if reaped:
            self.reap()

    @precondition(lambda self: len(self.held) < len(self.holders))
    @rule()
    def reap(self) -> None:
        """Put back what dead workers held, as the table shows it."""
        query = """select batch_id, id, attempt, step_position from jobs
            where status = 'running' and claimed_by = any($1) order by batch_id, sequence"""
        lost = [Transition(*row, "lost", witnessed=True) for row in self.world.fetch(query, self.dead)]
        assert {each.job_id for each in lost} == self.holders.keys() - {held.job_id for held in self.held}
        self.write([self.holders[each.job_id] for each in lost], lost)

    @precondition(lambda self: self.stale)
    @rule(pick=PICK, how=st.sampled_from(ENDINGS))
    def write_late(self, pick: int, how: str) -> None:
        """A worker that was thought dead, or one that repeats itself, writes under the rights it once had."""
        rivals = [held for held in self.stale if self.holders.get(held.job_id, held) != held]
        among = rivals or self.stale
        held = among[-1 - pick % len(among)]
        self.write([held], [self.tell(held, how)])

    def write(self, group: Sequence[Held], transitions: Sequence[Transition]) -> None:
        """Write transitions: only those of rightful holders may count, and the batches must go on as these say."""
        before = self.batches
        settled = self.world.write(transitions)
        for held, answer in zip(group, settled, strict=True):
            assert (answer is not None) == (self.holders.get(held.job_id) == held), "the fence"
        counted = [each for each in zip(group, transitions, settled, strict=True) if each[2]]
        self.batches = self.world.batches()
        for held, transition, answer in counted:
            self.follow(held, transition, answer, before[held.batch_id]["status"])
        for batch_id in {held.batch_id for held, _, _ in counted}:
            transitions = [transition for held, transition, _ in counted if held.batch_id == batch_id]
            after = self.batches[batch_id]
            status = self.ledgers[batch_id].judge(before[batch_id], after, transitions)
            assert after["status"] == status or not after["pending_jobs"] + after["running_jobs"]

    def follow(self, held: Held, transition: Transition, answer: Settled, batch_status: str) -> None:
        """Note who holds the job after a transition that counted."""
        outcome, put_back = transition.outcome, {"cancelling": "cancelled"}.get(batch_status, "pending")
        is_stopped = batch_status in ("cancelling", "paused")
        if held.job_id in self.cancelling:
            put_back, is_stopped = "cancelled", True
        if outcome == "lost":
            assert answer.status in (put_back, "failed")
        elif outcome == "next":
            assert answer.status == (put_back if is_stopped else "running")
        elif outcome in ("retry", "released"):
            assert answer.status == put_back
        else:
            assert answer.status == {"progress": "running"}.get(outcome, outcome)
        if outcome == "progress":
            return
        del self.holders[held.job_id]
        self.stale.append(held)
        if answer.status == "running" and transition.next_position is not None:
            further = replace(held, position=transition.next_position, failure=transition.error_code)
            self.holders[held.job_id] = further
            self.stale += [further] if held.dispatch in self.dead else []
