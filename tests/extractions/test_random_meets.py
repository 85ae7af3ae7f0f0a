"""Meets made up by loaded dice: every row is found with every field, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from app.extractions.sheet import Swim, read_sheet
from tests.extractions.random_meets import RandomMeet, Truth

_MEETS = 48


@pytest.mark.parametrize("part", range(4))
def test_every_row_of_random_meets_and_no_other(tmp_path: Path, part: int) -> None:
    rows = 0
    for seed in range(part, _MEETS, 4):
        meet = RandomMeet(random.Random(seed))
        swims = read_sheet(meet.draw(tmp_path / "sheet.pdf")).swims
        expected, found = Counter(meet.truth), Counter(map(_truth, swims))
        assert (expected - found, found - expected) == (Counter(), Counter()), f"meet {seed}"
        rows += len(swims)
    assert rows > 500


def _truth(swim: Swim) -> Truth:
    values = {field.name: getattr(swim, field.name) for field in fields(Truth)}
    return Truth(**{**values, "splits": tuple(swim.splits)})
