"""Meets made up by loaded dice: every row is found with every field, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from app.extractions.sheet import read_sheet
from tests.extractions.random_meets import RandomMeet

_MEETS = 48


@pytest.mark.parametrize("part", range(4))
def test_every_row_of_random_meets_and_no_other(tmp_path: Path, part: int) -> None:
    rows = 0
    for seed in range(part, _MEETS, 4):
        meet = RandomMeet(random.Random(seed))
        swims = read_sheet(meet.draw(tmp_path / "sheet.pdf")).swims
        drawn, found = Counter(map(repr, meet.truth)), Counter(map(repr, swims))
        assert (drawn - found, found - drawn) == (Counter(), Counter()), f"meet {seed}"
        rows += len(swims)
    assert rows > 500
