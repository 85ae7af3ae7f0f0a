"""What a dispatch does after it asked for jobs. How slots are shared is tested in tests/kit/test_shares.py."""

from __future__ import annotations

import pytest

from app.runner.claimer import NextMove, look_ahead


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
