"""Batches under arbitrary sequences of commands, claims, results, crashes and late writes, against the real SQL.

The machine is workers and clients at once, without engine and event loop in between, so that every order of commits can
be tried. It knows who holds which job, what each batch's policy counts from, and how a batch must go on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from app.batches import copies, service
from app.batches.states import BATCH_TERMINAL
from app.runner.committer import CRASH_LIMIT, Settled, Transition
from tests.batches.machine import PIPELINES, WRONG_COPIES, Held, World, ends_as, step_ended

MOST_BATCHES: Final = 5
CODES: Final = ("NOT_WANTED", "UPSTREAM_4XX")
PICK = st.integers(0, 11)
ENDINGS = ("completed", "completed", "skipped", "failed", "lost", "retry", "released", "progress")
OPTIONS = st.fixed_dictionaries(
    {
        "jobs": st.integers(1, 6),
        "pipeline": st.sampled_from(sorted(PIPELINES)),
        "execution_mode": st.sampled_from(("parallel", "parallel", "sequential")),
        "max_parallel": st.integers(1, 4),
        "failure_policy": st.fixed_dictionaries(
            {
                "action": st.sampled_from(("pause", "pause", "fail", "continue")),
                "threshold": st.sampled_from((0.0, 0.2, 0.5, 1.0)),
            }
        ),
        "first_n": st.sampled_from((None, None, 1, 2, 6)),
    }
)


@dataclass(slots=True)
class Ledger:
    """What the machine remembers of a batch: the base its policy counts from, and whether it was given up."""

    pipeline: str
    action: str
    threshold: float
    jobs_at_base: int
    failures_at_base: int = 0
    first_n: int | None = None
    given_up: bool = False


class Batches(RuleBasedStateMachine):
    """Clients, workers that may die, and dead workers that come back."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        world.reset()
        self.ledgers: dict[UUID, Ledger] = {}
        self.holders: dict[UUID, Held] = {}
        self.stale: list[Held] = []
        self.workers = [1, 2, 3]
        self.dead: set[int] = set()
        self.pulls = count(4)
        self.ended: dict[UUID, str] = {}

    @property
    def held(self) -> list[Held]:
        """What living workers hold."""
        return [held for held in self.holders.values() if held.pull not in self.dead]

    def some_batch(self, pick: int) -> UUID:
        return list(self.ledgers)[-1 - pick % len(self.ledgers)]

    @initialize(options=OPTIONS)
    def first_batch(self, options: dict[str, Any]) -> None:
        self.submit(options)

    @precondition(lambda self: len(self.ledgers) < MOST_BATCHES)
    @rule(options=OPTIONS)
    def submit(self, options: dict[str, Any]) -> None:
        policy = options["failure_policy"]
        batch_id = self.world.submit(**options)
        self.ledgers[batch_id] = Ledger(
            options["pipeline"], policy["action"], policy["threshold"], options["jobs"], first_n=options["first_n"]
        )

    @rule(pick=PICK, worker=st.integers(0, 2), wanted=st.integers(1, 4), everywhere=st.booleans())
    def claim(self, pick: int, worker: int, wanted: int, everywhere: bool) -> None:
        self.claim_of(list(self.ledgers) if everywhere else [self.some_batch(pick)], wanted, self.workers[worker])

    def claim_of(self, batch_ids: Sequence[UUID], wanted: int, pull: int) -> None:
        before = self.world.batches()
        claimed = self.world.claim(batch_ids, wanted, pull)
        for held in claimed:
            assert before[held.batch_id]["status"] in ("pending", "processing")
            assert held.job_id not in self.holders
            self.holders[held.job_id] = held

    def tell(self, held: Held, how: str, *, code: str = CODES[0], cached: bool = False) -> Transition:
        """What a worker says about the job it holds."""
        if how in ("completed", "failed", "skipped", "lost"):
            pipeline = PIPELINES[self.ledgers[held.batch_id].pipeline]
            ending = "failed" if how == "lost" else how
            return step_ended(held, pipeline, ending, code=code, lost=how == "lost", cached=cached)
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
    @rule(pick=PICK, code=st.sampled_from(CODES))
    def fail_a_step(self, pick: int, code: str) -> None:
        held = self.held[pick % len(self.held)]
        self.write([held], [self.tell(held, "failed", code=code)])

    @precondition(lambda self: self.held)
    @rule(pick=PICK, how=st.sampled_from(("skipped", "retry", "released", "progress", "lost")))
    def end_otherwise(self, pick: int, how: str) -> None:
        held = self.held[pick % len(self.held)]
        self.write([held], [self.tell(held, how)])

    @precondition(lambda self: len(self.held) > 1)
    @rule(hows=st.lists(st.sampled_from(ENDINGS), min_size=2, max_size=5), pick=PICK)
    def write_together(self, hows: list[str], pick: int) -> None:
        start = pick % len(self.held)
        group = (self.held[start:] + self.held[:start])[: len(hows)]
        self.write(group, [self.tell(held, how) for held, how in zip(group, hows, strict=False)])

    @precondition(lambda self: self.held)
    @rule(pick=PICK, reaped=st.booleans())
    def crash(self, pick: int, reaped: bool) -> None:
        dead = self.held[pick % len(self.held)].pull
        self.stale += [held for held in self.held if held.pull == dead]
        self.dead.add(dead)
        self.workers[self.workers.index(dead)] = next(self.pulls)
        if reaped:
            self.reap()

    @precondition(lambda self: len(self.held) < len(self.holders))
    @rule()
    def reap(self) -> None:
        rows = self.world.fetch(
            "select batch_id, id, attempt, step_position from jobs where status = 'running' and claimed_by = any($1)",
            self.dead,
        )
        lost = [held for held in self.holders.values() if held.pull in self.dead]
        assert {row[1] for row in rows} == {held.job_id for held in lost}
        if lost:
            order = {row[1]: row for row in rows}
            self.write(lost, [Transition(*order[held.job_id], "lost") for held in lost])

    @precondition(lambda self: self.stale)
    @rule(pick=PICK, how=st.sampled_from(ENDINGS))
    def write_late(self, pick: int, how: str) -> None:
        """A worker that was thought dead, or one that repeats itself, writes under the rights it once had."""
        held = self.stale[-1 - pick % len(self.stale)]
        self.write([held], [self.tell(held, how)])

    def write(self, group: Sequence[Held], transitions: Sequence[Transition]) -> None:
        """Write transitions, and check that those count whose writer holds the job, and what became of the batches."""
        before = self.world.batches()
        rightful = [self.holders.get(held.job_id) == held for held in group]
        settled = self.world.write(transitions)
        assert [answer is not None for answer in settled] == rightful, "the fence"
        for held, transition, answer in zip(group, transitions, settled, strict=True):
            if answer:
                self.settle(held, transition, answer, before[held.batch_id]["status"])
        counted = [transition for transition, answer in zip(transitions, settled, strict=True) if answer]
        after = self.world.batches()
        for batch_id in {transition.batch_id for transition in counted}:
            told = [transition for transition in counted if transition.batch_id == batch_id]
            self.check_verdict(self.ledgers[batch_id], before[batch_id], after[batch_id], told)

    def settle(self, held: Held, transition: Transition, answer: Settled, batch_status: str) -> None:
        outcome = transition.outcome
        if outcome == "progress":
            assert answer.status == "running"
            return
        assert answer.status in {
            "next": {"cancelling": ("cancelled",), "paused": ("pending",)}.get(batch_status, ("running",)),
            "completed": ("completed",),
            "failed": ("failed",),
            "lost": ("failed", "cancelled" if batch_status == "cancelling" else "pending"),
        }.get(outcome, ("cancelled",) if batch_status == "cancelling" else ("pending",))
        self.stale.append(held)
        del self.holders[held.job_id]
        if answer.status == "running":
            assert transition.next_position is not None
            further = replace(held, position=transition.next_position, failure=transition.error_code)
            self.holders[held.job_id] = further
            if held.pull in self.dead:
                self.stale.append(further)

    def check_verdict(self, ledger: Ledger, before: Any, after: Any, told: Sequence[Transition]) -> None:
        """Where the batch must stand after these transitions; see the table of states."""
        was, quiet = before["status"], not after["pending_jobs"] + after["running_jobs"]
        failed = after["failed_jobs"] - before["failed_jobs"]
        tripped = after["failed_jobs"] - ledger.failures_at_base > ledger.threshold * ledger.jobs_at_base
        done = after["total_jobs"] - after["pending_jobs"] - after["running_jobs"]
        ended = before["running_jobs"] > after["running_jobs"]
        status = was
        if was in ("processing", "paused") and any(transition.batch_lost for transition in told):
            ledger.given_up, status = True, "cancelling"
        elif was == "processing" and failed and tripped and ledger.action != "continue" and not quiet:
            ledger.given_up = ledger.action == "fail"
            status = "cancelling" if ledger.given_up else "paused"
        elif was == "processing" and ledger.first_n and done >= ledger.first_n and ended and not quiet:
            status = "paused"
        if quiet:
            return  # how it ended, or whether it waits to be summed up, holds at any time: see `check`
        assert after["status"] == status

    @rule(pick=PICK)
    def pause(self, pick: int) -> None:
        self.command(service.pause, pick, ("pending", "processing", "paused"))

    @rule(pick=PICK)
    def resume(self, pick: int) -> None:
        batch_id = self.some_batch(pick)
        before = self.world.batches()[batch_id]
        self.command(service.resume, pick, ("pending", "processing", "paused"), self.world.doorbell)
        if before["status"] == "paused":
            ledger = self.ledgers[batch_id]
            ledger.failures_at_base, ledger.first_n = before["failed_jobs"], None
            ledger.jobs_at_base = before["pending_jobs"] + before["running_jobs"]

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        allowed = ("pending", "processing", "paused", "cancelling", "cancelled")
        self.command(service.cancel, pick, allowed, self.world.doorbell)

    @rule(pick=PICK)
    def cancel_what_is_pending(self, pick: int) -> None:
        batch_id = self.some_batch(pick)
        self.world.transact(lambda session: service.cancel_pending_of(session, batch_id))

    @rule(pick=PICK)
    def sum_up(self, pick: int) -> None:
        self.world.close_batch(self.some_batch(pick))

    @precondition(lambda self: len(self.ledgers) < MOST_BATCHES)
    @rule(pick=PICK, code=st.sampled_from((None, None, *CODES, "WORKER_LOST", "ABSENT")))
    def retry_failed(self, pick: int, code: str | None) -> None:
        batch_id = self.some_batch(pick)
        failed = self.world.fetch(
            "select j.id, r.batch_id as again from jobs j left join jobs r on r.retry_of_job_id = j.id"
            " where j.batch_id = $1 and j.status = 'failed' and ($2::text is null or j.error_code = $2)",
            batch_id,
            code,
        )
        fresh = {row["id"] for row in failed if row["again"] is None}
        allowed = (*BATCH_TERMINAL, "paused")
        try:
            new = set(self.command(copies.retry_failed, pick, allowed, self.world.doorbell, last=(code,)))
        except copies.NothingToRetry:
            assert not failed
            return
        assert len(new) <= 1, "a second call makes no second batch"
        if new and not fresh:
            assert new <= {row["again"] for row in failed}
        for new_id in new if fresh else ():
            self.add_copy(batch_id, new_id, len(fresh))
            copied = self.world.fetch("select retry_of_job_id from jobs where batch_id = $1", new_id)
            assert {row[0] for row in copied} == fresh
            assert not self.world.fetch(WRONG_COPIES, new_id), "copies go on where the job failed"

    @precondition(lambda self: len(self.ledgers) < MOST_BATCHES)
    @rule(pick=PICK)
    def restart(self, pick: int) -> None:
        batch_id = self.some_batch(pick)
        for new_id in self.command(copies.restart, pick, BATCH_TERMINAL, self.world.doorbell, times=1):
            self.add_copy(batch_id, new_id, self.world.batches()[batch_id]["total_jobs"])

    def add_copy(self, batch_id: UUID, new_id: UUID, jobs: int) -> None:
        old, batch = self.ledgers[batch_id], self.world.batches()[new_id]
        assert (batch["status"], batch["pending_jobs"], batch["parent_batch_id"]) == ("pending", jobs, batch_id)
        self.ledgers[new_id] = Ledger(old.pipeline, old.action, old.threshold, jobs)

    def command(
        self, command: Any, pick: int, allowed: Sequence[str], *more: Any, last: Sequence[Any] = (), times: int = 2
    ) -> list[Any]:
        """Give a command twice, which must be as good as once; it must be refused unless the batch is `allowed`."""
        batch_id, answers = self.some_batch(pick), []
        for _ in range(times):
            status = self.world.batches()[batch_id]["status"]
            try:
                answers.append(
                    self.world.transact(lambda session: command(session, self.world.caller, *more, batch_id, *last))
                )
                assert status in allowed
            except service.InvalidTransition:
                assert status not in allowed
        return answers

    @invariant()
    def check(self) -> None:
        """What holds at any time, whatever has happened."""
        assert self.world.broken() == []
        ended = self.world.ended()
        assert ended.items() >= self.ended.items(), "what has ended does not change"
        self.ended = ended
        batches = self.world.batches()
        assert batches.keys() == self.ledgers.keys()
        for batch_id, batch in batches.items():
            if batch["status"] in BATCH_TERMINAL:
                assert batch["status"] == ends_as(batch, given_up=self.ledgers[batch_id].given_up)

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:  # else the drain would hide what failed
            self.drain()

    def drain(self) -> None:
        """Let everything come to rest: then every batch has ended."""
        for _ in range(100):
            self.reap()
            if held := self.held:
                self.write(held, [self.tell(each, "completed") for each in held])
            for place, (batch_id, batch) in enumerate(self.world.batches().items()):
                if batch["status"] == "paused":
                    (self.cancel if place % 3 == 2 else self.resume)(len(self.ledgers) - 1 - place)
                elif batch["status"] == "cancelling":
                    self.cancel_what_is_pending(len(self.ledgers) - 1 - place)
                self.world.close_batch(batch_id)
            self.claim_of(list(self.ledgers), 4, self.workers[0])
            self.check()
            if all(batch["status"] in BATCH_TERMINAL for batch in self.world.batches().values()):
                return
        raise AssertionError("a batch does not come to its end")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """The module's database, entered from a loop of its own."""
    world = World(database_url)
    yield world
    world.close()


def test_any_order_of_events_keeps_the_rows_true(world: World) -> None:
    """Sixty runs of up to forty steps, the same ones each time."""
    run_state_machine_as_test(
        lambda: Batches(world),
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        ),
    )
