"""What a dispatch does after it asked for jobs. How slots are shared is tested in tests/kit/test_shares.py."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from app.kit.turns import Turns
from app.runner.claimer import LONGEST_PAUSE, OFFERED_AGAIN, Claimer, Dispatch, NextMove, look_ahead
from app.runner.claims import ClaimedJob

pytestmark = pytest.mark.every_postgres


@pytest.mark.parametrize(
    ("asked", "got", "delay", "busy", "move"),
    [
        (4, 4, None, True, "ask_again"),
        (4, 4, None, False, "ask_again"),
        (4, 4, 2.0, True, "ask_again"),
        (4, 3, None, True, "wait"),
        (4, 0, None, True, "wait"),
        (4, 3, 2.0, True, "ask_later"),
        (4, 0, 2.0, True, "ask_later"),
        (4, 0, None, False, "end"),
        (4, 0, 2.0, False, "end"),
    ],
)
def test_what_a_dispatch_does_next(asked: int, got: int, delay: float | None, busy: bool, move: NextMove) -> None:
    assert look_ahead(asked, got, delay, busy=busy) == move


ORGANISATION, BATCH = UUID(int=1), UUID(int=2)


class AnsweredLater:
    """A connection whose answers to claims the test gives."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[list[dict[str, object]]] = asyncio.get_running_loop().create_future()

    async def fetch(self, *_: object) -> list[dict[str, object]]:
        return await self.answer


def a_job(number: int) -> dict[str, object]:
    values = dict.fromkeys((*ClaimedJob._fields, "seconds_to_next", "has_suspects"))
    return values | {"batch_id": BATCH, "job_id": UUID(int=100 + number), "dispatch_id": 7}


def make_claimer(slots: int, ran: list[UUID], until: asyncio.Event) -> Claimer:
    async def run(_: Dispatch, job: ClaimedJob) -> None:
        ran.append(job.job_id)
        await until.wait()

    return Claimer(UUID(int=9), Turns(slots), asyncio.Event(), run)


async def test_a_dispatch_that_is_drained_while_it_asks_runs_what_it_is_given() -> None:
    ran: list[UUID] = []
    until = asyncio.Event()
    claimer, connection = make_claimer(2, ran, until), AnsweredLater()
    dispatch = claimer.open(7, ORGANISATION, BATCH)
    assert dispatch
    claiming = asyncio.create_task(claimer.claim(connection))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    claimer.drain(dispatch)
    assert not dispatch.done.done()
    connection.answer.set_result([a_job(1), a_job(2)])
    await claiming
    until.set()
    await dispatch.done
    assert ran == [UUID(int=101), UUID(int=102)]


async def test_a_dispatch_that_is_drained_while_it_asks_ends_when_it_is_given_nothing() -> None:
    claimer, connection = make_claimer(2, [], asyncio.Event()), AnsweredLater()
    dispatch = claimer.open(7, ORGANISATION, BATCH)
    assert dispatch
    claiming = asyncio.create_task(claimer.claim(connection))  # type: ignore[arg-type]
    await asyncio.sleep(0)
    claimer.drain(dispatch)
    connection.answer.set_result([])
    await claiming
    assert dispatch.done.done()


async def test_a_batch_with_more_jobs_than_slots_is_offered_to_others_more_and_more_seldom() -> None:
    until = asyncio.Event()
    claimer, connection = make_claimer(2, [], until), AnsweredLater()
    claimer.open(7, ORGANISATION, BATCH)
    connection.answer.set_result([a_job(1), a_job(2)])
    await claimer.claim(connection)  # type: ignore[arg-type]
    assert (claimer.to_offer(), claimer.offer_again(BATCH)) == ([], None)  # nobody else is there
    claimer.has_others = lambda: True
    assert (claimer.to_offer(), claimer.to_offer()) == ([BATCH], [])
    pauses = [claimer.offer_again(BATCH) for _ in range(12)]
    assert pauses[:2] == [2 * OFFERED_AGAIN, 4 * OFFERED_AGAIN]
    assert pauses[-1] == LONGEST_PAUSE
    until.set()
    await asyncio.gather(*claimer.tasks())
    await asyncio.sleep(0)
    assert claimer.offer_again(BATCH) is None  # its slots are free again


async def test_a_batch_that_has_all_its_jobs_here_is_not_offered() -> None:
    until = asyncio.Event()
    claimer, connection = make_claimer(2, [], until), AnsweredLater()
    claimer.has_others = lambda: True
    claimer.open(7, ORGANISATION, BATCH)
    connection.answer.set_result([a_job(1)])
    await claimer.claim(connection)  # type: ignore[arg-type]
    assert (claimer.to_offer(), claimer.offer_again(BATCH)) == ([], None)
    until.set()
    await asyncio.gather(*claimer.tasks())
