"""What one attempt's result at a step does to the job: without a database."""

from __future__ import annotations

from typing import Any, Final

import pytest

from app.kit.ids import new_id
from app.pipelines.contract import Step, StepContext
from app.runner.decision import Progress, decide, next_position
from app.runner.step_results import Done, Failed, Result, Skipped
from app.runner.transitions import Transition


async def nothing(ctx: StepContext) -> None: ...


STEPS: Final = (
    Step("fetch", nothing, max_retries=2),
    Step("read", nothing),
    Step("tidy", nothing, skip_if_failed=False),
)
BROKEN: Final = Failed("TIMEOUT", "It took too long.", retryable=True)
WRONG: Final = Failed("NOT_WANTED", "The record says so.", retryable=False)
HOPELESS: Final = Failed("NO_ACCOUNT", "Nothing can succeed.", retryable=False, batch_given_up=True)
ASKED: Final = Failed("RATE_LIMIT", "Not so fast.", retryable=True, retry_after=30.0)
VALUE: Final = Done({"n": 1}, '{"n": 1}')


def at(position: int) -> Transition:
    return Transition(new_id(), new_id(), 3, position, "released")


def changes(transition: Transition, here: Transition) -> dict[str, Any]:
    """What differs from where the job was."""
    return {
        name: value for name, value, before in zip(Transition._fields, transition, here, strict=True) if value != before
    }


NEXT: Final = {"outcome": "next", "next_position": 1, "next_stage": "read"}
TIDY: Final = {"outcome": "next", "next_position": 2, "next_stage": "tidy"}
WRONG_SAID: Final = {"error_code": "NOT_WANTED", "error_message": "The record says so."}


@pytest.mark.parametrize(
    ("position", "result", "before", "expected"),
    [
        pytest.param(0, VALUE, Progress(), NEXT | {"step_status": "completed", "output": '{"n": 1}'}, id="goes-on"),
        pytest.param(0, Done(None, None), Progress(), NEXT | {"step_status": "completed"}, id="goes-on-without-output"),
        pytest.param(0, Skipped(), Progress(), NEXT | {"step_status": "skipped"}, id="skipped"),
        pytest.param(
            0,
            VALUE,
            Progress(cached=True),
            NEXT | {"step_status": "completed", "output": '{"n": 1}', "cached": True},
            id="cached",
        ),
        pytest.param(
            2,
            VALUE,
            Progress(message="Nearly there"),
            {
                "outcome": "completed",
                "step_status": "completed",
                "next_position": 3,
                "output": '{"n": 1}',
                "result": '{"n": 1}',
                "message": "Nearly there",
            },
            id="last-step",
        ),
        pytest.param(
            2,
            Skipped(),
            Progress(result='{"of": "an earlier step"}'),
            {
                "outcome": "completed",
                "step_status": "skipped",
                "next_position": 3,
                "result": '{"of": "an earlier step"}',
            },
            id="last-step-skipped",
        ),
        pytest.param(0, WRONG, Progress(), TIDY | WRONG_SAID | {"step_status": "failed"}, id="fails-to-cleanup"),
        pytest.param(
            2, WRONG, Progress(), WRONG_SAID | {"outcome": "failed", "step_status": "failed"}, id="fails-at-the-end"
        ),
        pytest.param(
            2,
            VALUE,
            Progress(failure=WRONG),
            WRONG_SAID | {"outcome": "failed", "step_status": "completed", "output": '{"n": 1}'},
            id="cleanup-ends-with-the-earlier-failure",
        ),
        pytest.param(
            2,
            Failed("UNEXPECTED_ERROR", "The cleanup failed as well.", retryable=False),
            Progress(failure=WRONG),
            WRONG_SAID | {"outcome": "failed", "step_status": "failed"},
            id="the-first-failure-counts",
        ),
        pytest.param(
            0,
            HOPELESS,
            Progress(),
            {
                "outcome": "failed",
                "step_status": "failed",
                "error_code": "NO_ACCOUNT",
                "error_message": "Nothing can succeed.",
                "batch_given_up": True,
            },
            id="gives-the-batch-up-without-cleanup",
        ),
    ],
)
def test_a_step_that_ends(position: int, result: Result, before: Progress, expected: dict[str, Any]) -> None:
    here = at(position)
    assert changes(decide(here, STEPS, result, before, retries=0), here) == expected


