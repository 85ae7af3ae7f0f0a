"""Batches under arbitrary sequences of commands, claims, results, crashes and late writes, against the real SQL.

The machine is workers and clients at once, without engine and runner in between, so that every order of commits can be
tried.

It can fail: that the fence in `settle.sql` is missing (any attempt may write) is found with every profile, that
`service.resume` does not re-base the failure count with those of CI and of the night.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from app.batches import copies, service
from app.batches.errors import InvalidJobTransition, InvalidTransition, NothingToRetry
from app.batches.states import BATCH_TERMINAL
from tests.batches.machine import CODES, ENDINGS, PICK, Workers
from tests.batches.world import PIPELINES, WRONG_COPIES, Ledger, World

MOST_BATCHES: Final = 6
WITH_A_DESK: Final = (service.start, copies.retry_failed, copies.restart)
OPTIONS = st.fixed_dictionaries(
    {
        "jobs": st.sampled_from((6, 5, 4, 3, 2, 1)),
        "pipeline": st.sampled_from(sorted(PIPELINES)),
        "execution_mode": st.sampled_from(("parallel", "parallel", "sequential")),
        "max_parallel": st.sampled_from((4, 3, 2, 1)),
        "first_n": st.sampled_from((None, None, None, 1, 2, 6)),
        "failure_policy": st.fixed_dictionaries(
            {
                "action": st.sampled_from(("pause", "pause", "continue", "fail")),
                "threshold": st.sampled_from((0.4, 0.5, 0.0, 1.0)),
            }
        ),
    }
)


class Batches(Workers):
    """The workers, and clients that submit and command."""

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

    def command(self, command: Callable[..., Any], batch_id: UUID, allowed: Sequence[str], *last: Any) -> list[Any]:
        """Give a command twice; it must be refused unless the batch is in one of the `allowed` statuses."""
        wanted = self.world.desk if command in WITH_A_DESK else self.world.notifier
        more = () if command is service.pause else (wanted,)
        answers = []
        for _ in range(1 if command is copies.restart else 2):
            status = self.batches[batch_id]["status"]
            try:
                answers.append(
                    self.world.transact(lambda session: command(session, self.world.caller, *more, batch_id, *last))
                )
                assert status in allowed
            except InvalidTransition:
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
                self.command(service.cancel, self.some(pick, "processing"), allowed)
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
            """with recursive chain as (
              select j.id as first, j.id, 0 as depth from jobs j
              where j.batch_id = $1 and j.status = 'failed' and ($2::text is null or j.error_code = $2)
              union all
              select c.first, r.id, c.depth + 1 from chain c join jobs r on r.retry_of_job_id = c.id
            )
            select distinct on (c.first) c.id, j.status = 'failed' and (j.batch_id = $1 or b.completed_at is not null)
              as fresh, j.batch_id as again
            from chain c join jobs j on j.id = c.id join batches b on b.id = j.batch_id
            order by c.first, c.depth desc""",
            batch_id,
            code,
        )
        fresh = {row["id"] for row in failed if row["fresh"]}
        try:
            found = set(self.command(copies.retry_failed, batch_id, (*BATCH_TERMINAL, "paused"), code))
        except NothingToRetry:
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

    @rule(pick=PICK, place=PICK, action=st.sampled_from(("retry", "cancel", "skip", "retry")))
    def act_on_a_job(self, pick: int, place: int, action: str) -> None:
        batch_id = self.some(pick, "processing", "paused")
        if self.batches[batch_id]["status"] in BATCH_TERMINAL:
            return
        jobs = self.world.fetch(
            "select id, status from jobs j where batch_id = $1"
            " and not exists (select from jobs r where r.retry_of_job_id = j.id)"
            " order by status = 'failed' desc, sequence",
            batch_id,
        )
        if not jobs:
            return
        job_id, was = jobs[place % len(jobs)]
        before, ledger = self.batches[batch_id]["status"], self.ledgers[batch_id]
        try:
            acted = self.world.act(job_id, action)
        except InvalidJobTransition:
            assert (action, was) not in {("cancel", "pending"), ("cancel", "running")}
            return
        finally:
            self.batches = self.world.batches()
        if not acted.changed:
            return
        assert before not in ("cancelling", "draft")
        self.ended.pop(job_id, None)
        batch = self.batches[batch_id]
        if was == "running":
            self.cancelling.add(job_id)
        elif action == "retry":
            self.cancelling.discard(job_id)
            ledger.jobs_at_base = min(batch["total_jobs"], ledger.jobs_at_base + 1)
        if was == "failed":
            ledger.failures_at_base = min(ledger.failures_at_base, batch["failed_jobs"])

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
            ledger = self.ledgers[batch_id]
            assert ledger.given_up == (batch["status_reason"] is not None)
            assert batch["status"] not in BATCH_TERMINAL or batch["status"] == ledger.ending(batch)

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:  # else the drain would hide what failed
            self.drain()
            for batch_id in list(self.batches):
                if self.batches[batch_id]["failed_jobs"]:
                    self.retry(batch_id, None)
            self.drain()

    def drain(self) -> None:
        """Let everything come to rest: then every batch has ended."""
        hows = cycle((*ENDINGS[:-1], "completed", "completed", *ENDINGS))
        for _ in range(200):
            self.check()
            if all(batch["status"] in BATCH_TERMINAL for batch in self.batches.values()):
                return
            if len(self.held) < len(self.holders):
                self.reap()
            while held := self.held:
                # What is being cancelled is given up as well, which must not change how it ends.
                ending = {each for each, batch in self.batches.items() if batch["status"] == "cancelling"}
                words = ["given_up" if each.batch_id in ending else next(hows) for each in held]
                self.write(held, [self.tell(each, word) for each, word in zip(held, words, strict=True)])
                if self.stale:
                    self.write_late(0, next(hows))
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
            stateful_step_count=40,
            deadline=None,
            report_multiple_bugs=False,
            phases=[Phase.generate],  # to shrink an example takes minutes: add Phase.shrink to look into one
            suppress_health_check=list(HealthCheck),
        ),
    )
