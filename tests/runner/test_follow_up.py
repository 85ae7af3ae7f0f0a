"""What a commit leaves to do: without a database."""

from __future__ import annotations

from typing import Any

import pytest

from app.kit.ids import new_id
from app.runner.follow_up import FollowUp, follow_up
from app.runner.transitions import Outcome, Settled, Transition

pytestmark = pytest.mark.every_postgres

MINE, OTHER = new_id(), new_id()
CLOSE, CANCEL = FollowUp(to_close=[OTHER]), FollowUp(to_cancel=[OTHER])
BATCH: dict[str, Any] = {
    "needs_closing": False,
    "needs_cancelling": False,
    "pipeline_id": 1,
    "error_code": None,
    "is_suspect": False,
}
NOTHING, NOTIFY = FollowUp(), FollowUp(to_notify={OTHER: 0.0})
SUSPECTS = FollowUp(to_notify_of_suspects={OTHER: 0.0})


def transition(outcome: Outcome, **more: Any) -> Transition:
    return Transition(OTHER, new_id(), 1, 0, outcome, **more)


def settled(status: str, *, running: int = 0, pending: int = 0, most: int = 4, **more: Any) -> Settled:
    return Settled(status, running, pending, most, **(BATCH | more))


@pytest.mark.parametrize(
    ("outcome", "stands", "expected"),
    [
        pytest.param("completed", None, NOTHING, id="fenced"),
        pytest.param("next", settled("running", running=1, pending=9), NOTHING, id="goes-on"),
        pytest.param("completed", settled("completed"), NOTHING, id="nothing-left"),
        pytest.param("completed", settled("completed", needs_closing=True), CLOSE, id="to-be-summed-up"),
        pytest.param("progress", settled("running", needs_closing=True), NOTHING, id="not-closed-while-it-runs"),
        pytest.param("failed", settled("failed", pending=9, running=9, needs_cancelling=True), CANCEL, id="given-up"),
        pytest.param("lost", settled("pending", pending=1), NOTIFY, id="lost"),
        pytest.param("released", settled("pending", pending=1), NOTIFY, id="released"),
        pytest.param("lost", settled("pending", pending=1, is_suspect=True), SUSPECTS, id="lost-at-two-deaths"),
        pytest.param("lost", settled("failed"), NOTHING, id="lost-too-often"),
        pytest.param("completed", settled("completed", running=3, pending=1), NOTIFY, id="room-again"),
        pytest.param("completed", settled("completed", running=2, pending=1), NOTHING, id="had-room-before"),
        pytest.param("completed", settled("completed", running=4, pending=1), NOTHING, id="still-full"),
        pytest.param(
            "retry", settled("pending", running=1, pending=1), FollowUp(to_notify={OTHER: 5.0}), id="delayed-retry"
        ),
        pytest.param("retry", settled("pending", running=3, pending=1), NOTIFY, id="retry-makes-room"),
        pytest.param("retry", settled("cancelled", running=1, pending=1), NOTHING, id="retry-of-a-cancelled-batch"),
    ],
)
def test_one_transition(outcome: Outcome, stands: Settled | None, expected: FollowUp) -> None:
    assert follow_up([(transition(outcome, delay=5.0), stands)], live=()) == expected


@pytest.mark.parametrize(
    ("outcome", "status", "expected"),
    [("completed", "completed", NOTHING), ("retry", "pending", NOTHING), ("lost", "pending", NOTIFY)],
)
def test_a_batch_that_is_claimed_for_here_needs_a_notification_only_for_what_was_put_back(
    outcome: Outcome, status: str, expected: FollowUp
) -> None:
    stands = settled(status, running=3, pending=1)
    assert follow_up([(transition(outcome, delay=5.0), stands)], live={OTHER}) == expected


def test_room_is_counted_over_the_group() -> None:
    """Two of a full batch's four jobs ended in one commit: each sees two running, neither alone shows it was full."""
    stands = settled("completed", running=2, pending=1)
    group = [(transition("completed"), stands), (transition("completed"), stands)]
    assert follow_up(group, live={MINE}) == NOTIFY


def test_the_shortest_delay_counts() -> None:
    stands = settled("pending", running=1, pending=2, most=8)
    group = [(transition("retry", delay=delay), stands) for delay in (4.0, 2.0, 8.0)]
    assert follow_up(group, live=()) == FollowUp(to_notify={OTHER: 2.0})


def test_batches_are_kept_apart() -> None:
    mine = Transition(MINE, new_id(), 1, 0, "completed")
    group = [
        (mine, settled("completed", needs_closing=True)),
        (transition("failed"), settled("failed", pending=1, needs_cancelling=True)),
    ]
    assert follow_up(group, live=()) == FollowUp(to_close=[MINE], to_cancel=[OTHER])
