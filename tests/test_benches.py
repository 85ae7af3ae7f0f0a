"""Each bench of `script/bench` runs in its smallest size and finds figures, so that none rots."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from bench.__main__ import BENCHES, measures_of
from bench.measures import Extent, Measure, as_markdown, as_text, at_least, at_most, in_turns
from bench.profile import look

EXAMPLE = Measure(
    name="jobs.2000",
    work="2,000 jobs",
    unit="steps/s",
    ours=(50.0, 40.0, 90.0),
    limits={"the limit": (100.0, 100.0, 100.0)},
    peers={"a peer": (10.0, 10.0, 10.0)},
    goals=(at_least(0.5, "the limit"), at_most(45), at_least(2.3, "one that is not here")),
    absent=("one that is not here",),
)


@pytest.mark.own_service
@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_runs(name: str) -> None:
    found = list(measures_of(name)(Extent(rounds=1, small=True, peers=False)))
    assert len({measure.name for measure in found}) == len(found) > 0
    for measure in found:
        figures = [*measure.ours, *(value for values in measure.beside().values() for value in values)]
        assert measure.ours
        assert all(math.isfinite(value) and value >= 0 for value in figures), measure
    assert as_text(found)
    assert as_markdown(found)


def test_a_ratio_is_taken_round_by_round() -> None:
    assert EXAMPLE.ratio("the limit") == 0.5
    drifting = replace(EXAMPLE, ours=(1.0, 10.0, 100.0), limits={"the limit": (2.0, 40.0, 125.0)})
    assert drifting.ratio("the limit") == 0.5


def test_a_goal_beside_who_is_absent_is_not_judged() -> None:
    found = json.loads(EXAMPLE.as_json())
    assert [(goal["of"], goal["met"]) for goal in found["goals"]] == [("the limit", True), (None, False)]
    assert found["medians"] == {"ours": 50.0, "the limit": 100.0, "a peer": 10.0}
    assert "one that is not here: not here" in as_text([EXAMPLE])


def test_rounds_take_turns_at_being_the_first() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = in_turns(3, {"a": lambda: measure("a"), "b": lambda: measure("b")})
    assert "".join(order) == "abbaab"
    assert found == {"a": [1.0, 4.0, 5.0], "b": [2.0, 3.0, 6.0]}


@pytest.mark.own_service
def test_a_profile_tells_of_functions_and_statements(tmp_path: Path) -> None:
    look("posts", 0.5, tmp_path, spy=None)
    assert "/app/" in (tmp_path / "service.txt").read_text()
    assert "INSERT INTO batches" in (tmp_path / "statements.txt").read_text()
