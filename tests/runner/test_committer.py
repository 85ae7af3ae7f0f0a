"""Which transitions are written together, and beside others."""

from __future__ import annotations

import asyncio
from uuid import UUID

from app.runner.committer import MAX_GROUP, WORTH_A_GROUP, Committer, Waiting
from app.runner.transitions import Transition


def advance(job: int, position: int = 0) -> Transition:
    return Transition(UUID(int=1), UUID(int=job), 1, position, "next", "completed", position + 1, "next")


def report(job: int) -> Transition:
    return Transition(UUID(int=1), UUID(int=job), 1, 0, "progress")


def of(group: list[Waiting]) -> list[tuple[int, str]]:
    return [(waiting.transition.job_id.int, waiting.transition.outcome) for waiting in group]


async def test_a_job_is_in_one_group_at_a_time_and_in_order() -> None:
    committer = Committer(asyncio.Event())
    committer.settle(advance(1))
    first = committer.take_group()
    committer.settle(advance(1, 1))
    for job in range(2, 2 + WORTH_A_GROUP):
        committer.settle(advance(job))
    second = committer.take_group()
    assert of(first) == [(1, "next")]
    assert of(second) == [(job, "next") for job in range(2, 2 + WORTH_A_GROUP)]
    committer.end_group(first)
    assert committer.take_group() == []  # alone it is not worth a group beside the other
    committer.end_group(second)
    assert [waiting.transition.position for waiting in committer.take_group()] == [1]


async def test_a_few_wait_for_the_group_that_is_written_and_many_wake_the_other_lane() -> None:
    wake = asyncio.Event()
    committer = Committer(wake)
    committer.settle(advance(1))
    assert wake.is_set()
    group = committer.take_group()
    wake.clear()
    for job in range(2, 1 + WORTH_A_GROUP):
        committer.settle(advance(job))
    assert (wake.is_set(), committer.take_group()) == (False, [])
    committer.settle(advance(1000))
    assert wake.is_set()
    assert len(committer.take_group()) == WORTH_A_GROUP
    wake.clear()
    committer.end_group(group)
    assert wake.is_set()


async def test_what_goes_well_is_written_apart_from_all_else_and_a_job_keeps_its_order() -> None:
    committer = Committer(asyncio.Event())
    for transition in (report(1), advance(1), advance(2), report(3), advance(3)):
        committer.settle(transition)
    groups = []
    while group := committer.take_group():
        groups.append(of(group))
        committer.end_group(group)
    assert groups == [[(1, "progress"), (3, "progress")], [(1, "next"), (2, "next"), (3, "next")]]


async def test_a_group_has_a_limit_and_what_is_put_back_is_first() -> None:
    committer = Committer(asyncio.Event())
    for job in range(MAX_GROUP + 1):
        committer.settle(advance(job))
    group = committer.take_group()
    assert len(group) == MAX_GROUP
    assert committer.busy
    committer.put_back(group)
    committer.end_group(group)
    assert of(committer.take_group())[0] == (0, "next")
