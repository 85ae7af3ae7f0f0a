"""How a process shares its slots among batches, and what a dispatch does after it asked: without a database."""

from __future__ import annotations

import pytest

from app.runner.claimer import NextMove, look_ahead, share_out


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


@pytest.mark.parametrize(
    ("slots", "takers", "shares"),
    [
        (8, 1, [8]),
        (8, 2, [4, 4]),
        (8, 3, [3, 3, 2]),
        (2, 3, [1, 1, 0]),
        (1, 1, [1]),
    ],
)
def test_slots_are_shared_evenly(slots: int, takers: int, shares: list[int]) -> None:
    assert share_out(slots, takers) == shares
