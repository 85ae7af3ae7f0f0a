"""Batches under arbitrary sequences of commands, claims, results, crashes and late writes, against the real SQL.

The machine is workers and clients at once, without engine and runner in between, so that every order of commits can be
tried. It knows who holds which job, what each batch's policy counts from, and where a batch must stand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from app.batches import copies, service
from app.batches.states import BATCH_TERMINAL
from app.runner.committer import Settled, Transition
from tests.batches.machine import PIPELINES, WRONG_COPIES, Held, Ledger, World, step_ended

MOST_BATCHES: Final = 6
CODES: Final = ("NOT_WANTED", "UPSTREAM_4XX")
PICK = st.integers(0, 11)
ENDINGS = ("completed", "completed", "failed", "failed", "skipped", "retry", "released", "progress", "lost")
OPTIONS = st.fixed_dictionaries(
    {
        "jobs": st.sampled_from((4, 6, 5, 3, 2, 1)),
        "pipeline": st.sampled_from(sorted(PIPELINES)),
        "execution_mode": st.sampled_from(("parallel", "parallel", "sequential")),
        "max_parallel": st.sampled_from((4, 3, 2, 1)),
        "first_n": st.sampled_from((None, None, None, 1, 2, 6)),
        "failure_policy": st.fixed_dictionaries(
            {
                "action": st.sampled_from(("pause", "pause", "continue", "fail")),
                "threshold": st.sampled_from((0.5, 0.2, 0.0, 1.0)),
            }
        ),
    }
)


class Batches(RuleBasedStateMachine):
    """Clients, workers that may die, and dead workers that come back."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        world.reset()
        self.ledgers: dict[UUID, Ledger] = {}
        self.batches: dict[UUID, Any] = {}
        self.holders: dict[UUID, Held] = {}
        self.stale: list[Held] = []
        self.workers, self.dead, self.pulls = [1, 2, 3], set[int](), count(4)
        self.ended: dict[UUID, str] = {}

    @property
    def held(self) -> list[Held]:
        """What living workers hold."""
        return [held for held in self.holders.values() if held.pull not in self.dead]

    def some(self, pick: int, *statuses: str) -> UUID:
        """A batch, if possible one in these statuses."""
        fitting = [batch_id for batch_id, batch in self.batches.items() if batch["status"] in statuses]
        among = fitting or list(self.batches)
        return among[-1 - pick % len(among)]

    def has(self, *statuses: str) -> bool:
        """Whether a batch is in one of these statuses, and there is room for another one."""
        return len(self.batches) < MOST_BATCHES and any(row["status"] in statuses for row in self.batches.values())

    @initialize(options=OPTIONS)
    def first_batch(self, options: dict[str, Any]) -> None:
        self.submit(options)

    @precondition(lambda self: len(self.batches) < MOST_BATCHES / 2)
    @rule(options=OPTIONS)
    def submit(self, options: dict[str, Any]) -> None:
        policy = options["failure_policy"]
        batch_id = self.world.submit(**options)
        ledger = Ledger(options["pipeline"], policy["action"], policy["threshold"], options["jobs"])
        ledger.first_n = options["first_n"]
        self.ledgers[batch_id] = ledger

    @rule(pick=PICK, worker=st.integers(0, 2), wanted=st.sampled_from((4, 3, 2, 1)), alone=st.booleans())
    def claim(self, pick: int, worker: int, wanted: int, alone: bool) -> None:
        batch_ids = [self.some(pick, "pending", "processing")] if alone else list(self.batches)
        for held in self.world.claim(batch_ids, wanted, self.workers[worker]):
            assert self.batches[held.batch_id]["status"] in ("pending", "processing")
            assert held.job_id not in self.holders
            self.holders[held.job_id] = held

    def tell(self, held: Held, how: str, *, code: str = CODES[0], cached: bool = False) -> Transition:
        """What a worker says about the job it holds; `lost`: that the whole batch is."""
        if how in ("completed", "failed", "skipped", "lost"):
            pipeline, status = PIPELINES[self.ledgers[held.batch_id].pipeline], "failed" if how == "lost" else how
            return step_ended(held, pipeline, status, code=code, lost=how == "lost", cached=cached)
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
        dead = self.held[pick % len(self.held)].pull
        self.stale += [held for held in self.held if held.pull == dead]
        self.dead.add(dead)
        self.workers[self.workers.index(dead)] = next(self.pulls)
        if reaped:
            self.reap()

    @precondition(lambda self: len(self.held) < len(self.holders))
    @rule()
    def reap(self) -> None:
        """Put back what dead workers held, as the table shows it."""
        query = "select batch_id, id, attempt, step_position from jobs where status = 'running' and claimed_by = any($1)"
        lost = [Transition(*row, "lost") for row in self.world.fetch(query, self.dead)]
        assert {each.job_id for each in lost} == self.holders.keys() - {held.job_id for held in self.held}
        self.write([self.holders[each.job_id] for each in lost], lost)

    @precondition(lambda self: self.stale)
    @rule(pick=PICK, how=st.sampled_from(ENDINGS))
    def write_late(self, pick: int, how: str) -> None:
        """A worker that was thought dead, or one that repeats itself, writes under the rights it once had."""
        held = self.stale[-1 - pick % len(self.stale)]
        self.write([held], [self.tell(held, how)])

    def write(self, group: Sequence[Held], transitions: Sequence[Transition]) -> None:
        """Write transitions: those of rightful holders must count, no others, and the batches must go on as they say."""
        before = self.batches
        settled = self.world.write(transitions)
        for held, answer in zip(group, settled, strict=True):
            assert (answer is not None) == (self.holders.get(held.job_id) == held), "the fence"
        counted = [each for each in zip(group, transitions, settled, strict=True) if each[2]]
        self.batches = self.world.batches()
        for held, transition, answer in counted:
            self.follow(held, transition, answer, before[held.batch_id]["status"])
        for batch_id in {held.batch_id for held, _, _ in counted}:
            told = [transition for held, transition, _ in counted if held.batch_id == batch_id]
            after = self.batches[batch_id]
            status = self.ledgers[batch_id].judge(before[batch_id], after, told)
            assert after["status"] == status or not after["pending_jobs"] + after["running_jobs"]

    def follow(self, held: Held, transition: Transition, answer: Settled, batch_status: str) -> None:
        """Note who holds the job after a transition that counted."""
        outcome, put_back = transition.outcome, {"cancelling": "cancelled"}.get(batch_status, "pending")
        if outcome == "lost":
            assert answer.status in (put_back, "failed")
        elif outcome == "next":
            assert answer.status == (put_back if batch_status in ("cancelling", "paused") else "running")
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
            self.stale += [further] if held.pull in self.dead else []

    def command(self, command: Callable[..., Any], batch_id: UUID, allowed: Sequence[str], *last: Any) -> list[Any]:
        """Give a command twice; it must be refused unless the batch is in one of the `allowed` statuses."""
        more = () if command is service.pause else (self.world.doorbell,)
        answers = []
        for _ in range(1 if command is copies.restart else 2):
            status = self.batches[batch_id]["status"]
            try:
                answers.append(
                    self.world.transact(lambda session: command(session, self.world.caller, *more, batch_id, *last))
                )
                assert status in allowed
            except service.InvalidTransition:
                assert status not in allowed
            self.batches = self.world.batches()
        return answers

    @rule(pick=PICK, what=st.sampled_from(("resume", "pause", "resume", "cancel pending", "cancel", "sum up")))
    def steer(self, pick: int, what: str) -> None:
        match what:
            case "resume":
                self.resume(self.some(pick, "paused"))
            case "pause":
                allowed = ("pending", "processing", "paused")
                self.command(service.pause, self.some(pick, "processing"), allowed)
            case "cancel":
                allowed = ("pending", "processing", "paused", "cancelling", "cancelled")
                self.command(service.cancel, self.some(pick), allowed)
            case "cancel pending":
                batch_id = self.some(pick, "cancelling")
                self.world.transact(lambda session: service.cancel_pending_of(session, batch_id))
            case "sum up":
                self.sum_up()

    @precondition(lambda self: any(batch["status"] == "paused" for batch in self.batches.values()))
    @rule(pick=PICK)
    def resume_and_claim(self, pick: int) -> None:
        self.resume(self.some(pick, "paused"))
        self.claim(pick, 0, 4, False)

    def resume(self, batch_id: UUID) -> None:
        before, ledger = self.batches[batch_id], self.ledgers[batch_id]
        self.command(service.resume, batch_id, ("pending", "processing", "paused"))
        if before["status"] == "paused":
            ledger.failures_at_base, ledger.first_n = before["failed_jobs"], None
            ledger.jobs_at_base = before["pending_jobs"] + before["running_jobs"]

    def sum_up(self) -> None:
        for batch_id, batch in self.batches.items():
            if not batch["pending_jobs"] + batch["running_jobs"] and batch["needs_summary"]:
                self.world.close_batch(batch_id)

    @precondition(lambda self: self.has("paused", "partial", "failed"))
    @rule(pick=PICK, code=st.sampled_from((None, None, *CODES, "WORKER_LOST", "ABSENT")))
    def retry_failed(self, pick: int, code: str | None) -> None:
        with_failures = [each for each, batch in self.batches.items() if batch["failed_jobs"]]
        self.retry(with_failures[pick % len(with_failures)] if with_failures else self.some(pick), code)

    def retry(self, batch_id: UUID, code: str | None) -> None:
        failed = self.world.fetch(
            "select j.id, r.batch_id as again from jobs j left join jobs r on r.retry_of_job_id = j.id"
            " where j.batch_id = $1 and j.status = 'failed' and ($2::text is null or j.error_code = $2)",
            batch_id,
            code,
        )
        fresh = {row["id"] for row in failed if row["again"] is None}
        try:
            found = set(self.command(copies.retry_failed, batch_id, (*BATCH_TERMINAL, "paused"), code))
        except copies.NothingToRetry:
            assert not failed
            return
        assert len(found) < 2, "a second call makes no second batch"
        for new_id in found:
            if fresh:
                self.add_copy(batch_id, new_id, len(fresh))
                copied = self.world.fetch("select retry_of_job_id from jobs where batch_id = $1", new_id)
                assert {row[0] for row in copied} == fresh
                assert not self.world.fetch(WRONG_COPIES, new_id), "copies go on where their job failed"
            else:
                assert new_id in {row["again"] for row in failed}

    @precondition(lambda self: self.has(*BATCH_TERMINAL))
    @rule(pick=PICK)
    def restart(self, pick: int) -> None:
        batch_id = self.some(pick, *BATCH_TERMINAL)
        for new_id in self.command(copies.restart, batch_id, BATCH_TERMINAL):
            self.add_copy(batch_id, new_id, self.batches[batch_id]["total_jobs"])

    def add_copy(self, batch_id: UUID, new_id: UUID, jobs: int) -> None:
        old, new = self.ledgers[batch_id], self.batches[new_id]
        assert (new["status"], new["pending_jobs"], new["parent_batch_id"]) == ("pending", jobs, batch_id)
        self.ledgers[new_id] = Ledger(old.pipeline, old.action, old.threshold, jobs)

    @invariant()
    def check(self) -> None:
        """What holds at any time, whatever has happened."""
        assert self.world.broken() == []
        ended = self.world.ended()
        assert ended.items() >= self.ended.items(), "what has ended does not change"
        self.ended = ended
        self.batches = self.world.batches()
        assert self.batches.keys() == self.ledgers.keys()
        for batch_id, batch in self.batches.items():
            assert batch["status"] not in BATCH_TERMINAL or batch["status"] == self.ledgers[batch_id].ending(batch)

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:  # else the drain would hide what failed
            self.drain()
            for batch_id in list(self.batches):
                if self.batches[batch_id]["failed_jobs"]:
                    self.retry(batch_id, None)
            self.drain()

    def drain(self) -> None:
        """Let everything come to rest: then every batch has ended."""
        for _ in range(100):
            self.check()
            if all(batch["status"] in BATCH_TERMINAL for batch in self.batches.values()):
                return
            if len(self.held) < len(self.holders):
                self.reap()
            while held := self.held:
                self.write(held, [self.tell(each, "completed") for each in held])
            if any(batch["status"] == "paused" for batch in self.batches.values()):
                self.resume(self.some(0, "paused"))
            self.steer(0, "cancel pending")
            self.sum_up()
            self.claim(0, 0, 4, False)
        raise AssertionError("a batch does not come to its end")


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """The module's database, entered from a loop of its own."""
    world = World(database_url)
    yield world
    world.close()


def test_any_order_of_events_keeps_the_rows_true(world: World) -> None:
    run_state_machine_as_test(
        lambda: Batches(world),
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