SKIP_TIDY: Final = {"skipped": [2], "output": '{"n": 1}', "step_status": "completed"}


@pytest.mark.parametrize(
    ("position", "result", "apply", "before", "expected"),
    [
        pytest.param(
            0,
            VALUE,
            {2},
            Progress(),
            TIDY | {"step_status": "completed", "output": '{"n": 1}', "skipped": [1]},
            id="one-in-the-middle",
        ),
        pytest.param(0, Skipped(), {2}, Progress(), TIDY | {"step_status": "skipped", "skipped": [1]}, id="the-first"),
        pytest.param(
            1,
            VALUE,
            set(),
            Progress(),
            SKIP_TIDY | {"outcome": "completed", "next_position": 3, "result": '{"n": 1}'},
            id="the-last",
        ),
        pytest.param(
            0,
            WRONG,
            set(),
            Progress(),
            TIDY | WRONG_SAID | {"outcome": "failed", "step_status": "failed", "skipped": [2]},
            id="cleanup-after-a-failure",
        ),
        pytest.param(
            0,
            HOPELESS,
            set(),
            Progress(),
            {
                "outcome": "failed",
                "step_status": "failed",
                "error_code": "NO_ACCOUNT",
                "error_message": "Nothing can succeed.",
                "batch_given_up": True,
            },
            id="nothing-is-looked-at-in-a-batch-given-up",
        ),
    ],
)
def test_steps_behind_that_do_not_apply_end_with_it(
    position: int, result: Result, apply: set[int], before: Progress, expected: dict[str, Any]
) -> None:
    here = at(position)
    transition = decide(here, STEPS, result, before, 0, apply.__contains__)
    assert changes(transition, here) == expected
    skipped = transition.skipped or []
    assert [before.statuses[STEPS[place].name] for place in skipped] == ["skipped"] * len(skipped)


def test_nothing_is_skipped_for_a_step_that_is_tried_again() -> None:
    here, progress = at(0), Progress()
    assert decide(here, STEPS, BROKEN, progress, 0, lambda _: False).skipped is None
    assert progress == Progress()


@pytest.mark.parametrize(
    ("failed", "retries", "shortest"), [(BROKEN, 0, 2.0), (BROKEN, 1, 4.0), (ASKED, 0, 30.0), (ASKED, 1, 30.0)]
)
def test_a_failure_that_may_pass_is_tried_again(failed: Failed, retries: int, shortest: float) -> None:
    here, progress = at(0), Progress()
    transition = decide(here, STEPS, failed, progress, retries)
    assert shortest <= transition.delay <= shortest * 1.2
    assert changes(transition, here) == {
        "outcome": "retry",
        "delay": transition.delay,
        "error_code": failed.code,
        "error_message": f"{failed.message} Tried again after {transition.delay:.1f} s.",
    }
    assert progress == Progress()  # the step has not ended


def test_a_failure_that_does_not_pass_is_final_after_the_last_retry() -> None:
    here, progress = at(0), Progress()
    transition = decide(here, STEPS, BROKEN, progress, retries=2)
    assert (transition.outcome, transition.step_status, transition.error_code) == ("next", "failed", "TIMEOUT")
    assert (progress.failure, progress.statuses) == (BROKEN, {"fetch": "failed"})


def test_progress_keeps_what_later_steps_may_look_at() -> None:
    progress = Progress()
    progress.record(STEPS[0], VALUE)
    progress.record(STEPS[1], Skipped())
    progress.record(STEPS[2], Done(None, None))
    assert progress.outputs == {"fetch": {"n": 1}}
    assert progress.statuses == {"fetch": "completed", "read": "skipped", "tidy": "completed"}
    assert (progress.result, progress.failure) == ('{"n": 1}', None)


@pytest.mark.parametrize(
    ("position", "failed", "following"),
    [(0, False, 1), (1, False, 2), (2, False, None), (0, True, 2), (1, True, 2), (2, True, None)],
)
def test_after_a_failure_only_cleanup_steps_follow(position: int, failed: bool, following: int | None) -> None:
    assert next_position(STEPS, position, failed=failed) == following
