"""Waiting for turns: the order, cancellation at every moment, and nothing leaks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from app.kit.turns import NOBODY, Party, Queued, Turns


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_flood_lets_the_comer_go_first() -> None:
    turns, order = Turns(1, clock=lambda: 0.0), list[str]()
    gate = asyncio.Event()

    async def work(name: str, owner: Party) -> None:
        async with turns.slot(owner):
            order.append(name)
            await gate.wait()

    tasks = [asyncio.create_task(work(f"A{n}", Party("A", "flood"))) for n in range(50)]
    await settled()
    tasks += [asyncio.create_task(work("B", Party("B", "one")))]
    tasks += [asyncio.create_task(work("A other", Party("A", "other")))]
    await settled()
    assert order == ["A0"]
    assert turns.queue()[Party("B", "one")] == Queued(1, 0)
    assert turns.queue()[Party("A", "other")] == Queued(1, 0)
    assert turns.queue()[Party("A", "flood")] == Queued(49, 1)
    gate.set()
    await asyncio.gather(*tasks)
    assert order[:3] in (["A0", "B", "A other"], ["A0", "A other", "B"])
    assert turns.held == 0
    assert turns.queue() == {}


@given(
    st.integers(1, 3),
    st.integers(0, 2),
    st.lists(st.tuples(st.sampled_from(["start", "end", "cancel", "pass"]), st.integers(0, 7)), max_size=60),
)
def test_no_slot_is_lost_whoever_is_cancelled(slots: int, spare: int, moves: Sequence[tuple[str, int]]) -> None:
    async def run() -> None:
        turns = Turns(slots, spare=spare)
        tasks: list[tuple[asyncio.Task[None], asyncio.Event]] = []

        async def work(owner: Party, over: asyncio.Event) -> None:
            async with turns.slot(owner):
                assert turns.held <= slots + spare
                await over.wait()

        for move, number in moves:
            if move == "start":
                over = asyncio.Event()
                owner = Party("AB"[number % 2], number % 4)
                tasks.append((asyncio.create_task(work(owner, over)), over))
            elif move == "pass":
                await asyncio.sleep(0)
            elif tasks:
                task, over = tasks[number % len(tasks)]
                if move == "end":
                    over.set()
                else:
                    task.cancel()
        for _, over in tasks:
            over.set()
        await asyncio.gather(*(task for task, _ in tasks), return_exceptions=True)
        assert turns.held == 0
        assert turns.queue() == {}
        assert turns.room_of("A") == slots
        async with asyncio.timeout(1), turns.slot(Party("C", 0)):
            assert turns.held == 1

    asyncio.run(run())


async def test_one_that_is_given_a_slot_while_it_is_cancelled_hands_it_on() -> None:
    turns = Turns(1)
    held = await turns.wait(Party("A", 1))
    cancelled = asyncio.create_task(turns.wait(Party("A", 1)))
    behind = asyncio.create_task(turns.wait(Party("B", 1)))
    await settled()
    turns.give_back(held)  # one of the two has it now, and does not know yet
    cancelled.cancel()
    await settled()
    assert behind.done()
    turns.give_back(behind.result())
    assert turns.held == 0


async def test_a_slot_may_be_refused_instead_of_waited_for() -> None:
    turns = Turns(2, spare=1)
    taken = [turns.take(Party("A")), turns.take(Party("A"))]
    assert turns.take(Party("A")) is None
    spare = turns.take(Party("B"))
    assert spare
    assert turns.take(Party("B")) is None
    assert turns.take(Party("C")) is None
    for turn in taken:
        assert turn
        turns.give_back(turn)
    assert turns.take(Party("B"))


async def test_the_service_itself_takes_turns_too() -> None:
    turns = Turns(1)
    async with asyncio.timeout(1), turns.slot():
        assert turns.held == 1
        assert turns.take(NOBODY) is None
